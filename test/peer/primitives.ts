/**
 * The primitives of the misbehaving peer, from node:crypto alone: nothing under test/peer imports the engine, so that a
 * mistake would have to be made twice to go unseen.
 */
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
} from 'node:crypto'

export type HashAlgorithm = 'sha256' | 'sha384'

export const digestLength = { sha256: 32, sha384: 48 } as const

export function digest(hash: HashAlgorithm, ...parts: readonly Uint8Array[]): Buffer {
  return createHash(hash).update(Buffer.concat(parts)).digest()
}

export function hmac(hash: HashAlgorithm, key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  return createHmac(hash, key).update(Buffer.concat(parts)).digest()
}

/** HKDF-Expand (RFC 5869 §2.3). */
export function hkdfExpand(hash: HashAlgorithm, secret: Uint8Array, info: Uint8Array, length: number): Buffer {
  let block: Buffer = Buffer.alloc(0)
  let out: Buffer = Buffer.alloc(0)
  for (let i = 1; out.length < length; i++) {
    block = hmac(hash, secret, block, info, Buffer.of(i))
    out = Buffer.concat([out, block])
  }
  return out.subarray(0, length)
}

/** P_hash of TLS 1.2 (RFC 5246 §5). */
export function prf(hash: HashAlgorithm, secret: Uint8Array, label: string, seed: Uint8Array, length: number): Buffer {
  const labelled = Buffer.concat([Buffer.from(label), seed])
  let a: Buffer = labelled
  let out: Buffer = Buffer.alloc(0)
  while (out.length < length) {
    a = hmac(hash, secret, a)
    out = Buffer.concat([out, hmac(hash, secret, a, labelled)])
  }
  return out.subarray(0, length)
}

export type Cipher = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305'

export const cipherKeyLength = { 'aes-128-gcm': 16, 'aes-256-gcm': 32, 'chacha20-poly1305': 32 } as const

export function seal(cipher: Cipher, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Buffer {
  const with_ = createCipheriv(cipher as 'aes-128-gcm', key, nonce, { authTagLength: 16 })
  with_.setAAD(aad, { plaintextLength: plain.length })
  return Buffer.concat([with_.update(plain), with_.final(), with_.getAuthTag()])
}

/** Throws where the tag does not match. */
export function open(cipher: Cipher, key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Buffer {
  const with_ = createDecipheriv(cipher as 'aes-128-gcm', key, nonce, { authTagLength: 16 })
  const length = sealed.length - 16
  with_.setAAD(aad, { plaintextLength: length })
  with_.setAuthTag(sealed.subarray(length))
  return Buffer.concat([with_.update(sealed.subarray(0, length)), with_.final()])
}

/** One side of a key exchange: what it shows, and what it makes of the other's share. */
export interface Half {
  readonly share: Buffer
  readonly agree: (peerShare: Uint8Array) => Buffer
}

export const groupNumber = { 'P-256': 23, 'P-384': 24, X25519: 29 } as const
export type Group = keyof typeof groupNumber

export function half(group: Group): Half {
  if (group !== 'X25519') {
    const ecdh = createECDH(group === 'P-256' ? 'prime256v1' : 'secp384r1')
    return { share: ecdh.generateKeys(), agree: (peerShare) => ecdh.computeSecret(peerShare) }
  }
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  // A SubjectPublicKeyInfo of X25519 is these twelve bytes and the key (RFC 8410 §4).
  const prefix = Buffer.from('302a300506032b656e032100', 'hex')
  const share = publicKey.export({ format: 'der', type: 'spki' }).subarray(prefix.length)
  const agree = (peerShare: Uint8Array): Buffer => {
    const key = Buffer.concat([prefix, peerShare])
    return diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: 'der', type: 'spki' }) })
  }
  return { share, agree }
}
