/**
 * AES (FIPS 197), encryption only, eight blocks at a time and bitsliced (Käsper and Schwabe, "Faster and Timing-Attack
 * Resistant AES-GCM", 2009): no table, so no address depends on a secret.
 *
 * The eight blocks stand in eight planes. Plane i holds bit i of every byte of every block:
 *
 *     plane i:   byte 0                  byte 1              …   byte 15
 *                bit 0 … bit 7           bit 0 … bit 7           bit 0 … bit 7
 *                of block 0 … block 7    of block 0 … 7          of block 0 … 7
 *
 * The bytes of a block stand row by row (byte 4r + c is row r, column c of FIPS 197's state), so that ShiftRows is a
 * permutation of bytes, and the next row is the next 32-bit lane.
 */
import { and, bytes, clear, pick, xor } from './vector'

/** Bytes that an expanded key takes: at most 15 round keys of 8 planes. */
export const expandedKeyLength: i32 = 15 * 128
/** Out: eight blocks. Secret, as is all that follows: `wipeAes` when done. */
export const blocks: usize = memory.data(128, 16)
const planes: usize = memory.data(128, 16)
const words: usize = memory.data(15 * 16, 16)
const noKey: usize = memory.data(128, 16)

/**
 * Eight blocks of AES-CTR's keystream: those of the counters 8n to 8n + 7 behind the 12 bytes at `nonce`, of which 16 must
 * be readable. A counter has its upper bits in common with its seven neighbours, so the planes are made without blocks.
 */
export function keystream(key: usize, rounds: i32, nonce: usize, n: i32): void {
  const first = pick(i32x4.replace_lane(v128.load(nonce), 3, bswap<i32>(n << 3)), v128.load(byRows))
  setPlanes(first)
  // Block b counts b higher: bits 0 to 2 of the last byte are those of b.
  store<u8>(planes + 0 * 16 + 15, load<u8>(planes + 0 * 16 + 15) ^ 0b10101010)
  store<u8>(planes + 1 * 16 + 15, load<u8>(planes + 1 * 16 + 15) ^ 0b11001100)
  store<u8>(planes + 2 * 16 + 15, load<u8>(planes + 2 * 16 + 15) ^ 0b11110000)
  for (let i: usize = 0; i < 128; i += 16) v128.store(planes + i, xor(v128.load(planes + i), v128.load(key + i)))
  encryptPlanes(key + 128, key + (rounds << 7))
  planesToBlocks()
}

/** FIPS 197 §5.2: expands the 16 or 32 bytes at `from` to the planes at `key`; returns the number of rounds. */
export function expandKey(key: usize, from: usize, length: i32): i32 {
  const perKey = length >> 2
  const rounds = perKey + 6
  memory.copy(words, from, length)
  let constant = 1
  for (let i = perKey; i < (rounds + 1) * 4; i++) {
    let word = load<u32>(words + i * 4 - 4)
    if (i % perKey == 0) {
      word = substituteWord(rotr<u32>(word, 8)) ^ constant
      // The constants are the powers of x in GF(2^8).
      constant = (constant << 1) ^ ((constant >> 7) * 0x11b)
    } else if (perKey == 8 && i % perKey == 4) {
      word = substituteWord(word)
    }
    store<u32>(words + i * 4, load<u32>(words + (i - perKey) * 4) ^ word)
  }
  for (let round = 0; round <= rounds; round++) {
    let bytesOfKey = pick(v128.load(words + round * 16), v128.load(byRows))
    // The gates below leave out the S-box's last addition: it is made here, once for all.
    if (round > 0) bytesOfKey = xor(bytesOfKey, bytes(0x63))
    // The last ShiftRows happens behind this addition, when the planes become blocks.
    if (round == rounds) bytesOfKey = pick(bytesOfKey, v128.load(backInRows))
    setPlanes(bytesOfKey)
    memory.copy(key + (round << 7), planes, 128)
  }
  clear(words, 15 * 16)
  return rounds
}

/** Overwrites what is left in scratch. */
export function wipeAes(): void {
  clear(blocks, 128)
  clear(planes, 128)
}

/** The S-box on four bytes: a round without its key, its rows and its columns. */
function substituteWord(word: u32): u32 {
  setPlanes(i32x4.splat(word))
  encryptPlanes(noKey, noKey)
  let result = bytes(0x63)
  for (let i = 0; i < 8; i++) result = xor(result, and(v128.load(planes + i * 16), bytes(1 << i)))
  return i32x4.extract_lane(result, 0)
}

