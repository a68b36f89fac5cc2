import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'
import { equalConstantTime } from '../../bytes/arrays.ts'
import type { DiffieHellman } from '../key-exchange.ts'
import { toBase64url } from './jwk.ts'
import { withoutStacks } from './without-stacks.ts'

/** X25519 (RFC 7748) of OpenSSL. */
export const x25519: DiffieHellman = {
  keyPair(random) {
    const privateKey = random(32)
    const key = privateKeyOf(privateKey)
    imported.set(privateKey, key)
    return { privateKey, share: shareOf(createPublicKey(key)) }
  },
  sharedSecret(privateKey, peerShare) {
    const key = imported.get(privateKey) ?? privateKeyOf(privateKey)
    if (peerShare.length !== 32) return undefined
    try {
      const peer = { kty: 'OKP', crv: 'X25519', x: toBase64url(peerShare) }
      const publicKey = withoutStacks(() => createPublicKey({ key: peer, format: 'jwk' }))
      const secret = new Uint8Array(diffieHellman({ privateKey: key, publicKey }))
      // RFC 7748 §6.1. OpenSSL refuses it by itself; that is not ours to rely on.
      return equalConstantTime(secret, new Uint8Array(32)) ? undefined : secret
    } catch {
      return undefined
    }
  },
}

/** Of the pairs made here: to import a key costs as much again as to agree by it. */
const imported = new WeakMap<Uint8Array, KeyObject>()

function privateKeyOf(privateKey: Uint8Array): KeyObject {
  if (privateKey.length !== 32) throw new RangeError(`X25519: private key of ${privateKey.length} bytes, expected 32`)
  // JWK demands an `x` beside `d`, which only this call can compute; Node reads `d` alone and derives the public key.
  const jwk = { kty: 'OKP', crv: 'X25519', d: toBase64url(privateKey), x: toBase64url(new Uint8Array(32)) }
  return withoutStacks(() => createPrivateKey({ key: jwk, format: 'jwk' }))
}

function shareOf(key: KeyObject): Uint8Array {
  return new Uint8Array(Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url'))
}
