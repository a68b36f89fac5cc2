/**
 * X25519 (RFC 7748 §5, §6.1). Numbers are 32 little-endian bytes.
 *
 * No branch and no address depends on a scalar: the ladder swaps by masks, tables are read whole.
 */
import {
  BASE_X, BASE_Y, BYTES, COMB_ENTRIES, COMB_WIDTH, COMB_WINDOWS, DIGIT_OFFSET, LIMBS, MODULUS, MODULUS_INVERSE, SLOT,
  TWICE_D, mul, select3,
} from 'curve/field'
import { addPrepared, cache, addCached, doubleExtended, ladderStep } from './edwards'
import { add, carry, copy, copyIf, fromBytes, isZero, MASK, negateIf, setNumber, sub, subtract, swapIf, toBytes } from './element'
import { invert, wipeInverse } from './inverse'
import { CHOSEN, COMB, E, FACTOR, N, OTHER, POINT, SCALAR, T, WINDOW, X, wipeWork } from './layout'

export { SCALAR as scalar, X as x } from './layout'

/** x = the shared secret of `scalar` and the peer's x: a secret, which the caller wipes. 0 where it is all zeros, else 1. */
export function sharedSecret(): i32 {
  const x1 = E, p2 = POINT, p3 = OTHER
  clamp(SCALAR)
  fromBytes(x1, X, BYTES)
  // RFC 7748 §5: the top bit is ignored; numbers from 2^255-19 to 2^255-1 are taken.
  store<i32>(x1 + TOP, load<i32>(x1 + TOP) & TOP_MASK)
  setNumber(p2, 1)
  setNumber(p2 + SLOT, 0)
  copy(p3, x1)
  setNumber(p3 + SLOT, 1)
  let swapped: i32 = 0
  for (let i = 254; i >= 0; i--) {
    const bit = -((load<u8>(SCALAR + (i >> 3)) >> (i & 7)) & 1) as i32
    swapPoints(p2, p3, swapped ^ bit)
    swapped = bit
    ladderStep(x1, p2, p3)
  }
  swapPoints(p2, p3, swapped)
  divide(E, p2, p2 + SLOT)
  toBytes(X, E, BYTES)
  const zero = isZero(E)
  done()
  return zero + 1
}

/** x = the public key of `scalar`, by the Edwards curve: u = (1 + y) / (1 - y), and 9 belongs to its base point. */
export function publicKey(): i32 {
  clamp(SCALAR)
  fromBytes(N, SCALAR, BYTES)
  mulBase(N)
  const y = POINT + SLOT, z = POINT + 2 * SLOT
  add(E, z, y)
  sub(E + SLOT, z, y)
  divide(E, E, E + SLOT)
  toBytes(X, E, BYTES)
  return done()
}

/**
 * Makes the table for the base point: entry j of window i is (j + 1) 2^(COMB_WIDTH i) B as (y + x, y - x, 2dxy). Once for an
 * instance.
 */
export function init(): void {
  const entry = OTHER
  carry(POINT, BASE_X)
  carry(POINT + SLOT, BASE_Y)
  setNumber(POINT + 2 * SLOT, 1)
  mul(POINT + 3 * SLOT, BASE_X, BASE_Y)
  for (let i = 0; i < COMB_WINDOWS; i++) {
    memory.copy(entry, POINT, 4 * SLOT)
    cache(CHOSEN, POINT)
    for (let j = 0; j < COMB_ENTRIES; j++) {
      prepare(COMB + 3 * SLOT * (COMB_ENTRIES * i + j), entry)
      addCached(entry, entry, CHOSEN)
    }
    for (let j = 0; j < COMB_WIDTH; j++) doubleExtended(POINT, POINT)
  }
  done()
}

function prepare(o: usize, p: usize): void {
  const x = E, y = E + SLOT
  divide(x, p, p + 2 * SLOT)
  divide(y, p + SLOT, p + 2 * SLOT)
  add(o, y, x)
  sub(o + SLOT, y, x)
  mul(o + 2 * SLOT, x, y)
  mul(o + 2 * SLOT, o + 2 * SLOT, TWICE_D)
}