/** The rounds after the first key was added: all but the last with MixColumns, the last without. */
function encryptPlanes(key: usize, last: usize): void {
  const shifted = v128.load(shiftedRows)
  let q0 = v128.load(planes, 0)
  let q1 = v128.load(planes, 16)
  let q2 = v128.load(planes, 32)
  let q3 = v128.load(planes, 48)
  let q4 = v128.load(planes, 64)
  let q5 = v128.load(planes, 80)
  let q6 = v128.load(planes, 96)
  let q7 = v128.load(planes, 112)
  for (; ; key += 128) {
    // SubBytes: the S-box of Boyer and Peralta ("A depth-16 circuit for the AES S-box", 2011), 115 gates, with their names.
    // Their order, found by search, is one in which few values wait for their use at any time.
    const y14 = xor(q4, q2), y13 = xor(q7, q1), y12 = xor(y13, y14), t0 = xor(q6, q5)
    const t1 = xor(q3, y12), y15 = xor(t1, q2), y9 = xor(q7, q4), y20 = xor(t1, q6)
    const y11 = xor(y20, y9), y6 = xor(y15, q0), y1 = xor(t0, q0), y4 = xor(y1, q4)
    const t5 = and(y4, q0), y2 = xor(y1, q7), t2 = and(y12, y15), y7 = xor(q0, y11)
    const y10 = xor(y15, t0), t10 = and(y2, y7), y5 = xor(y1, q1), t6 = xor(t5, t2)
    const y16 = xor(t0, y11), y18 = xor(q7, y16), y8 = xor(q7, q2), y21 = xor(y13, y16)
    const t8 = and(y5, y1), t7 = and(y13, y16), t9 = xor(t8, t7), y3 = xor(y5, y8)
    const t3 = and(y3, y6), t4 = xor(t3, t2), t15 = and(y8, y10), t11 = xor(t10, t7)
    const t12 = and(y9, y11), t16 = xor(t15, t12), t20 = xor(t11, t16), t24 = xor(t20, y18)
    const t18 = xor(t6, t16), y17 = xor(y10, y11), t13 = and(y14, y17), t14 = xor(t13, t12)
    const t19 = xor(t9, t14), t17 = xor(t4, t14), y19 = xor(y10, y8), t22 = xor(t18, y19)
    const t21 = xor(t17, y20), t23 = xor(t19, y21), t26 = and(t21, t23), t30 = xor(t23, t24)
    const t31 = xor(t22, t26), t27 = xor(t24, t26), t32 = and(t31, t30), t33 = xor(t32, t24)
    const t35 = xor(t27, t33), t34 = xor(t23, t33), t25 = xor(t21, t22), t36 = and(t24, t35)
    const t38 = xor(t27, t36), t28 = and(t25, t27), t29 = xor(t28, t22), t42 = xor(t29, t33)
    const z6 = and(t42, y11), t37 = xor(t36, t34), t39 = and(t29, t38), z10 = and(t37, y3)
    const z11 = and(t33, y4), t40 = xor(t25, t39), t47 = xor(z10, z11), t41 = xor(t40, t37)
    const z17 = and(t41, y8), z15 = and(t42, y9), t45 = xor(t42, t41), z7 = and(t45, y17)
    const z8 = and(t41, y10), z16 = and(t45, y14), t54 = xor(z6, z7), t44 = xor(t33, t37)
    const t46 = xor(z15, z16), t55 = xor(z16, z17), t43 = xor(t29, t40), z9 = and(t44, y12)
    const t49 = xor(z9, z10), t52 = xor(z7, z8), z0 = and(t44, y15), z3 = and(t43, y16)
    const z12 = and(t43, y13), z1 = and(t37, y6), z2 = and(t33, q0), t53 = xor(z0, z3)
    const z4 = and(t40, y1), t59 = xor(z3, t54), z5 = and(t29, y7), z14 = and(t29, y2)
    const z13 = and(t40, y5), t48 = xor(z5, z13), t58 = xor(z4, t46), t51 = xor(z2, z5)
    const t50 = xor(z2, z12), t56 = xor(z12, t48), t57 = xor(t50, t53), t61 = xor(z14, t57)
    const t62 = xor(t52, t58), t60 = xor(t46, t57), t63 = xor(t49, t58), t65 = xor(t61, t62)
    const t64 = xor(z4, t59), t66 = xor(z1, t63), s7 = xor(t48, t60), s4 = xor(t51, t66)
    const s5 = xor(t47, t65), s0 = xor(t59, t63), s3 = xor(t53, t66), t67 = xor(t64, t65)
    const s6 = xor(t56, t62), s2 = xor(t55, t67), s1 = xor(t64, s3)

    if (key == last) {
      v128.store(planes, xor(s7, v128.load(key, 0)), 0)
      v128.store(planes, xor(s6, v128.load(key, 16)), 16)
      v128.store(planes, xor(s5, v128.load(key, 32)), 32)
      v128.store(planes, xor(s4, v128.load(key, 48)), 48)
      v128.store(planes, xor(s3, v128.load(key, 64)), 64)
      v128.store(planes, xor(s2, v128.load(key, 80)), 80)
      v128.store(planes, xor(s1, v128.load(key, 96)), 96)
      v128.store(planes, xor(s0, v128.load(key, 112)), 112)
      return
    }

    // ShiftRows, MixColumns and AddRoundKey. A byte a becomes 2·(a + b) + b + c + d, where b, c and d stand in the three
    // rows below: with sum = a + b, that is 2·sum + b + (sum two rows below). Doubling moves each plane up by one, and
    // plane 7 to the planes 0, 1, 3 and 4, for x^8 = x^4 + x^3 + x + 1 here.
    const a7 = pick(s0, shifted), b7 = rowBelow(a7), sum7 = xor(a7, b7), rest7 = xor(b7, twoBelow(sum7))
    const a0 = pick(s7, shifted), b0 = rowBelow(a0), sum0 = xor(a0, b0), rest0 = xor(b0, twoBelow(sum0))
    q0 = xor(xor(rest0, sum7), v128.load(key, 0))
    const a1 = pick(s6, shifted), b1 = rowBelow(a1), sum1 = xor(a1, b1), rest1 = xor(b1, twoBelow(sum1))
    q1 = xor(xor(xor(rest1, sum7), sum0), v128.load(key, 16))
    const a2 = pick(s5, shifted), b2 = rowBelow(a2), sum2 = xor(a2, b2), rest2 = xor(b2, twoBelow(sum2))
    q2 = xor(xor(rest2, sum1), v128.load(key, 32))
    const a3 = pick(s4, shifted), b3 = rowBelow(a3), sum3 = xor(a3, b3), rest3 = xor(b3, twoBelow(sum3))
    q3 = xor(xor(xor(rest3, sum7), sum2), v128.load(key, 48))
    const a4 = pick(s3, shifted), b4 = rowBelow(a4), sum4 = xor(a4, b4), rest4 = xor(b4, twoBelow(sum4))
    q4 = xor(xor(xor(rest4, sum7), sum3), v128.load(key, 64))
    const a5 = pick(s2, shifted), b5 = rowBelow(a5), sum5 = xor(a5, b5), rest5 = xor(b5, twoBelow(sum5))
    q5 = xor(xor(rest5, sum4), v128.load(key, 80))
    const a6 = pick(s1, shifted), b6 = rowBelow(a6), sum6 = xor(a6, b6), rest6 = xor(b6, twoBelow(sum6))
    q6 = xor(xor(rest6, sum5), v128.load(key, 96))
    q7 = xor(xor(rest7, sum6), v128.load(key, 112))
  }
}

