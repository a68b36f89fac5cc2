/**
 * Most of a long Poly1305 in four lanes: lane j is the hash of the blocks j, j + 4, j + 8, …, which needs r^4 only, and the
 * lanes never meet here. poly1305.ts brings them together.
 *
 * Limbs as there, but of 32 bits until they are multiplied. What is multiplied is under 2^27.1, powers under 2^26.1, and five
 * times a power under 2^28.5: five products add up to less than 2^58.
 */
import { clear, zero } from './vector'

/** Out: of each lane five limbs of 64 bits. Secret. */
export const lanes: usize = memory.data(4 * 48, 16)
/** From one lane to the next. */
export const lane: i32 = 48
/** The limbs of r^4, and five times all but the first, four times each. */
const factors: usize = memory.data(9 * 16, 16)
// In memory, as V8 would make them anew at each use.
const limb: usize = memory.data<u32>([0x3ffffff, 0x3ffffff, 0x3ffffff, 0x3ffffff], 16)
const limb64: usize = memory.data<u64>([0x3ffffff, 0x3ffffff], 16)

/** Hashes `count` blocks, a multiple of four. `power` has nine numbers, those of r^4. */
export function hashLanes(from: usize, count: i32, power: usize): void {
  for (let i: usize = 0; i < 9; i++) v128.store(factors + 16 * i, v128.load_splat<u32>(power + 8 * i))
  const mask = v128.load(limb), mask64 = v128.load(limb64)
  let h0 = zero, h1 = zero, h2 = zero, h3 = zero, h4 = zero
  for (const end = from + (count << 4); from < end; from += 64) {
    // Words of four blocks, from four blocks: a 4 by 4 matrix is transposed.
    const a = v128.load(from), b = v128.load(from, 16), c = v128.load(from, 32), d = v128.load(from, 48)
    const lowAb = v128.shuffle<i32>(a, b, 0, 4, 1, 5), lowCd = v128.shuffle<i32>(c, d, 0, 4, 1, 5)
    const highAb = v128.shuffle<i32>(a, b, 2, 6, 3, 7), highCd = v128.shuffle<i32>(c, d, 2, 6, 3, 7)
    const w0 = v128.shuffle<i64>(lowAb, lowCd, 0, 2), w1 = v128.shuffle<i64>(lowAb, lowCd, 1, 3)
    const w2 = v128.shuffle<i64>(highAb, highCd, 0, 2), w3 = v128.shuffle<i64>(highAb, highCd, 1, 3)
    h0 = i32x4.add(h0, v128.and(w0, mask))
    h1 = i32x4.add(h1, v128.and(join(w0, w1, 26), mask))
    h2 = i32x4.add(h2, v128.and(join(w1, w2, 20), mask))
    h3 = i32x4.add(h3, v128.and(join(w2, w3, 14), mask))
    // A one goes above the sixteen bytes.
    h4 = i32x4.add(h4, v128.or(i32x4.shr_u(w3, 8), i32x4.splat(1 << 24)))

    // Of each column of the product the first two lanes, and the other two.
    let a0 = sum(low(h0, one(0)), low(h1, five(4)), low(h2, five(3)), low(h3, five(2)), low(h4, five(1)))
    let b0 = sum(high(h0, one(0)), high(h1, five(4)), high(h2, five(3)), high(h3, five(2)), high(h4, five(1)))
    let a1 = sum(low(h0, one(1)), low(h1, one(0)), low(h2, five(4)), low(h3, five(3)), low(h4, five(2)))
    let b1 = sum(high(h0, one(1)), high(h1, one(0)), high(h2, five(4)), high(h3, five(3)), high(h4, five(2)))
    let a2 = sum(low(h0, one(2)), low(h1, one(1)), low(h2, one(0)), low(h3, five(4)), low(h4, five(3)))
    let b2 = sum(high(h0, one(2)), high(h1, one(1)), high(h2, one(0)), high(h3, five(4)), high(h4, five(3)))
    let a3 = sum(low(h0, one(3)), low(h1, one(2)), low(h2, one(1)), low(h3, one(0)), low(h4, five(4)))
    let b3 = sum(high(h0, one(3)), high(h1, one(2)), high(h2, one(1)), high(h3, one(0)), high(h4, five(4)))
    let a4 = sum(low(h0, one(4)), low(h1, one(3)), low(h2, one(2)), low(h3, one(1)), low(h4, one(0)))
    let b4 = sum(high(h0, one(4)), high(h1, one(3)), high(h2, one(2)), high(h3, one(1)), high(h4, one(0)))

    // Two chains of carries side by side: 0, 1, 2, 3, 4 and 3, 4, 0, 1.
    a1 = i64x2.add(a1, over(a0)); b1 = i64x2.add(b1, over(b0))
    a4 = i64x2.add(a4, over(a3)); b4 = i64x2.add(b4, over(b3))
    a2 = i64x2.add(a2, over(a1)); b2 = i64x2.add(b2, over(b1))
    a0 = i64x2.add(v128.and(a0, mask64), fiveTimes(over(a4))); b0 = i64x2.add(v128.and(b0, mask64), fiveTimes(over(b4)))
    a3 = i64x2.add(v128.and(a3, mask64), over(a2)); b3 = i64x2.add(v128.and(b3, mask64), over(b2))
    h0 = v128.and(narrow(a0, b0), mask)
    h1 = i32x4.add(v128.and(narrow(a1, b1), mask), narrow(over(a0), over(b0)))
    h2 = v128.and(narrow(a2, b2), mask)
    h3 = v128.and(narrow(a3, b3), mask)
    h4 = i32x4.add(v128.and(narrow(a4, b4), mask), narrow(over(a3), over(b3)))
  }
  storeLimb(0, h0)
  storeLimb(1, h1)
  storeLimb(2, h2)
  storeLimb(3, h3)
  storeLimb(4, h4)
  clear(factors, 9 * 16)
}

@inline function join(w: v128, next: v128, from: i32): v128 {
  return v128.or(i32x4.shr_u(w, from), i32x4.shl(next, 32 - from))
}

@inline function one(i: usize): v128 {
  return v128.load(factors + 16 * i)
}

@inline function five(i: usize): v128 {
  return v128.load(factors + 16 * (4 + i))
}

@inline function low(a: v128, b: v128): v128 {
  return i64x2.extmul_low_i32x4_u(a, b)
}

@inline function high(a: v128, b: v128): v128 {
  return i64x2.extmul_high_i32x4_u(a, b)
}

@inline function sum(a: v128, b: v128, c: v128, d: v128, e: v128): v128 {
  return i64x2.add(i64x2.add(i64x2.add(a, b), i64x2.add(c, d)), e)
}

@inline function over(a: v128): v128 {
  return i64x2.shr_u(a, 26)
}

@inline function fiveTimes(a: v128): v128 {
  return i64x2.add(a, i64x2.shl(a, 2))
}

@inline function narrow(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(a, b, 0, 2, 4, 6)
}

@inline function storeLimb(i: usize, h: v128): void {
  store<u64>(lanes + 8 * i, <u32>i32x4.extract_lane(h, 0))
  store<u64>(lanes + 8 * i, <u32>i32x4.extract_lane(h, 1), lane)
  store<u64>(lanes + 8 * i, <u32>i32x4.extract_lane(h, 2), 2 * lane)
  store<u64>(lanes + 8 * i, <u32>i32x4.extract_lane(h, 3), 3 * lane)
}
