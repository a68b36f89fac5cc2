/**
 * X25519 (RFC 7748 §5, §6.1). Numbers are 32 little-endian bytes.
 *
 * No branch and no address depends on a scalar: the ladder chooses by masks, tables are read whole.
 */
import { BYTES, SLOT } from 'curve/field'
import { mulBase } from './edwards-comb'
import { add, fromBytes, isZero, sub, toBytes } from './element'
import { divide } from './element25519'
import { multiply } from './ladder'
import { E, N, POINT, SCALAR, X, finish } from './layout'

/** x = the shared secret of `scalar` and the peer's x: a secret, which the caller wipes. 0 where it is all zeros, else 1. */
export function sharedSecret(): i32 {
  clamp(SCALAR)
  multiply(E, E + SLOT, SCALAR, X)
  divide(E, E, E + SLOT)
  toBytes(X, E, BYTES)
  const zero = isZero(E)
  finish()
  return zero + 1
}

/** x = the public key of `scalar`, by the Edwards curve: u = (1 + y) / (1 - y), and 9 belongs to its base point. */
export function publicKey(): i32 {
  clamp(SCALAR)
  fromBytes(N, SCALAR, BYTES)
  mulBase(N)
  const y = POINT + SLOT, z = POINT + 2 * SLOT
  add(E, z, y)
  sub(E + SLOT, z, y)
  divide(E, E, E + SLOT)
  toBytes(X, E, BYTES)
  return finish()
}

/** RFC 7748 §5, decodeScalar25519. */
export function clamp(k: usize): void {
  store<u8>(k, load<u8>(k) & 248)
  store<u8>(k + 31, (load<u8>(k + 31) & 127) | 64)
}
