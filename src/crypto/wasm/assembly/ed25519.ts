/**
 * Ed25519 (RFC 8032 §5.1), but for its hashes, which are the caller's: it hands over SHA-512's 64 bytes where the RFC hashes.
 * Numbers and points are 32 little-endian bytes.
 *
 * No branch and no address depends on a key or a nonce.
 */
import {
  BYTES, CURVE_D, MODULUS, ONE, ORDER, ORDER_TIMES_2_256, ROOT_OF_MINUS_ONE, SLOT, mul, sqr,
} from 'curve/field'
import { addCached, cache, doubleExtended } from './edwards'
import { mulBase } from './edwards-comb'
import { mulPoint } from './edwards-multiples'
import { add, carry, copy, fromBytes, isZero, negateIf, setNumber, sub, subtract, toBytes } from './element'
import { freeze, ignoreTopBit, reciprocal } from './element25519'
import { CHOSEN, E, KEY, N, OTHER, POINT, R, S, SCALAR, SEED, X, finish } from './layout'
import { addScalar, mulScalar, scalarIntoForm, scalarOutOfForm } from './scalar'
import { clamp } from './x25519'

/** x = the public key, from the first half of the seed's hash at `scalar` (§5.1.5). */
export function verifyingKey(): i32 {
  clamp(SCALAR)
  fromBytes(N, SCALAR, BYTES)
  mulBase(N)
  writePoint(X)
  return finish()
}

/** s = the nonce, the hash at `seed` modulo the order: a secret, which the caller wipes. r = its point (§5.1.6, steps 2, 3). */
export function commit(): i32 {
  readHash(N)
  toBytes(S, N, BYTES)
  mulBase(N)
  writePoint(R)
  return finish()
}

/** s = `scalar` + k `key`, where the nonce is at `scalar`, the first half of the seed's hash at `key`, k at `seed` (step 5). */
export function respond(): i32 {
  clamp(KEY)
  readHash(N)
  fromBytes(E, KEY, BYTES)
  mulScalar(N, N, E)
  scalarIntoForm(N, N)
  fromBytes(E, SCALAR, BYTES)
  addScalar(N, N, E)
  toBytes(S, N, BYTES)
  return finish()
}

/**
 * Whether r, s is a signature under the public key x, where k is at `seed` (§5.1.7): s B - k A must be written as r is. A key of
 * small order is none: k A would be one of eight points, and a signature that nobody made hold for one message in eight.
 */
export function verify(): i32 {
  const s = N + SLOT
  fromBytes(s, S, BYTES)
  const valid = subtract(E, s, ORDER) != 0 && readPoint(X) && !hasSmallOrder()
  if (valid) {
    negateIf(POINT, -1)
    negateIf(POINT + 3 * SLOT, -1)
    readHash(N)
    mulPoint(N)
    memory.copy(OTHER, POINT, 4 * SLOT)
    mulBase(s)
    cache(CHOSEN, OTHER)
    addCached(POINT, POINT, CHOSEN)
    writePoint(X)
  }
  const same = valid && sameBytes(X, R)
  finish()
  return same ? 1 : 0
}

/** Whether eight times POINT is the neutral element: where x is 0 of four times it, as of the points of order 1 and 2. */
function hasSmallOrder(): bool {
  doubleExtended(OTHER, POINT)
  doubleExtended(OTHER, OTHER)
  freeze(OTHER, OTHER)
  return isZero(OTHER) != 0
}

/** The 64 bytes at `seed` modulo the order: the upper half times 2^256, and the lower half. */
function readHash(o: usize): void {
  fromBytes(E, SEED + 32, BYTES)
  mulScalar(o, E, ORDER_TIMES_2_256)
  fromBytes(E, SEED, BYTES)
  scalarIntoForm(E, E)
  scalarOutOfForm(E, E)
  addScalar(o, o, E)
}

/** POINT in 32 bytes: y, and the lowest bit of x on top (§5.1.2). */
function writePoint(bytes: usize): void {
  const x = E, y = E + SLOT, inverse = E + 2 * SLOT
  reciprocal(inverse, POINT + 2 * SLOT)
  mul(x, POINT, inverse)
  mul(y, POINT + SLOT, inverse)
  freeze(x, x)
  freeze(y, y)
  toBytes(bytes, y, BYTES)
  store<u8>(bytes + 31, load<u8>(bytes + 31) | (((load<i32>(x) & 1) << 7) as u8))
}

/** §5.1.3: the point into POINT; false where y is 2^255-19 or more, no x belongs to it, or x is 0 and said to be odd. */
function readPoint(bytes: usize): bool {
  const x = POINT, y = POINT + SLOT
  const u = E, v = E + SLOT, v3 = E + 2 * SLOT, power = E + 3 * SLOT, check = E + 4 * SLOT
  fromBytes(y, bytes, BYTES)
  ignoreTopBit(y)
  if (subtract(check, y, MODULUS) == 0) return false
  carry(y, y)
  // x^2 = u / v = (y^2 - 1) / (d y^2 + 1)
  sqr(u, y)
  mul(v, u, CURVE_D)
  sub(u, u, ONE)
  add(v, v, ONE)
  // x = u v^3 (u v^7)^((p - 5) / 8), up to a square root of -1.
  sqr(v3, v)
  mul(v3, v3, v)
  sqr(power, v3)
  mul(power, power, v)
  mul(power, power, u)
  raise(power)
  mul(x, u, v3)
  mul(x, x, power)
  sqr(check, x)
  mul(check, check, v)
  sub(power, check, u)
  add(check, check, u)
  freeze(power, power)
  freeze(check, check)
  if (!isZero(power)) {
    if (!isZero(check)) return false
    mul(x, x, ROOT_OF_MINUS_ONE)
  }
  freeze(check, x)
  const odd = (load<u8>(bytes + 31) >> 7) as i32
  if (isZero(check) && odd) return false
  negateIf(x, -((load<i32>(check) & 1) ^ odd))
  setNumber(POINT + 2 * SLOT, 1)
  mul(POINT + 3 * SLOT, x, y)
  return true
}

/** a = a^(2^252 - 3): every bit of the exponent is 1, but for that of 2. */
function raise(a: usize): void {
  const base = E + 5 * SLOT
  copy(base, a)
  for (let bit = 250; bit >= 0; bit--) {
    sqr(a, a)
    if (bit != 1) mul(a, a, base)
  }
}

function sameBytes(a: usize, b: usize): bool {
  let difference: u64 = 0
  for (let i: usize = 0; i < 32; i += 8) difference |= load<u64>(a + i) ^ load<u64>(b + i)
  return difference == 0
}
