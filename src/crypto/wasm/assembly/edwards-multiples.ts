/**
 * Multiples of points of edwards25519. A scalar below 2^255 is written in signed digits of five bits: with 16 added in each
 * place, each digit less 16 is what it was, made signed, and no carry runs through them. Tables are read whole.
 */
import {
  COMB, COMB_ENTRIES, COMB_WIDTH, COMB_WINDOWS, DIGIT_OFFSET, SLOT, WINDOW_ENTRIES, WINDOW_WIDTH, WINDOW_WINDOWS,
  select3, select4,
} from 'curve/field'
import { addCached, addPrepared, cache, doubleExtended } from './edwards'
import { add, negateIf, setNumber, swapIf } from './element'
import { carryLimbs } from './element25519'
import { CHOSEN, FACTOR, POINT, WINDOW } from './layout'

/** POINT = k B. */
export function mulBase(k: usize): void {
  writeDigits(k)
  startAtInfinity()
  for (let i = 0; i < COMB_WINDOWS; i++) {
    chooseBase(i, digit(i))
    addPrepared(POINT, POINT, CHOSEN)
  }
}

/** POINT = k P, for the P in POINT. */
export function mulPoint(k: usize): void {
  writeDigits(k)
  cache(WINDOW, POINT)
  for (let j = 1; j < WINDOW_ENTRIES; j++) {
    addCached(POINT, POINT, WINDOW)
    cache(WINDOW + 4 * SLOT * j, POINT)
  }
  startAtInfinity()
  for (let i = WINDOW_WINDOWS - 1; i >= 0; i--) {
    for (let j = 0; j < WINDOW_WIDTH; j++) doubleExtended(POINT, POINT)
    choose(digit(i))
    addCached(POINT, POINT, CHOSEN)
  }
}

function startAtInfinity(): void {
  setNumber(POINT, 0)
  setNumber(POINT + SLOT, 1)
  setNumber(POINT + 2 * SLOT, 1)
  setNumber(POINT + 3 * SLOT, 0)
}

function writeDigits(k: usize): void {
  add(FACTOR, k, DIGIT_OFFSET)
  carryLimbs(FACTOR, 0)
}

/** From -16 to 15. */
function digit(i: i32): i32 {
  const bit = COMB_WIDTH * i
  const at = FACTOR + 4 * (bit / 29)
  const bits = ((load<u32>(at) as u64) | ((load<u32>(at, 4) as u64) << 29)) >> ((bit % 29) as u64)
  return ((bits as i32) & (2 * COMB_ENTRIES - 1)) - COMB_ENTRIES
}

/** CHOSEN = digit 2^(COMB_WIDTH i) B; the point at infinity, (1, 1, 0), where the digit is 0. */
function chooseBase(i: i32, digit: i32): void {
  const negative = digit >> 31
  const size = (digit ^ negative) - negative
  select3(CHOSEN, COMB + 3 * SLOT * COMB_ENTRIES * i, COMB_ENTRIES, size - 1)
  const none = (size - 1) >>> 31
  store<i32>(CHOSEN, load<i32>(CHOSEN) + none)
  store<i32>(CHOSEN + SLOT, load<i32>(CHOSEN + SLOT) + none)
  swapIf(CHOSEN, CHOSEN + SLOT, negative)
  negateIf(CHOSEN + 2 * SLOT, negative)
}

/** CHOSEN = digit P of WINDOW, as addCached takes it; the point at infinity, (1, 1, 1, 0), where the digit is 0. */
function choose(digit: i32): void {
  const negative = digit >> 31
  const size = (digit ^ negative) - negative
  select4(CHOSEN, WINDOW, WINDOW_ENTRIES, size - 1)
  const none = (size - 1) >>> 31
  for (let i: usize = 0; i < 3 * SLOT; i += SLOT) store<i32>(CHOSEN + i, load<i32>(CHOSEN + i) + none)
  swapIf(CHOSEN, CHOSEN + SLOT, negative)
  negateIf(CHOSEN + 3 * SLOT, negative)
}
