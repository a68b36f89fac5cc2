/**
 * GHASH (NIST SP 800-38D §6.4): a polynomial in H over GF(2^128), eight blocks to a reduction.
 *
 * A product with a known power of H is looked up, nibble by nibble, but in a register: a row holds byte i of the products
 * of all sixteen nibbles, and `pick` takes sixteen nibbles through it at once. All rows are always read, in the same order,
 * so that no address depends on H or on the data.
 *
 * GCM writes bits backwards: the highest bit of the first byte is the coefficient of x^0.
 */
import { and, bytes, clear, pick, xor, zero } from './vector'

/** Blocks that share a reduction, and so the highest power of H that has rows. */
const together: i32 = 8
/** One power's rows: 16 bytes of product, for a high and for a low nibble. */
const powerLength: i32 = 16 * 2 * 16
export const powersLength: i32 = 8 * 16 * 2 * 16
/** The sums of products of eight blocks, by byte; secret. */
const sums: usize = memory.data(16 * 16, 16)
const one: usize = memory.data(16, 16)

/** Makes the rows of H^8 to H^1, from the 16 bytes of H, in this order, so that a shorter run of blocks begins further on. */
export function expandHashKey(powers: usize, h: usize): void {
  let power = v128.load(h)
  for (let at = powers + (together - 1) * powerLength; ; at -= powerLength) {
    setRows(at, power)
    if (at == powers) break
    v128.store(one, power)
    power = ghash(powers, one, 1)
  }
  v128.store(one, zero)
}

/** GHASH of `count` whole blocks. */
export function ghash(powers: usize, from: usize, count: i32): v128 {
  let y = zero
  while (count > 0) {
    const now = min(count, together)
    const end = from + (now << 4)
    const rows = powers + (together - now) * powerLength
    sumProducts(sums, rows, from, end, y)
    sumProducts(sums + 8 * 16, rows + 8 * 32, from, end, y)
    y = reduceSums()
    from = end
    count -= now
  }
  return y
}

/** Overwrites what is left in scratch. */
export function wipeGhash(): void {
  clear(sums, 16 * 16)
}

/** Eight of the sixteen sums: byte position i of a block times the power that it has, over all blocks up to `end`. */
function sumProducts(to: usize, rows: usize, block: usize, end: usize, y: v128): void {
  const nibble = v128.load(lowNibbles)
  let sum0 = zero, sum1 = zero, sum2 = zero, sum3 = zero, sum4 = zero, sum5 = zero, sum6 = zero, sum7 = zero
  for (; block < end; block += 16, rows += powerLength) {
    const x = xor(v128.load(block), y)
    const high = and(i32x4.shr_u(x, 4), nibble), low = and(x, nibble)
    y = zero
    sum0 = xor(sum0, xor(pick(v128.load(rows, 0), high), pick(v128.load(rows, 16), low)))
    sum1 = xor(sum1, xor(pick(v128.load(rows, 32), high), pick(v128.load(rows, 48), low)))
    sum2 = xor(sum2, xor(pick(v128.load(rows, 64), high), pick(v128.load(rows, 80), low)))
    sum3 = xor(sum3, xor(pick(v128.load(rows, 96), high), pick(v128.load(rows, 112), low)))
    sum4 = xor(sum4, xor(pick(v128.load(rows, 128), high), pick(v128.load(rows, 144), low)))
    sum5 = xor(sum5, xor(pick(v128.load(rows, 160), high), pick(v128.load(rows, 176), low)))
    sum6 = xor(sum6, xor(pick(v128.load(rows, 192), high), pick(v128.load(rows, 208), low)))
    sum7 = xor(sum7, xor(pick(v128.load(rows, 224), high), pick(v128.load(rows, 240), low)))
  }
  v128.store(to, sum0, 0)
  v128.store(to, sum1, 16)
  v128.store(to, sum2, 32)
  v128.store(to, sum3, 48)
  v128.store(to, sum4, 64)
  v128.store(to, sum5, 80)
  v128.store(to, sum6, 96)
  v128.store(to, sum7, 112)
}

