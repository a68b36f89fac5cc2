/** Keys as node:crypto takes them: JSON Web Keys (RFC 7517; RFC 7518 §6; RFC 8037 §2). */
import { scalarLength } from '../key-check.ts'
import type { PrivateKey, PublicKey } from '../provider.ts'

export function publicJwk(key: PublicKey): Record<string, string> {
  if (key.kind === 'ed25519') return { kty: 'OKP', crv: 'Ed25519', x: toBase64url(key.publicKey) }
  if (key.kind === 'rsa') return { kty: 'RSA', n: toBase64url(key.n), e: toBase64url(key.e) }
  const half = 1 + scalarLength[key.curve]
  return {
    kty: 'EC',
    crv: key.curve,
    x: toBase64url(key.point.subarray(1, half)),
    y: toBase64url(key.point.subarray(half)),
  }
}

export function privateJwk(key: PrivateKey): Record<string, string> {
  if (key.kind === 'ed25519') return { ...publicJwk(key), d: toBase64url(key.seed) }
  if (key.kind === 'ecdsa') return { ...publicJwk(key), d: toBase64url(key.scalar) }
  const primes = { p: toBase64url(key.p), q: toBase64url(key.q), dp: toBase64url(key.dp), dq: toBase64url(key.dq) }
  return { ...publicJwk(key), d: toBase64url(key.d), ...primes, qi: toBase64url(key.qi) }
}

/** Bytes as they stand in such a key. */
export function toBase64url(data: Uint8Array): string {
  return Buffer.from(data).toString('base64url')
}
