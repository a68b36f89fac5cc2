/**
 * P-256 or P-384, by the field it is compiled over: key pairs, ECDH (SEC 1 §3.3.1), ECDSA (FIPS 186-5 §6.4).
 *
 * No branch and no address depends on a scalar or a nonce; only whether an input is refused does. A scalar is written in
 * odd signed digits, tables are read whole, and the additions are complete, or proved to meet no exception.
 *
 * Everything returns 1 where it is done, and 0 where an input is out of range, a point off the curve, or a signature wrong.
 */
import {
  BYTES, COMB, COMB_ENTRIES, COMB_WIDTH, COMB_WINDOWS, MODULUS, MODULUS_INVERSE, ONE, ORDER, PLAIN_ONE,
  RADIX_SQUARED, SLOT, WINDOW_ENTRIES, WINDOW_WIDTH, WINDOW_WINDOWS, mul, select2, select3,
} from 'curve/field'
import { addAffine, addDistinct, addPoint, curveEquation, doubleJacobian, toHomogeneous, toJacobian } from './weierstrass'
import { canonical, copy, fromBytes, isEqual, isZero, negateIf, reverse, subtract, toBytes } from './element'
import { addScalar, doubleScalar, increment, invertScalar, mulScalar, reduceOnce, scalarIntoForm, scalarOutOfForm } from './scalar'
import { digit, makeOdd, topDigit } from './digits'
import { invert } from './inverse'
import { CHOSEN, DIGEST, E, KEY, N, OTHER, POINT, R, S, SCALAR, SEED, WINDOW, X, Y, finish } from './layout'

export { COMB as comb } from 'curve/field'
export { DIGEST as digest, KEY as key, R as r, S as s, SCALAR as scalar, SEED as seed, X as x, Y as y } from './layout'

/**
 * r = a private key from BYTES + 8 random bytes at `seed`, reduced modulo n-1, plus 1: the 64 bits too many make the bias of
 * the reduction negligible (FIPS 186-5 A.2.1). x, y = its public key. The caller wipes r.
 */
export function keyPair(): i32 {
  memory.copy(SPARE, SEED, BYTES + 8)
  reverse(SPARE, BYTES + 8)
  const most = N + SLOT
  copy(most, ORDER)
  store<i32>(most, load<i32>(most) - 1)
  // The upper BYTES bytes are less than twice n-1; what stands below them is brought in bit by bit.
  fromBytes(N, SPARE + 8, BYTES)
  reduceOnce(N, N, most)
  const low = load<u64>(SPARE)
  for (let bit: u64 = 64; bit > 0; bit--) doubleScalar(N, ((low >> (bit - 1)) & 1) as i32, most)
  increment(N)
  writeNumber(R, N)
  mulBase(N)
  writeAffine(POINT)
  return finish()
}

/** x, y = scalar G. */
export function publicKey(): i32 {
  if (!readScalar(N, SCALAR)) return refuse()
  mulBase(N)
  writeAffine(POINT)
  return finish()
}

/** r = the x coordinate of scalar (x, y): a secret, which the caller wipes. Returns 3 where the scalar is out of range. */
export function sharedSecret(): i32 {
  if (!readScalar(N, SCALAR)) return refuse() | 3
  if (!readPoint(WINDOW)) return refuse()
  mulPoint(N)
  toAffine(E, POINT)
  outOfForm(E, E)
  writeNumber(R, E)
  return finish()
}

/**
 * r, s = the signature of `digest` under `key` with the nonce `scalar`. Returns 2 where it fails its own check: the point
 * must be on the curve, and s k = h + r d, all anew. A verification would cost four times the signature; it is not needed,
 * since faults give an ECDSA key away only where a nonce repeats (Poddebniak and others, "Attacking deterministic
 * signature schemes using fault attacks", 2018), and nonces here have randomness in them.
 */
export function sign(): i32 {
  const h = N + SLOT, r = N + 2 * SLOT, s = N + 3 * SLOT
  if (!readScalar(N, KEY)) return refuse()
  if (!readScalar(N, SCALAR)) return refuse()
  mulBase(N)
  toAffine(POINT, POINT)
  curveEquation(E, POINT)
  outOfForm(E, E)
  const onCurve = isZero(E)
  outOfForm(r, POINT)
  reduceOnce(r, r, ORDER)
  writeNumber(R, r)
  readNumber(h, DIGEST)
  readNumber(E, KEY)
  sumOf(h, r, E)
  readNumber(N, SCALAR)
  invertScalar(s, N)
  mulScalar(s, s, h)
  writeNumber(S, s)

  readNumber(h, DIGEST)
  readNumber(E, KEY)
  sumOf(h, r, E)
  scalarIntoForm(N, N)
  mulScalar(N, N, s)
  const sound = onCurve & isEqual(N, h)
  const usable = ~isZero(r) & ~isZero(s)
  finish()
  return sound ? usable & 1 : 2
}

/** Whether r, s is the signature of `digest` under (x, y). All of it is public, but it takes the same roads as secrets. */
export function verify(): i32 {
  const u = N + SLOT, r = N + 2 * SLOT, s = N + 3 * SLOT
  if (!readPoint(WINDOW)) return refuse()
  if (!readScalar(r, R) || !readScalar(s, S)) return refuse()
  invertScalar(s, s)
  readNumber(u, DIGEST)
  mulScalar(u, u, s)
  mulScalar(N, r, s)
  mulPoint(N)
  if (!isZero(u)) {
    memory.copy(OTHER, POINT, 3 * SLOT)
    mulBase(u)
    addPoint(POINT, POINT, OTHER)
  }
  outOfForm(E, POINT + 2 * SLOT)
  if (isZero(E)) return refuse()
  toAffine(E, POINT)
  outOfForm(E, E)
  reduceOnce(E, E, ORDER)
  const same = isEqual(E, r) & 1
  finish()
  return same
}

