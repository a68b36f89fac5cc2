/**
 * An odd scalar as odd signed digits: the sum of digit(i) 2^(width i), each one of +-1, +-3, … +-(2^width - 1). Digit i is
 * the bits width i to width (i + 1), the lowest taken as 1, less 2^width; the top one is what bits remain, and positive.
 * No partial sum from the top is 0 modulo the order, so an accumulator that starts there never is the point at infinity.
 */
import { ORDER } from 'curve/field'
import { copyIf, subtract } from './element'
import { FACTOR } from './layout'

/** FACTOR = k where it is odd, and n - k where k is even, with -1 for a result: one of the two is odd, as n is. */
export function makeOdd(k: usize): i32 {
  const even = (load<i32>(k) & 1) - 1
  subtract(FACTOR, ORDER, k)
  copyIf(FACTOR, k, ~even)
  return even
}

/** Of FACTOR. */
export function digit(i: i32, width: i32): i32 {
  const bit = width * i
  const at = FACTOR + 4 * (bit / 29)
  const bits = ((load<u32>(at) as u64) | ((load<u32>(at, 4) as u64) << 29)) >> ((bit % 29) as u64)
  return (((bits as i32) & ((2 << width) - 1)) | 1) - (1 << width)
}

export function topDigit(i: i32, width: i32): i32 {
  return digit(i, width) + (1 << width)
}
