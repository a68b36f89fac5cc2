/**
 * X25519 (RFC 7748 §5, §6.1). Numbers are 32 little-endian bytes.
 *
 * No branch and no address depends on a scalar: the ladder swaps by masks, tables are read whole.
 */
import { BYTES, SLOT } from 'curve/field'
import { mulBase } from './edwards-multiples'
import { ladderStep } from './edwards'
import { add, copy, fromBytes, isZero, setNumber, sub, swapIf, toBytes } from './element'
import { divide, ignoreTopBit } from './element25519'
import { E, N, OTHER, POINT, SCALAR, X, finish } from './layout'

/** x = the shared secret of `scalar` and the peer's x: a secret, which the caller wipes. 0 where it is all zeros, else 1. */
export function sharedSecret(): i32 {
  const x1 = E, p2 = POINT, p3 = OTHER
  clamp(SCALAR)
  fromBytes(x1, X, BYTES)
  // RFC 7748 §5: the top bit is ignored; numbers from 2^255-19 to 2^255-1 are taken.
  ignoreTopBit(x1)
  setNumber(p2, 1)
  setNumber(p2 + SLOT, 0)
  copy(p3, x1)
  setNumber(p3 + SLOT, 1)
  let swapped: i32 = 0
  for (let i = 254; i >= 0; i--) {
    const bit = -((load<u8>(SCALAR + (i >> 3)) >> (i & 7)) & 1) as i32
    swapPoints(p2, p3, swapped ^ bit)
    swapped = bit
    ladderStep(x1, p2, p3)
  }
  swapPoints(p2, p3, swapped)
  divide(E, p2, p2 + SLOT)
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

function swapPoints(p: usize, q: usize, mask: i32): void {
  swapIf(p, q, mask)
  swapIf(p + SLOT, q + SLOT, mask)
}