/**
 * POINT = k G, from the top row down. With the unit 2^(COMB_WIDTH i), row i brings an odd number of units to an even number
 * of them, neither 0: sum and difference are odd, so not 0, and no multiple of the order either, which is odd, as one that
 * is made of such units would be far above both. But for row 0, whose unit is 1: k = n - 34 of P-256 adds a point to itself
 * there, and k = n - 38 of P-384, so that addition is a complete one.
 */
function mulBase(k: usize): void {
  const negative = makeOdd(k)
  chooseBase(COMB_WINDOWS - 1, topDigit(COMB_WINDOWS - 1, COMB_WIDTH))
  memory.copy(POINT, CHOSEN, 2 * SLOT)
  copy(POINT + 2 * SLOT, ONE)
  for (let i = COMB_WINDOWS - 2; i > 0; i--) {
    chooseBase(i, digit(i, COMB_WIDTH))
    addDistinct(POINT, POINT, CHOSEN)
  }
  toHomogeneous(POINT)
  chooseBase(0, digit(0, COMB_WIDTH))
  addAffine(POINT, POINT, CHOSEN)
  negateIf(POINT + SLOT, negative)
}

function chooseBase(i: i32, digit: i32): void {
  const negative = digit >> 31
  select2(CHOSEN, COMB + 2 * SLOT * COMB_ENTRIES * i, COMB_ENTRIES, ((digit ^ negative) - negative) >> 1)
  negateIf(CHOSEN + SLOT, negative)
}

/** POINT = k P, P the first entry of WINDOW, affine with z = 1. */
function mulPoint(k: usize): void {
  const negative = makeOdd(k)
  addPoint(CHOSEN, WINDOW, WINDOW)
  for (let j = 1; j < WINDOW_ENTRIES; j++) addPoint(WINDOW + 3 * SLOT * j, WINDOW + 3 * SLOT * (j - 1), CHOSEN)
  choose(topDigit(WINDOW_WINDOWS - 1, WINDOW_WIDTH))
  memory.copy(POINT, CHOSEN, 3 * SLOT)
  for (let i = WINDOW_WINDOWS - 2; i >= 0; i--) {
    toJacobian(POINT)
    for (let j = 0; j < WINDOW_WIDTH; j++) doubleJacobian(POINT, POINT)
    toHomogeneous(POINT)
    choose(digit(i, WINDOW_WIDTH))
    addPoint(POINT, POINT, CHOSEN)
  }
  negateIf(POINT + SLOT, negative)
}

function choose(digit: i32): void {
  const negative = digit >> 31
  select3(CHOSEN, WINDOW, WINDOW_ENTRIES, ((digit ^ negative) - negative) >> 1)
  negateIf(CHOSEN + SLOT, negative)
}

/** h = h + r d mod n, for h and d below R. */
function sumOf(h: usize, r: usize, d: usize): void {
  scalarIntoForm(h, h)
  scalarOutOfForm(h, h)
  scalarIntoForm(d, d)
  mulScalar(d, d, r)
  addScalar(h, h, d)
}

/** o, o + SLOT = the affine x and y of p. */
function toAffine(o: usize, p: usize): void {
  const inverse = SPARE
  reciprocal(inverse, p + 2 * SLOT)
  mul(o, p, inverse)
  mul(o + SLOT, p + SLOT, inverse)
}

/** o = 1 / a, in form; 0 where a is 0. */
function reciprocal(o: usize, a: usize): void {
  outOfForm(o, a)
  invert(o, o, MODULUS, MODULUS_INVERSE)
  mul(o, o, RADIX_SQUARED)
}

/** Canonical limbs of an element that is in Montgomery form. */
function outOfForm(o: usize, a: usize): void {
  mul(o, a, PLAIN_ONE)
  canonical(o, MODULUS)
}

/** o = the point (x, y, 1), in form; false for a coordinate that is p or more, or a point off the curve (SEC 1 §3.2.2.1). */
function readPoint(o: usize): bool {
  const y = o + SLOT
  readNumber(o, X)
  readNumber(y, Y)
  if ((subtract(E, o, MODULUS) & subtract(E, y, MODULUS)) == 0) return false
  mul(o, o, RADIX_SQUARED)
  mul(y, y, RADIX_SQUARED)
  copy(o + 2 * SLOT, ONE)
  curveEquation(E, o)
  outOfForm(E, E)
  return isZero(E) != 0
}

function writeAffine(p: usize): void {
  toAffine(E, p)
  outOfForm(E, E)
  outOfForm(E + SLOT, E + SLOT)
  writeNumber(X, E)
  writeNumber(Y, E + SLOT)
}

/** Whether it is from 1 to n-1. */
function readScalar(o: usize, bytes: usize): bool {
  readNumber(o, bytes)
  return (~isZero(o) & subtract(E, o, ORDER)) != 0
}

/** Big-endian, as SEC 1 §2.3 writes numbers. */
function readNumber(o: usize, bytes: usize): void {
  memory.copy(SPARE, bytes, BYTES)
  reverse(SPARE, BYTES)
  fromBytes(o, SPARE, BYTES)
}

function writeNumber(bytes: usize, a: usize): void {
  toBytes(bytes, a, BYTES)
  reverse(bytes, BYTES)
}

function refuse(): i32 {
  finish()
  return 0
}

/** An element that nothing else uses. */
const SPARE: usize = E + 9 * SLOT
