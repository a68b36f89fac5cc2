/** Elements of the field of 2^255-19: down to the one value from 0 to 2^255-20, and quotients. */
import { LIMBS, MODULUS, MODULUS_INVERSE, SLOT, mul } from 'curve/field'
import { MASK, copy, copyIf, subtract } from './element'
import { invert } from './inverse'
import { T } from './layout'

/** o = a / b, canonical; 0 where b is 0. */
export function divide(o: usize, a: usize, b: usize): void {
  const inverse = T
  reciprocal(inverse, b)
  mul(o, a, inverse)
  freeze(o, o)
}

/** o = 1 / a, fit for a product; 0 where a is 0. */
export function reciprocal(o: usize, a: usize): void {
  freeze(o, a)
  invert(o, o, MODULUS, MODULUS_INVERSE)
}

/** o = a modulo 2^255-19, canonical, whatever a's limbs are. */
export function freeze(o: usize, a: usize): void {
  copy(o, a)
  foldTop(o)
  foldTop(o)
  const below = subtract(T + SLOT, o, MODULUS)
  copyIf(o, T + SLOT, ~below)
}

/** A number of 256 bits without its highest one. */
export function ignoreTopBit(a: usize): void {
  store<i32>(a + TOP, load<i32>(a + TOP) & TOP_MASK)
}

/** Carries through, and turns what stands at 2^255 and above into 19 times as much at 1. Twice leaves less than 2^255. */
function foldTop(a: usize): void {
  carryLimbs(a, 0)
  const top = load<i32>(a + TOP)
  store<i32>(a + TOP, top & TOP_MASK)
  carryLimbs(a, 19 * (top >> 23))
}

export function carryLimbs(a: usize, c: i32): void {
  for (let i: usize = 0; i < TOP; i += 4) {
    c += load<i32>(a + i)
    store<i32>(a + i, c & MASK)
    c >>= 29
  }
  store<i32>(a + TOP, load<i32>(a + TOP) + c)
}

const TOP: usize = 4 * (LIMBS - 1)
const TOP_MASK: i32 = (1 << 23) - 1