/** The planes of eight blocks that are all alike: a bit that is set is set in all eight. */
function setPlanes(block: v128): void {
  for (let i = 0; i < 8; i++) {
    const bit = bytes(1 << i)
    v128.store(planes + i * 16, i8x16.eq(and(block, bit), bit))
  }
}

/** Turns the planes back into blocks: in each byte position, an 8 by 8 matrix of bits is transposed, in three steps. */
function planesToBlocks(): void {
  let q0 = v128.load(planes, 0)
  let q1 = v128.load(planes, 16)
  let q2 = v128.load(planes, 32)
  let q3 = v128.load(planes, 48)
  let q4 = v128.load(planes, 64)
  let q5 = v128.load(planes, 80)
  let q6 = v128.load(planes, 96)
  let q7 = v128.load(planes, 112)
  let d: v128
  const odd = v128.load(oddBits)
  d = differing(q0, q1, 1, odd); q1 = xor(q1, d); q0 = xor(q0, i32x4.shl(d, 1))
  d = differing(q2, q3, 1, odd); q3 = xor(q3, d); q2 = xor(q2, i32x4.shl(d, 1))
  d = differing(q4, q5, 1, odd); q5 = xor(q5, d); q4 = xor(q4, i32x4.shl(d, 1))
  d = differing(q6, q7, 1, odd); q7 = xor(q7, d); q6 = xor(q6, i32x4.shl(d, 1))
  const pairs = v128.load(oddPairs)
  d = differing(q0, q2, 2, pairs); q2 = xor(q2, d); q0 = xor(q0, i32x4.shl(d, 2))
  d = differing(q1, q3, 2, pairs); q3 = xor(q3, d); q1 = xor(q1, i32x4.shl(d, 2))
  d = differing(q4, q6, 2, pairs); q6 = xor(q6, d); q4 = xor(q4, i32x4.shl(d, 2))
  d = differing(q5, q7, 2, pairs); q7 = xor(q7, d); q5 = xor(q5, i32x4.shl(d, 2))
  const halves = v128.load(lowHalves)
  d = differing(q0, q4, 4, halves); q4 = xor(q4, d); q0 = xor(q0, i32x4.shl(d, 4))
  d = differing(q1, q5, 4, halves); q5 = xor(q5, d); q1 = xor(q1, i32x4.shl(d, 4))
  d = differing(q2, q6, 4, halves); q6 = xor(q6, d); q2 = xor(q2, i32x4.shl(d, 4))
  d = differing(q3, q7, 4, halves); q7 = xor(q7, d); q3 = xor(q3, i32x4.shl(d, 4))
  const order = v128.load(fromLastRows)
  v128.store(blocks, pick(q0, order), 0)
  v128.store(blocks, pick(q1, order), 16)
  v128.store(blocks, pick(q2, order), 32)
  v128.store(blocks, pick(q3, order), 48)
  v128.store(blocks, pick(q4, order), 64)
  v128.store(blocks, pick(q5, order), 80)
  v128.store(blocks, pick(q6, order), 96)
  v128.store(blocks, pick(q7, order), 112)
}

