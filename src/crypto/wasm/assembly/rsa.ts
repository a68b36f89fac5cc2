/**
 * RSA's private operation (RFC 8017 §5.2.1, RSASP1 by the Chinese remainder theorem), blinded by the caller's pair, and
 * checked before it leaves; and the public one (§5.2.2, RSAVP1). Numbers are big-endian bytes.
 *
 * No branch and no address depends on key, message or blinding: only on lengths, and on the public exponent.
 */
import {
  ROW, add, canonical, copy, fromBytes, multiply, multiplyAdd, negativeInverse, power, square, subtract, toBytes,
  wipeSums,
} from './montgomery'

/** Room for 8192 bits. */
const BUFFER: usize = 1024
const SECRETS: usize = memory.data(13 * 1024, 16)
/** In: the modulus and its factors, each with R^2 modulo it beside it. All in are wiped by the call. */
export const n: usize = SECRETS
export const nSquare: usize = SECRETS + BUFFER
export const p: usize = SECRETS + 2 * BUFFER
export const pSquare: usize = SECRETS + 3 * BUFFER
export const q: usize = SECRETS + 4 * BUFFER
export const qSquare: usize = SECRETS + 5 * BUFFER
/** In: d mod p-1, d mod q-1, 1/q mod p. */
export const dp: usize = SECRETS + 6 * BUFFER
export const dq: usize = SECRETS + 7 * BUFFER
export const qi: usize = SECRETS + 8 * BUFFER
/** In: a number below n. */
export const message: usize = SECRETS + 9 * BUFFER
/** In: r^e and 1/r modulo n, for a random r. Out: their squares, which are as random, for the next time. */
export const blind: usize = SECRETS + 10 * BUFFER
export const unblind: usize = SECRETS + 11 * BUFFER
/** Out: message^d mod n, or message^e. */
export const result: usize = SECRETS + 12 * BUFFER

/**
 * `length` is that of n and of what is below it in bytes, `half` that of p, q and theirs; R is 2^(29 limbs) for p and q, and
 * 2^(58 limbs) for n. 0, and no result, where result^e is not the message: one faulty half would give the key away, by
 * gcd(result^e - message, n) (Boneh, DeMillo and Lipton, 1997).
 */
export function privateOperation(length: i32, half: i32, limbs: i32, e: u64): i32 {
  const wide = 2 * limbs
  fromBytes(N, n, length, wide)
  const inverse = negativeInverse(N)
  fromBytes(N2, nSquare, length, wide)
  fromBytes(MESSAGE, message, length, wide)
  fromBytes(BLIND, blind, length, wide)
  fromBytes(UNBLIND, unblind, length, wide)

  // x = message * blind
  multiply(X, MESSAGE, N2, N, inverse, wide)
  multiply(X, X, BLIND, N, inverse, wide)
  canonical(X, N, wide)

  halfPower(M1, p, pSquare, dp, half, limbs)
  halfPower(M2, q, qSquare, dq, half, limbs)

  // h = (m1 - m2) / q mod p
  loadModulus(p, pSquare, half, limbs)
  fromBytes(Y, qi, half, limbs)
  multiply(H, M2, M_SQUARE, M, modulusInverse, limbs)
  multiply(X, M1, M_SQUARE, M, modulusInverse, limbs)
  subtract(H, X, H, M, limbs)
  multiply(H, H, Y, M, modulusInverse, limbs)
  canonical(H, M, limbs)

  // y = (m2 + h q) * unblind
  fromBytes(M, q, half, limbs)
  memory.fill(M2 + 4 * limbs, 0, 4 * limbs)
  multiplyAdd(Y, M2, H, M, limbs)
  multiply(Y, Y, N2, N, inverse, wide)
  multiply(Y, Y, UNBLIND, N, inverse, wide)
  canonical(Y, N, wide)

  raise(X, Y, e, inverse, wide)
  const sound = isEqual(X, MESSAGE, wide)
  squareInto(blind, BLIND, length, inverse, wide)
  squareInto(unblind, UNBLIND, length, inverse, wide)
  if (sound) toBytes(result, Y, length)
  memory.fill(SECRETS, 0, 10 * BUFFER)
  memory.fill(ROWS, 0, 14 * ROW)
  wipeSums()
  return sound ? 1 : 0
}

