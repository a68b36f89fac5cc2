/**
 * Polynomials of ML-KEM (FIPS 203): 256 coefficients modulo q = 3329, an i16 lane each, signed. A coefficient within +-q is
 * called short. No branch and no address depends on a coefficient.
 *
 * Products with constants are Barrett's, in three instructions: a z - q round(a z' / 2^15), z' = round(z 2^15 / q), is
 * a z modulo q and within q (1/2 + |a| / 2^16), so short, for every 16-bit a (Becker, Hwang, Kannwischer, Yang and Yang,
 * "Neon NTT", 2021, §4.2). Products of two variables are Montgomery's: they come with a factor 2^-16.
 */

/** Bytes of a polynomial in memory. */
export const POLY: usize = 512

/** Fills the tables of roots. Once for an instance. */
export function makeRoots(): void {
  for (let i = 0; i < 128; i++) {
    const root = power(17, reverseBits(i))
    setConstant(ROOTS + 4 * i, root)
    // FIPS 203 Algorithm 12: the pair i is a product modulo X^2 - 17^(2 BitRev7(i) + 1).
    const gamma = power(17, 2 * reverseBits(i) + 1)
    setConstant(GAMMAS + 4 * i, gamma)
  }
  for (let v = 0; v < 16; v++) {
    spread(FORWARD_4 + 32 * v, 32 + 2 * v, 1, 4)
    spread(FORWARD_2 + 32 * v, 64 + 4 * v, 1, 2)
    spread(INVERSE_2 + 32 * v, 127 - 4 * v, -1, 2)
    spread(INVERSE_4 + 32 * v, 63 - 2 * v, -1, 4)
  }
  for (let v = 0; v < 32; v++)
    for (let lane = 0; lane < 8; lane++) {
      const gamma = GAMMAS + 4 * (4 * v + lane / 2)
      // Even coefficients stay, odd ones take gamma; 10 is round(2^15 / q), the quotient of 1.
      store<i16>(ODD + 32 * v + 2 * lane, lane & 1 ? load<i16>(gamma) : 1)
      store<i16>(ODD + 32 * v + 2 * lane + 16, lane & 1 ? load<i16>(gamma, 2) : 10)
    }
}

/** In place, for coefficients within +-q: FIPS 203 Algorithm 9. Each of seven layers adds a short number; the end is short. */
export function ntt(p: usize): void {
  let i = 1
  for (let length: usize = 256; length >= 16; length >>= 1)
    for (let start = p; start < p + POLY; start += 2 * length) {
      const root = i16x8.splat(load<i16>(ROOTS + 4 * i)), quotient = i16x8.splat(load<i16>(ROOTS + 4 * i + 2))
      i++
      for (let j = start; j < start + length; j += 16) {
        const low = v128.load(j), high = times(v128.load(j + length), root, quotient)
        v128.store(j + length, i16x8.sub(low, high))
        v128.store(j, i16x8.add(low, high))
      }
    }
  // The last two layers work within vectors: two are taken apart, into what is low and what is high in each block.
  for (let v: usize = 0; v < 16; v++) {
    const a = v128.load(p + 32 * v), b = v128.load(p + 32 * v + 16)
    const low4 = v128.shuffle<i64>(a, b, 0, 2)
    const high4 = times(v128.shuffle<i64>(a, b, 1, 3), v128.load(FORWARD_4 + 32 * v), v128.load(FORWARD_4 + 32 * v + 16))
    const sum4 = i16x8.add(low4, high4), difference4 = i16x8.sub(low4, high4)
    const c = v128.shuffle<i64>(sum4, difference4, 0, 2), d = v128.shuffle<i64>(sum4, difference4, 1, 3)
    const low2 = v128.shuffle<i32>(c, d, 0, 2, 4, 6)
    const high2 = times(v128.shuffle<i32>(c, d, 1, 3, 5, 7), v128.load(FORWARD_2 + 32 * v), v128.load(FORWARD_2 + 32 * v + 16))
    const sum2 = short(i16x8.add(low2, high2)), difference2 = short(i16x8.sub(low2, high2))
    v128.store(p + 32 * v, v128.shuffle<i32>(sum2, difference2, 0, 4, 1, 5))
    v128.store(p + 32 * v + 16, v128.shuffle<i32>(sum2, difference2, 2, 6, 3, 7))
  }
}