/**
 * POINT = k B for k < 2^255. With 16 added in each digit of 5 bits, each digit less 16 is what it was, made signed, and no
 * carry runs through them.
 */
function mulBase(k: usize): void {
  sumWithCarries(FACTOR, k, DIGIT_OFFSET)
  setNumber(POINT, 0)
  setNumber(POINT + SLOT, 1)
  setNumber(POINT + 2 * SLOT, 1)
  setNumber(POINT + 3 * SLOT, 0)
  for (let i = 0; i < COMB_WINDOWS; i++) {
    const bit = COMB_WIDTH * i
    const at = FACTOR + 4 * (bit / 29)
    const bits = ((load<u32>(at) as u64) | ((load<u32>(at, 4) as u64) << 29)) >> ((bit % 29) as u64)
    const digit = ((bits as i32) & (2 * COMB_ENTRIES - 1)) - COMB_ENTRIES
    choose(i, digit)
    addPrepared(POINT, POINT, CHOSEN)
  }
}

/** CHOSEN = digit 2^(COMB_WIDTH i) B; the point at infinity, (1, 1, 0), where the digit is 0. */
function choose(i: i32, digit: i32): void {
  const negative = digit >> 31
  const size = (digit ^ negative) - negative
  select3(CHOSEN, COMB + 3 * SLOT * COMB_ENTRIES * i, COMB_ENTRIES, size - 1)
  const none = (size - 1) >>> 31
  store<i32>(CHOSEN, load<i32>(CHOSEN) + none)
  store<i32>(CHOSEN + SLOT, load<i32>(CHOSEN + SLOT) + none)
  swapIf(CHOSEN, CHOSEN + SLOT, negative)
  negateIf(CHOSEN + 2 * SLOT, negative)
}

/** RFC 7748 §5, decodeScalar25519. */
function clamp(k: usize): void {
  store<u8>(k, load<u8>(k) & 248)
  store<u8>(k + 31, (load<u8>(k + 31) & 127) | 64)
}

function swapPoints(p: usize, q: usize, mask: i32): void {
  swapIf(p, q, mask)
  swapIf(p + SLOT, q + SLOT, mask)
}

/** o = a / b, canonical; 0 where b is 0. */
function divide(o: usize, a: usize, b: usize): void {
  const inverse = T
  freeze(inverse, b)
  invert(inverse, inverse, MODULUS, MODULUS_INVERSE)
  mul(o, a, inverse)
  freeze(o, o)
}

/** o = a modulo 2^255-19, canonical, whatever a's limbs are. */
function freeze(o: usize, a: usize): void {
  copy(o, a)
  foldTop(o)
  foldTop(o)
  const below = subtract(T + SLOT, o, MODULUS)
  copyIf(o, T + SLOT, ~below)
}

/** Carries through, and turns what stands at 2^255 and above into 19 times as much at 1. Twice leaves less than 2^255. */
function foldTop(a: usize): void {
  carryLimbs(a, 0)
  const top = load<i32>(a + TOP)
  store<i32>(a + TOP, top & TOP_MASK)
  carryLimbs(a, 19 * (top >> 23))
}

function carryLimbs(a: usize, c: i32): void {
  for (let i: usize = 0; i < TOP; i += 4) {
    c += load<i32>(a + i)
    store<i32>(a + i, c & MASK)
    c >>= 29
  }
  store<i32>(a + TOP, load<i32>(a + TOP) + c)
}

function sumWithCarries(o: usize, a: usize, b: usize): void {
  add(o, a, b)
  carryLimbs(o, 0)
}

function done(): i32 {
  wipeWork()
  wipeInverse()
  return 1
}

const TOP: usize = 4 * (LIMBS - 1)
const TOP_MASK: i32 = (1 << 23) - 1