/** Where the bits of `mask` in b are not those that stand `shift` higher in a: what exchanges the two is adding this to both. */
@inline function differing(a: v128, b: v128, shift: i32, mask: v128): v128 {
  return and(xor(i32x4.shr_u(a, shift), b), mask)
}

@inline function rowBelow(a: v128): v128 {
  return v128.shuffle<i32>(a, a, 1, 2, 3, 0)
}

@inline function twoBelow(a: v128): v128 {
  return v128.shuffle<i32>(a, a, 2, 3, 0, 1)
}

// Orders of bytes for `pick`, and masks: in memory, for V8 makes a constant anew at each use, which takes four instructions.

/** From a block, which goes column by column (FIPS 197 §3.4), to rows; and back. */
const byRows: usize = memory.data<u8>([0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15], 16)
/** ShiftRows (FIPS 197 §5.1.2): row r moves r places to the left. */
const shiftedRows: usize = memory.data<u8>([0, 1, 2, 3, 5, 6, 7, 4, 10, 11, 8, 9, 15, 12, 13, 14], 16)
/** ShiftRows, undone. */
const backInRows: usize = memory.data<u8>([0, 1, 2, 3, 7, 4, 5, 6, 10, 11, 8, 9, 13, 14, 15, 12], 16)
/** The last ShiftRows, and from rows back to a block. */
const fromLastRows: usize = memory.data<u8>([0, 5, 10, 15, 1, 6, 11, 12, 2, 7, 8, 13, 3, 4, 9, 14], 16)
/** Every second bit, pair of bits, and half of a byte. */
const oddBits: usize = memory.data<u64>([0x5555555555555555, 0x5555555555555555], 16)
const oddPairs: usize = memory.data<u64>([0x3333333333333333, 0x3333333333333333], 16)
const lowHalves: usize = memory.data<u64>([0x0f0f0f0f0f0f0f0f, 0x0f0f0f0f0f0f0f0f], 16)