/** In place, for short coefficients: FIPS 203 Algorithm 10, and the factor 2^-16 of a product is taken out. Ends short. */
export function inverseNtt(p: usize): void {
  for (let v: usize = 0; v < 16; v++) {
    const a = v128.load(p + 32 * v), b = v128.load(p + 32 * v + 16)
    const low2 = v128.shuffle<i32>(a, b, 0, 2, 4, 6), high2 = v128.shuffle<i32>(a, b, 1, 3, 5, 7)
    const sum2 = short(i16x8.add(low2, high2))
    const turned2 = times(i16x8.sub(high2, low2), v128.load(INVERSE_2 + 32 * v), v128.load(INVERSE_2 + 32 * v + 16))
    const c = v128.shuffle<i32>(sum2, turned2, 0, 4, 1, 5), d = v128.shuffle<i32>(sum2, turned2, 2, 6, 3, 7)
    const low4 = v128.shuffle<i64>(c, d, 0, 2), high4 = v128.shuffle<i64>(c, d, 1, 3)
    const sum4 = short(i16x8.add(low4, high4))
    const turned4 = times(i16x8.sub(high4, low4), v128.load(INVERSE_4 + 32 * v), v128.load(INVERSE_4 + 32 * v + 16))
    v128.store(p + 32 * v, v128.shuffle<i64>(sum4, turned4, 0, 2))
    v128.store(p + 32 * v + 16, v128.shuffle<i64>(sum4, turned4, 1, 3))
  }
  let i = 31
  for (let length: usize = 16; length <= 256; length <<= 1)
    for (let start = p; start < p + POLY; start += 2 * length) {
      const root = i16x8.splat(load<i16>(ROOTS + 4 * i)), quotient = i16x8.splat(load<i16>(ROOTS + 4 * i + 2))
      i--
      for (let j = start; j < start + length; j += 16) {
        const low = v128.load(j), high = v128.load(j + length)
        v128.store(j, short(i16x8.add(low, high)))
        v128.store(j + length, times(i16x8.sub(high, low), root, quotient))
      }
    }
  // 2^16 / 128 = 512.
  scale(p, 512)
}

/** o = (a_0 b_0 + a_1 b_1 + a_2 b_2) 2^-16 in the domain of the NTT, for vectors of three polynomials of short coefficients. */
export function dotProduct(o: usize, a: usize, b: usize): void {
  for (let v: usize = 0; v < POLY; v += 16) {
    const odd = v128.load(ODD + 2 * v), oddQuotient = v128.load(ODD + 2 * v + 16)
    let even32 = i32x4.splat(0), odd32 = i32x4.splat(0)
    for (let j: usize = 0; j < 3 * POLY; j += POLY) {
      const x = v128.load(a + j + v), y = v128.load(b + j + v)
      // (x0 + x1 X) (y0 + y1 X) = x0 y0 + x1 y1 gamma + (x0 y1 + x1 y0) X: each a sum of two neighbouring products.
      even32 = i32x4.add(even32, i32x4.dot_i16x8_s(x, times(y, odd, oddQuotient)))
      odd32 = i32x4.add(odd32, i32x4.dot_i16x8_s(x, v128.shuffle<i16>(y, y, 1, 0, 3, 2, 5, 4, 7, 6)))
    }
    const low = v128.and(montgomery(even32), i32x4.splat(0xffff))
    v128.store(o + v, v128.or(low, i32x4.shl(montgomery(odd32), 16)))
  }
}

/** p = factor p, short. */
export function scale(p: usize, factor: i32): void {
  const root = i16x8.splat(<i16>factor), quotient = i16x8.splat(quotientOf(factor))
  for (let v = p; v < p + POLY; v += 16) v128.store(v, times(v128.load(v), root, quotient))
}