/** message^e mod n. `length` is that of n in bytes, and R is 2^(29 limbs). */
export function publicOperation(length: i32, limbs: i32, e: u64): void {
  fromBytes(N, n, length, limbs)
  fromBytes(N2, nSquare, length, limbs)
  fromBytes(X, message, length, limbs)
  raise(Y, X, e, negativeInverse(N), limbs)
  toBytes(result, Y, length)
  // Nothing of it is secret, but the next number may be shorter, and wants zeros behind it.
  memory.fill(SECRETS, 0, 10 * BUFFER)
  memory.fill(ROWS, 0, 14 * ROW)
}

/** o = X^exponent modulo one of the factors, canonical. */
function halfPower(o: usize, factor: usize, square: usize, exponent: usize, half: i32, limbs: i32): void {
  loadModulus(factor, square, half, limbs)
  // R mod m, as a product of 1 and R^2; and X in form: its lower half by R^2, its upper half by R^3.
  memory.fill(Y, 0, 4 * limbs)
  store<u32>(Y, 1)
  multiply(ONE, Y, M_SQUARE, M, modulusInverse, limbs)
  multiply(Y, M_SQUARE, M_SQUARE, M, modulusInverse, limbs)
  canonical(Y, M, limbs)
  copy(H, X + 4 * limbs, limbs)
  multiply(H, H, Y, M, modulusInverse, limbs)
  copy(Y, X, limbs)
  multiply(Y, Y, M_SQUARE, M, modulusInverse, limbs)
  add(H, H, Y, limbs)
  power(o, H, ONE, exponent, half, M, modulusInverse, limbs)
  memory.fill(Y, 0, 4 * limbs)
  store<u32>(Y, 1)
  multiply(o, o, Y, M, modulusInverse, limbs)
  canonical(o, M, limbs)
}

function loadModulus(factor: usize, square: usize, half: i32, limbs: i32): void {
  fromBytes(M, factor, half, limbs)
  fromBytes(M_SQUARE, square, half, limbs)
  modulusInverse = negativeInverse(M)
}

/** o = a^e mod n, canonical, for the public e. */
function raise(o: usize, a: usize, e: u64, inverse: u32, limbs: i32): void {
  multiply(H, a, N2, N, inverse, limbs)
  copy(o, H, limbs)
  for (let bit = 62 - <i32>clz<u64>(e); bit >= 0; bit--) {
    square(o, o, N, inverse, limbs)
    if ((e >> bit) & 1) multiply(o, o, H, N, inverse, limbs)
  }
  memory.fill(H, 0, 4 * limbs)
  store<u32>(H, 1)
  multiply(o, o, H, N, inverse, limbs)
  canonical(o, N, limbs)
}

function squareInto(bytes: usize, a: usize, length: i32, inverse: u32, limbs: i32): void {
  square(H, a, N, inverse, limbs)
  multiply(H, H, N2, N, inverse, limbs)
  canonical(H, N, limbs)
  toBytes(bytes, H, length)
}

function isEqual(a: usize, b: usize, limbs: i32): bool {
  let difference: u32 = 0
  for (let i: usize = 0; i < 4 * <usize>limbs; i += 4) difference |= load<u32>(a + i) ^ load<u32>(b + i)
  return difference == 0
}

/** Of M: it tells a little of a secret prime. */
let modulusInverse: u32 = 0

const ROWS: usize = memory.data(14 * (16 + 4 * 320 + 48), 16)
const N: usize = ROWS + 16
const N2: usize = N + ROW
const MESSAGE: usize = N + 2 * ROW
const BLIND: usize = N + 3 * ROW
const UNBLIND: usize = N + 4 * ROW
const X: usize = N + 5 * ROW
const Y: usize = N + 6 * ROW
const H: usize = N + 7 * ROW
const M: usize = N + 8 * ROW
const M_SQUARE: usize = N + 9 * ROW
const M1: usize = N + 10 * ROW
const M2: usize = N + 11 * ROW
const ONE: usize = N + 12 * ROW
