import { gcm } from '@noble/ciphers/aes.js'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { ed25519, x25519 as curve25519 } from '@noble/curves/ed25519.js'
import { p256 as curveP256, p384 } from '@noble/curves/nist.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { equalConstantTime } from '../../bytes/arrays.ts'
import {
  aeadKeyLength,
  tagLength,
  type Aead,
  type AeadName,
  type CryptoProvider,
  type Hash,
  type HashName,
  type KeyExchange,
  type PrivateKey,
  type PublicKey,
  type SignatureName,
  type SigningKey,
} from '../provider.ts'
import { rsaSigningKey, verifyRsa } from './rsa.ts'

/**
 * Primitives in JavaScript only: the audited @noble libraries, and for RSA (which they do not have) our own. No C code
 * touches a secret or a peer's bytes. It is the default, the reference, and the oracle of the other providers.
 */
export const noble: CryptoProvider = {
  name: 'noble',
  hash: (name) => wrapHash(hashes[name].create()),
  hmac: (name, key, message) => hmac(hashes[name], key, message),
  aead,
  keyExchange: (name) => (name === 'X25519' ? x25519 : p256),
  signingKey,
  verify,
}

const hashes = { 'SHA-256': sha256, 'SHA-384': sha384, 'SHA-512': sha512 } as const satisfies Record<HashName, unknown>
const curves = { 'P-256': curveP256, 'P-384': p384 } as const

interface NobleHash {
  update(bytes: Uint8Array): unknown
  digest(): Uint8Array
  clone(): NobleHash
}

function wrapHash(hash: NobleHash): Hash {
  return {
    update: (bytes) => void hash.update(bytes),
    digest: () => hash.clone().digest(),
    clone: () => wrapHash(hash.clone()),
  }
}

function aead(name: AeadName, key: Uint8Array): Aead {
  if (key.length !== aeadKeyLength[name])
    throw new RangeError(`${name}: key of ${key.length} bytes, expected ${aeadKeyLength[name]}`)
  const secret = Uint8Array.from(key)
  const cipher = name === 'ChaCha20-Poly1305' ? chacha20poly1305 : gcm
  return {
    seal: (nonce, aad, plaintext) => cipher(secret, nonce, aad).encrypt(plaintext),
    open(nonce, aad, ciphertext) {
      if (ciphertext.length < tagLength) return undefined
      try {
        return cipher(secret, nonce, aad).decrypt(ciphertext)
      } catch {
        return undefined
      }
    },
    wipe: () => void secret.fill(0),
  }
}

const x25519: KeyExchange = {
  keyPair(random) {
    const privateKey = random(32)
    return { privateKey, share: curve25519.getPublicKey(privateKey) }
  },
  sharedSecret(privateKey, peerShare) {
    if (peerShare.length !== 32) return undefined
    try {
      const secret = curve25519.getSharedSecret(privateKey, peerShare)
      return equalConstantTime(secret, new Uint8Array(32)) ? undefined : secret
    } catch {
      return undefined
    }
  },
}

const p256: KeyExchange = {
  keyPair(random) {
    // FIPS 186-5 A.2.1: 64 bits more than the order make the bias of the reduction negligible.
    const wide = random(40)
    let value = 0n
    for (const byte of wide) value = (value << 8n) | BigInt(byte)
    const scalar = (value % (curveP256.Point.Fn.ORDER - 1n)) + 1n
    const privateKey = curveP256.Point.Fn.toBytes(scalar)
    return { privateKey, share: curveP256.getPublicKey(privateKey, false) }
  },
  sharedSecret(privateKey, peerShare) {
    if (peerShare.length !== 65 || peerShare[0] !== 4) return undefined
    try {
      // RFC 8446 §7.4.2: the secret is the x coordinate, without its sign byte.
      return curveP256.getSharedSecret(privateKey, peerShare, true).slice(1)
    } catch {
      return undefined
    }
  },
}

function signingKey(key: PrivateKey): SigningKey {
  if (key.kind === 'rsa') return rsaSigningKey(key, (name) => hashes[name])
  if (key.kind === 'ed25519') {
    if (key.seed.length !== 32 || !equalConstantTime(ed25519.getPublicKey(key.seed), key.publicKey))
      throw new Error('the ed25519 private key does not match its public key')
    return {
      schemes: ['Ed25519'],
      sign: (scheme, message) => (demand(scheme, 'Ed25519'), ed25519.sign(message, key.seed)),
    }
  }
  const curve = curves[key.curve]
  const only = key.curve === 'P-256' ? 'ECDSA-P256-SHA256' : 'ECDSA-P384-SHA384'
  if (!curve.utils.isValidSecretKey(key.scalar))
    throw new Error(`the ${key.curve} private key is not in the range 1 to n-1`)
  if (!equalConstantTime(curve.getPublicKey(key.scalar, false), key.point))
    throw new Error(`the ${key.curve} private key does not match its public key`)
  return {
    schemes: [only],
    sign(scheme, message, random) {
      demand(scheme, only)
      // RFC 6979 hedged with fresh randomness (§3.6): neither a bad generator nor a glitch repeats a nonce.
      return curve.sign(message, key.scalar, { format: 'der', lowS: false, extraEntropy: random(32) })
    },
  }
}

function demand(scheme: SignatureName, only: SignatureName): void {
  if (scheme !== only) throw new Error(`a key for ${only} cannot sign ${scheme}`)
}

function verify(scheme: SignatureName, key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    if (key.kind === 'rsa') return verifyRsa(scheme, key, message, signature, (name) => hashes[name])
    if (key.kind === 'ed25519')
      return scheme === 'Ed25519' && ed25519.verify(signature, message, key.publicKey, { zip215: false })
    if (scheme !== (key.curve === 'P-256' ? 'ECDSA-P256-SHA256' : 'ECDSA-P384-SHA384')) return false
    return curves[key.curve].verify(signature, message, key.point, { format: 'der', lowS: false })
  } catch {
    return false
  }
}
