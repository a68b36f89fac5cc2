/**
 * A scalar below 2^255 in signed digits of five bits: with 16 added in each place, each digit less 16 is what it was, made
 * signed, and no carry runs through them.
 */
import { COMB_ENTRIES, COMB_WIDTH, DIGIT_OFFSET } from 'curve/field'
import { add } from './element'
import { carryLimbs } from './element25519'
import { FACTOR } from './layout'

export function writeDigits(k: usize): void {
  add(FACTOR, k, DIGIT_OFFSET)
  carryLimbs(FACTOR, 0)
}

/** From -16 to 15. */
export function digit(i: i32): i32 {
  const bit = COMB_WIDTH * i
  const at = FACTOR + 4 * (bit / 29)
  const bits = ((load<u32>(at) as u64) | ((load<u32>(at, 4) as u64) << 29)) >> ((bit % 29) as u64)
  return ((bits as i32) & (2 * COMB_ENTRIES - 1)) - COMB_ENTRIES
}