/** o = o + a, short. */
export function addTo(o: usize, a: usize): void {
  for (let v: usize = 0; v < POLY; v += 16) v128.store(o + v, short(i16x8.add(v128.load(o + v), v128.load(a + v))))
}

/** o = a - o, short. */
export function subtractFrom(o: usize, a: usize): void {
  for (let v: usize = 0; v < POLY; v += 16) v128.store(o + v, short(i16x8.sub(v128.load(a + v), v128.load(o + v))))
}

/** Short coefficients to those from 0 to q-1. */
export function canonical(p: usize): void {
  for (let v = p; v < p + POLY; v += 16) {
    const x = short(v128.load(v))
    v128.store(v, i16x8.add(x, v128.and(i16x8.shr_s(x, 15), i16x8.splat(<i16>Q))))
  }
}

/** a z modulo q, short. */
@inline function times(a: v128, z: v128, quotient: v128): v128 {
  return i16x8.sub(i16x8.mul(a, z), i16x8.mul(i16x8.q15mulr_sat_s(a, quotient), i16x8.splat(<i16>Q)))
}

/** a modulo q, within 0.7 q: the product with 1. */
@inline function short(a: v128): v128 {
  return i16x8.sub(a, i16x8.mul(i16x8.q15mulr_sat_s(a, i16x8.splat(10)), i16x8.splat(<i16>Q)))
}

/** a 2^-16 modulo q for |a| < q 2^15, short, as i32 lanes: what Montgomery adds clears the lower half. */
@inline function montgomery(a: v128): v128 {
  const low = i32x4.mul(a, i32x4.splat(-Q_INVERSE))
  const digit = i32x4.shr_s(i32x4.shl(low, 16), 16)
  return i32x4.shr_s(i32x4.add(a, i32x4.mul(digit, i32x4.splat(Q))), 16)
}

/** A constant in the middle of its residues, and its quotient beside it. */
function setConstant(at: usize, value: i32): void {
  const middle = value > Q / 2 ? value - Q : value
  store<i16>(at, <i16>middle)
  store<i16>(at + 2, quotientOf(middle))
}

/** round(z 2^15 / q). */
function quotientOf(z: i32): i16 {
  return <i16>((2 * (z << 15) + (z < 0 ? -Q : Q)) / (2 * Q))
}

/** Eight lanes of roots, `copies` of each, from `first` on by `step`; and their quotients behind them. */
function spread(to: usize, first: i32, step: i32, copies: i32): void {
  for (let lane = 0; lane < 8; lane++) {
    const from = ROOTS + 4 * (first + step * (lane / copies))
    store<i16>(to + 2 * lane, load<i16>(from))
    store<i16>(to + 2 * lane + 16, load<i16>(from, 2))
  }
}

function power(base: i32, exponent: i32): i32 {
  let result = 1
  for (let i = 0; i < exponent; i++) result = (result * base) % Q
  return result
}

/** BitRev7 of FIPS 203 §4.3. */
function reverseBits(i: i32): i32 {
  let reversed = 0
  for (let bit = 0; bit < 7; bit++) reversed |= ((i >> bit) & 1) << (6 - bit)
  return reversed
}

export const Q: i32 = 3329
/** 1 / q modulo 2^16. */
const Q_INVERSE: i32 = -3327

/** Powers of 17 in the order of FIPS 203 Algorithm 9, each with its quotient. */
const ROOTS: usize = memory.data(4 * 128, 16)
const GAMMAS: usize = memory.data(4 * 128, 16)
const FORWARD_4: usize = memory.data(32 * 16, 16)
const FORWARD_2: usize = memory.data(32 * 16, 16)
const INVERSE_2: usize = memory.data(32 * 16, 16)
const INVERSE_4: usize = memory.data(32 * 16, 16)
const ODD: usize = memory.data(32 * 32, 16)
