/**
 * SHA-3 and SHAKE (FIPS 202): what stands in memory is taken in at once, and read from the state block by block. There are two
 * states, which are permuted together in the two halves of vectors: that takes little longer than one alone.
 */
import { xor } from './vector'

/** 25 lanes of 64 bits each; the output stands at their beginning, up to the rate. */
export const state: usize = memory.data(200, 16)
export const other: usize = memory.data(200, 16)

/** Rates in bytes, and what follows the message: two bits that name the kind, and the first of the padding. */
export const SHAKE128: i32 = 168
export const SHAKE256: i32 = 136
export const SHA3_256: i32 = 136
export const SHA3_512: i32 = 72
export const HASH: u8 = 0x06
export const EXTENDABLE: u8 = 0x1f

/** The state after `length` bytes and their padding: the first block of output stands in it. `permute` makes the next. */
export function absorb(rate: i32, suffix: u8, from: usize, length: i32): void {
  memory.fill(state, 0, 200)
  for (; length >= rate; length -= rate, from += rate) {
    xorInto(state, from, rate)
    permute()
  }
  finish(state, rate, suffix, from, length)
  permute()
}

/** One of the two states, with a message of less than a block and its padding; `permute` then makes output of both. */
export function prepare(at: usize, rate: i32, suffix: u8, from: usize, length: i32): void {
  memory.fill(at, 0, 200)
  finish(at, rate, suffix, from, length)
}

function finish(at: usize, rate: i32, suffix: u8, from: usize, length: i32): void {
  xorInto(at, from, length)
  store<u8>(at + length, load<u8>(at + length) ^ suffix)
  store<u8>(at + rate - 1, load<u8>(at + rate - 1) ^ 0x80)
}

function xorInto(at: usize, from: usize, length: i32): void {
  let i = 0
  for (; i + 8 <= length; i += 8) store<u64>(at + i, load<u64>(at + i) ^ load<u64>(from + i))
  for (; i < length; i++) store<u8>(at + i, load<u8>(at + i) ^ load<u8>(from + i))
}

/** Keccak-f[1600], FIPS 202 §3.3, of both states at once, with the lanes in locals: lane (x, y) is a[x + 5y]. */
export function permute(): void {
  let a0 = both(0), a1 = both(8), a2 = both(16), a3 = both(24), a4 = both(32)
  let a5 = both(40), a6 = both(48), a7 = both(56), a8 = both(64), a9 = both(72)
  let a10 = both(80), a11 = both(88), a12 = both(96), a13 = both(104), a14 = both(112)
  let a15 = both(120), a16 = both(128), a17 = both(136), a18 = both(144), a19 = both(152)
  let a20 = both(160), a21 = both(168), a22 = both(176), a23 = both(184), a24 = both(192)
  for (let round: usize = 0; round < 24; round++) {
    // Theta: each lane takes the parities of two columns beside it.
    const c0 = xor(xor(xor(xor(a0, a5), a10), a15), a20)
    const c1 = xor(xor(xor(xor(a1, a6), a11), a16), a21)
    const c2 = xor(xor(xor(xor(a2, a7), a12), a17), a22)
    const c3 = xor(xor(xor(xor(a3, a8), a13), a18), a23)
    const c4 = xor(xor(xor(xor(a4, a9), a14), a19), a24)
    const d0 = xor(c4, turn(c1, 1))
    const d1 = xor(c0, turn(c2, 1))
    const d2 = xor(c1, turn(c3, 1))
    const d3 = xor(c2, turn(c4, 1))
    const d4 = xor(c3, turn(c0, 1))
    // Rho turns each lane, pi moves it: row y of b takes (x, y') with x + 3y' = its column; then chi mixes that row.
    const b0 = xor(a0, d0)
    const b1 = turn(xor(a6, d1), 44)
    const b2 = turn(xor(a12, d2), 43)
    const b3 = turn(xor(a18, d3), 21)
    const b4 = turn(xor(a24, d4), 14)
    const b5 = turn(xor(a3, d3), 28)
    const b6 = turn(xor(a9, d4), 20)
    const b7 = turn(xor(a10, d0), 3)
    const b8 = turn(xor(a16, d1), 45)
    const b9 = turn(xor(a22, d2), 61)
    const b10 = turn(xor(a1, d1), 1)
    const b11 = turn(xor(a7, d2), 6)
    const b12 = turn(xor(a13, d3), 25)
    const b13 = turn(xor(a19, d4), 8)
    const b14 = turn(xor(a20, d0), 18)
    const b15 = turn(xor(a4, d4), 27)
    const b16 = turn(xor(a5, d0), 36)
    const b17 = turn(xor(a11, d1), 10)
    const b18 = turn(xor(a17, d2), 15)
    const b19 = turn(xor(a23, d3), 56)
    const b20 = turn(xor(a2, d2), 62)
    const b21 = turn(xor(a8, d3), 55)
    const b22 = turn(xor(a14, d4), 39)
    const b23 = turn(xor(a15, d0), 41)
    const b24 = turn(xor(a21, d1), 2)
    // Chi, and iota's constant in lane 0.
    a0 = xor(mix(b0, b1, b2), v128.load64_splat(roundConstants + 8 * round))
    a1 = mix(b1, b2, b3)
    a2 = mix(b2, b3, b4)
    a3 = mix(b3, b4, b0)
    a4 = mix(b4, b0, b1)
    a5 = mix(b5, b6, b7)
    a6 = mix(b6, b7, b8)
    a7 = mix(b7, b8, b9)
    a8 = mix(b8, b9, b5)
    a9 = mix(b9, b5, b6)
    a10 = mix(b10, b11, b12)
    a11 = mix(b11, b12, b13)
    a12 = mix(b12, b13, b14)
    a13 = mix(b13, b14, b10)
    a14 = mix(b14, b10, b11)
    a15 = mix(b15, b16, b17)
    a16 = mix(b16, b17, b18)
    a17 = mix(b17, b18, b19)
    a18 = mix(b18, b19, b15)
    a19 = mix(b19, b15, b16)
    a20 = mix(b20, b21, b22)
    a21 = mix(b21, b22, b23)
    a22 = mix(b22, b23, b24)
    a23 = mix(b23, b24, b20)
    a24 = mix(b24, b20, b21)
  }
  split(a0, 0); split(a1, 8); split(a2, 16); split(a3, 24); split(a4, 32)
  split(a5, 40); split(a6, 48); split(a7, 56); split(a8, 64); split(a9, 72)
  split(a10, 80); split(a11, 88); split(a12, 96); split(a13, 104); split(a14, 112)
  split(a15, 120); split(a16, 128); split(a17, 136); split(a18, 144); split(a19, 152)
  split(a20, 160); split(a21, 168); split(a22, 176); split(a23, 184); split(a24, 192)
}

@inline function both(offset: usize): v128 {
  return i64x2.replace_lane(v128.load64_splat(state + offset), 1, load<i64>(other + offset))
}

@inline function split(lanes: v128, offset: usize): void {
  store<i64>(state + offset, i64x2.extract_lane(lanes, 0))
  store<i64>(other + offset, i64x2.extract_lane(lanes, 1))
}

@inline function turn(lanes: v128, bits: i32): v128 {
  return v128.or(i64x2.shl(lanes, bits), i64x2.shr_u(lanes, 64 - bits))
}

/** a ^ (~b & c) */
@inline function mix(a: v128, b: v128, c: v128): v128 {
  return v128.xor(a, v128.andnot(c, b))
}

/** FIPS 202 §3.2.5. */
const roundConstants: usize = memory.data<u64>([
  0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
  0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
  0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
  0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
  0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
  0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
], 16)
