/** Four elements of the field of 2^255-19 side by side, as build/print-four.ts lays them out and multiplies them. */
import { SLOT } from 'curve/field'
import { MASK } from './element'

/** Bytes of four elements. */
export const FOUR: usize = 160

// @ts-ignore: a decorator of AssemblyScript
@inline
export function exchange(p: v128): v128 {
  return v128.shuffle<i32>(p, p, 1, 0, 3, 2)
}

/** p0 + p1, p0 - p1, p2 + p3, p2 - p3, where q is p with its neighbours exchanged. */
// @ts-ignore: a decorator of AssemblyScript
@inline
export function sumsAndDifferences(p: v128, q: v128): v128 {
  return i16x8.add(q, i16x8.mul(p, v128.load(SIGNS)))
}

/** o = one of the four elements, in limbs of 29 bits. */
export function takeLane(o: usize, four: usize, lane: usize): void {
  memory.fill(o, 0, SLOT)
  let bits: i64 = 0, length: i64 = 0
  for (let k: usize = 0; k < 20; k++) {
    bits += (load<i16>(four + 16 * (k >> 1) + 4 * lane + 2 * (k & 1)) as i64) << length
    length += 13
    if (length < 29) continue
    store<i32>(o, (bits as i32) & MASK)
    o += 4
    bits >>= 29
    length -= 29
  }
  store<i32>(o, bits as i32)
}

/** 1, 1, -1, -1, … as 16-bit lanes. */
const SIGNS: usize = memory.data<i32>([0x10001, -1, 0x10001, -1], 16)
