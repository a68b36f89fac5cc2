/** Multiples of any point of edwards25519, by a table of its own, which is read whole. */
import { SLOT, WINDOW_ENTRIES, WINDOW_WIDTH, WINDOW_WINDOWS, select4 } from 'curve/field'
import { addCached, cache, doubleExtended } from './edwards'
import { digit, writeDigits } from './edwards-digits'
import { negateIf, setNumber, swapIf } from './element'
import { CHOSEN, POINT, WINDOW } from './layout'

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
