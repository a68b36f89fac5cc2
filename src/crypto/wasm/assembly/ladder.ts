/**
 * The Montgomery ladder of Curve25519 (RFC 7748 §5), with four products at a time, as build/print-four.ts makes them, in the
 * manner of Hisil, Egrice and Yassi, "Fast 4 way vectorized ladder for the complete set of Montgomery curves", 2020.
 *
 * Between steps stand (x2 : z2), a multiple of the point, and (x3 : z3), the next one or the one before it: x2 and x3 in
 * lanes 0 and 2 of XS, z2 and z3 in lanes 1 and 3 of ZS. Comments show the four lanes. Bounds are in units of 2^12, as the
 * products have them: x1 has 2, a product 1, a sum those of what it adds; a test runs the ladder on intervals.
 */
import { TURNED, TURNED_BYTES, mul2, mul4 } from 'curve/four'
import { FOUR, exchange, sumsAndDifferences, takeLane } from './four'

/** x / z = the coordinate of k P, for the 32 bytes at u that are P's. k is clamped; no branch or address depends on it. */
export function multiply(x: usize, z: usize, k: usize, u: usize): void {
  start(u)
  let last: i32 = 0
  for (let i = 254; i >= 0; i--) {
    const bit = -((load<u8>(k + (i >> 3)) >> (i & 7)) & 1) as i32
    step(last ^ bit)
    last = bit
  }
  // The lowest bit of k is 0, so what was doubled last is what was asked for.
  takeLane(x, XS, 0)
  takeLane(z, ZS, 1)
  memory.fill(WORK, 0, WORK_BYTES)
  memory.fill(TURNED, 0, TURNED_BYTES)
}

/** (x2 : z2) = (1 : 0), (x3 : z3) = (x1 : 1). */
export function start(u: usize): void {
  memory.fill(WORK, 0, WORK_BYTES)
  for (let i = 0; i < 10; i++) {
    const x1 = limb(u, 2 * i) | (limb(u, 2 * i + 1) << 16)
    store<i32>(XS + 16 * i, x1, 8)
    // Upper limbs in lane 2, lower ones in lane 3, as `mul2` takes them.
    store<i32>(X1 + (i < 5 ? 16 * i + 12 : 16 * (i - 5) + 8), x1)
  }
  store<i32>(XS, 1)
  store<i32>(ZS, 1, 12)
}

/** RFC 7748 §5: the top bit is ignored; numbers from 2^255-19 to 2^255-1 are taken. */
function limb(u: usize, k: i32): i32 {
  const bits = load<u32>(u + ((13 * k) >> 3)) >> ((13 * k) & 7)
  return (bits & (k < 19 ? 0x1fff : 0xff)) as i32
}

/** (x2 : z2) becomes its double, or that of (x3 : z3) where mask is -1; (x3 : z3) becomes the sum of both. */
export function step(mask: i32): void {
  const m = i32x4.splat(mask)
  for (let i: usize = 0; i < FOUR; i += 16) {
    const both = v128.shuffle<i32>(v128.load(XS + i), v128.load(ZS + i), 0, 5, 2, 7)
    // x2 + z2, x2 - z2, x3 + z3, x3 - z3: the first two are doubled, unless the points are exchanged.
    const s = sumsAndDifferences(both, exchange(both))
    const p = v128.bitselect(v128.shuffle<i64>(s, s, 1, 0), s, m)
    v128.store(LEFT + i, v128.shuffle<i32>(p, p, 0, 1, 3, 2))
    v128.store(RIGHT + i, v128.shuffle<i32>(p, p, 0, 1, 0, 1))
  }
  // AA, BB, DA, CB in the RFC's names.
  mul4(FIRST, LEFT, RIGHT)
  // 121665 = 15 * 2^13 - 1215.
  let a24 = i16x8(0, 0, -1215, 15, 0, 0, 0, 0)
  for (let i: usize = 0; i < FOUR; i += 16) {
    const p = v128.load(FIRST + i)
    const q = exchange(p)
    // AA + BB, E = AA - BB, DA + CB, DA - CB
    const s = sumsAndDifferences(p, q)
    v128.store(SUMS + i, s)
    v128.store(LEFT + i, v128.shuffle<i32>(v128.shuffle<i32>(p, s, 0, 1, 6, 7), a24, 0, 5, 2, 3))
    v128.store(RIGHT + i, v128.shuffle<i32>(q, s, 0, 5, 6, 7))
    a24 = i32x4(0, 0, 0, 0)
  }
  // x2 = AA BB, a24 E, x3 = (DA + CB)^2, (DA - CB)^2
  mul4(XS, LEFT, RIGHT)
  const lane1 = i32x4(0, -1, 0, 0)
  for (let i: usize = 0; i < FOUR; i += 16) {
    const p = i16x8.add(v128.load(XS + i), v128.and(exchange(v128.load(FIRST + i)), lane1))
    v128.store(RIGHT + i, v128.shuffle<i32>(p, p, 1, 1, 3, 3))
  }
  for (let i: usize = 0; i < FOUR / 2; i += 16) {
    const upper = v128.load(SUMS + FOUR / 2 + i)
    const e = v128.shuffle<i32>(v128.shuffle<i32>(upper, upper, 1, 1, 1, 1), v128.load(SUMS + i), 0, 5, 2, 3)
    v128.store(LEFT + i, v128.shuffle<i32>(e, v128.load(X1 + i), 0, 1, 6, 7))
  }
  // z2 = E (AA + a24 E), z3 = x1 (DA - CB)^2
  mul2(ZS, LEFT, RIGHT)
}

const WORK_BYTES: i32 = 6 * 160 + 80
const WORK: usize = memory.data(WORK_BYTES, 16)
const XS: usize = WORK
const ZS: usize = WORK + FOUR
const FIRST: usize = WORK + 2 * FOUR
const SUMS: usize = WORK + 3 * FOUR
const LEFT: usize = WORK + 4 * FOUR
const RIGHT: usize = WORK + 5 * FOUR
const X1: usize = WORK + 6 * FOUR
