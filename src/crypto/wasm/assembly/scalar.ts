/**
 * Numbers modulo the order of a curve's group, in canonical limbs. There are only a few products of them in a signature,
 * so these are plain loops.
 */
import { LIMBS, ORDER, ORDER_INVERSE, ORDER_RADIX_SQUARED, PLAIN_ONE, ZERO } from 'curve/field'
import { canonical, copy, copyIf, MASK, subtract } from './element'
import { invert } from './inverse'
import { PRODUCT, DIGITS } from './layout'

/** o = a b / R mod n, R = 2^(29 LIMBS), for a b < n R: Montgomery's product, column by column. */
export function mulScalar(o: usize, a: usize, b: usize): void {
  let t: i64 = 0
  for (let k = 0; k < 2 * LIMBS; k++) {
    const first = max(0, k - LIMBS + 1), last = min(k, LIMBS - 1)
    for (let i = first; i <= last; i++)
      t += (load<i32>(a + 4 * i) as i64) * (load<i32>(b + 4 * (k - i)) as i64)
    for (let i = first; i <= min(k - 1, LIMBS - 1); i++)
      t += (load<i32>(DIGITS + 4 * i) as i64) * (load<i32>(ORDER + 4 * (k - i)) as i64)
    if (k < LIMBS) {
      const digit = (-(t as i32) * ORDER_INVERSE) & MASK
      store<i32>(DIGITS + 4 * k, digit)
      t += (digit as i64) * (load<i32>(ORDER) as i64)
    } else {
      store<i32>(PRODUCT + 4 * (k - LIMBS), (t as i32) & MASK)
    }
    t >>= 29
  }
  reduceOnce(o, PRODUCT, ORDER)
}

/** o = a mod m for a < 2m. */
export function reduceOnce(o: usize, a: usize, m: usize): void {
  const below = subtract(DIGITS, a, m)
  copy(o, a)
  copyIf(o, DIGITS, ~below)
}

/** o = a + b mod n. */
export function addScalar(o: usize, a: usize, b: usize): void {
  sum(a, b, 0)
  reduceOnce(o, PRODUCT, ORDER)
}

/** a = 2a + bit mod m, for a < m. */
export function doubleScalar(a: usize, bit: i32, m: usize): void {
  sum(a, a, bit)
  reduceOnce(a, PRODUCT, m)
}

/** a = a + 1, where that is still in range. */
export function increment(a: usize): void {
  sum(a, ZERO, 1)
  copy(a, PRODUCT)
}

/** PRODUCT = a + b + c, in limbs of 0 to 2^29-1. */
function sum(a: usize, b: usize, c: i32): void {
  for (let i: usize = 0; i < 4 * (LIMBS as usize); i += 4) {
    c += load<i32>(a + i) + load<i32>(b + i)
    store<i32>(PRODUCT + i, c & MASK)
    c >>= 29
  }
}

/** o = R / a mod n, so that a product with it is a quotient. a canonical. */
export function invertScalar(o: usize, a: usize): void {
  invert(o, a, ORDER, ORDER_INVERSE)
  intoRange(o)
  mulScalar(o, o, ORDER_RADIX_SQUARED)
}

/** o = a R mod n. */
export function scalarIntoForm(o: usize, a: usize): void {
  mulScalar(o, a, ORDER_RADIX_SQUARED)
}

/** o = a / R mod n. */
export function scalarOutOfForm(o: usize, a: usize): void {
  mulScalar(o, a, PLAIN_ONE)
}

/** Makes canonical a value between -2n and 2n whose limbs are. */
function intoRange(a: usize): void {
  // Adds n where negative, twice; the second time only what was below -n still is.
  canonical(a, ORDER)
  canonical(a, ORDER)
  reduceOnce(a, a, ORDER)
}