/**
 * Sum i holds, at position p, byte i of what the bytes at position p were multiplied to: it belongs at byte i + p of a
 * product of 32 bytes. The upper 16 of those are then folded into the lower 16, by x^128 = x^7 + x^2 + x + 1.
 */
function reduceSums(): v128 {
  let low = zero, high = zero
  for (let i: i32 = 15 * 16; i >= 0; i -= 16) {
    high = oneUp(low, high)
    low = xor(oneUp(zero, low), v128.load(sums + i))
  }
  const nibble = v128.load(lowNibbles)
  const upper = and(i32x4.shr_u(high, 4), nibble), lower = and(high, nibble)
  // A folded byte has two bytes: one in its own place, one in the next.
  const here = xor(
    pick(v128.load(upperHere), upper),
    pick(v128.load(lowerHere), lower),
  )
  const next = xor(
    pick(v128.load(upperNext), upper),
    pick(v128.load(lowerNext), lower),
  )
  return xor(xor(low, here), oneUp(zero, next))
}

/** `b` moved up by one byte, its first byte being the last of `a`. */
@inline function oneUp(a: v128, b: v128): v128 {
  return v128.shuffle<i8>(a, b, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30)
}

/** The rows of one power. Nibble n times H is the sum of those H·x^d whose bit is set in n. */
function setRows(rows: usize, h: v128): void {
  const h1 = timesX(h), h2 = timesX(h1), h3 = timesX(h2)
  const h4 = timesX(h3), h5 = timesX(h4), h6 = timesX(h5), h7 = timesX(h6)
  for (let i = 0; i < 16; i++, rows += 32) {
    const byte = bytes(i)
    v128.store(rows, row(pick(h, byte), pick(h1, byte), pick(h2, byte), pick(h3, byte)), 0)
    v128.store(rows, row(pick(h4, byte), pick(h5, byte), pick(h6, byte), pick(h7, byte)), 16)
  }
}

/** At n, the sum of those whose bit is set in n: `a` by its bit 3, `b` by 2, `c` by 1, `d` by 0. */
@inline function row(a: v128, b: v128, c: v128, d: v128): v128 {
  const withA = i8x16(0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1)
  const withB = i8x16(0, 0, 0, 0, -1, -1, -1, -1, 0, 0, 0, 0, -1, -1, -1, -1)
  const withC = i8x16(0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1)
  const withD = i8x16(0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1)
  return xor(xor(and(a, withA), and(b, withB)), xor(and(c, withC), and(d, withD)))
}

/** A shift to the right in GCM's order of bits, and x^128 folded back without a branch. */
function timesX(a: v128): v128 {
  const first = bswap<u64>(i64x2.extract_lane(a, 0)), second = bswap<u64>(i64x2.extract_lane(a, 1))
  const fold = (0 - (second & 1)) & 0xe100000000000000
  return i64x2(bswap<u64>((first >> 1) ^ fold), bswap<u64>((second >> 1) | (first << 63)))
}

// In memory, for V8 makes a constant anew at each use.
const lowNibbles: usize = memory.data<u64>([0x0f0f0f0f0f0f0f0f, 0x0f0f0f0f0f0f0f0f], 16)
/** What a folded byte's nibbles become in its own place, and in the next. */
const upperHere: usize = memory.data<u8>([0, 28, 56, 36, 112, 108, 72, 84, 225, 253, 217, 197, 145, 141, 169, 181], 16)
const lowerHere: usize = memory.data<u8>([0, 1, 3, 2, 7, 6, 4, 5, 14, 15, 13, 12, 9, 8, 10, 11], 16)
const upperNext: usize = memory.data<u8>([0, 32, 64, 96, 128, 160, 192, 224, 0, 32, 64, 96, 128, 160, 192, 224], 16)
const lowerNext: usize = memory.data<u8>([0, 194, 132, 70, 8, 202, 140, 78, 16, 210, 148, 86, 24, 218, 156, 94], 16)
