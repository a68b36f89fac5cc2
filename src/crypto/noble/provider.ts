import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { ed25519, x25519 as curve25519 } from '@noble/curves/ed25519.js'
import { p256, p384 } from '@noble/curves/nist.js'
import { expand } from '@noble/hashes/hkdf.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { concat, equalConstantTime } from '../../bytes/arrays.ts'
import { CheckedAead, type Cipher } from '../aead.ts'
import { checkExpansions } from '../hkdf.ts'
import {
  demandScheme,
  isUncompressed,
  scalarFrom,
  scalarLength,
  schemeFits,
  signatureDetails,
  signingSchemes,
  type EcdsaPrivateKey,
} from '../key-check.ts'
import { keyExchanges, type DiffieHellman } from '../key-exchange.ts'
import {
  type AeadName,
  type CryptoProvider,
  type CurveName,
  type Hash,
  type HashName,
  type PrivateKey,
  type PublicKey,
  type SignatureName,
  type SigningKey,
} from '../provider.ts'
import { gcm } from './gcm.ts'
import { mlKem768 } from './ml-kem.ts'
import { rsaSigningKey, verifyRsa } from './rsa/rsa.ts'

/**
 * Primitives in JavaScript only: the audited @noble libraries, and for RSA (which they do not have) our own. No C code
 * touches a secret or a peer's bytes. It is the reference, and the oracle of the other providers.
 */
export const noble: CryptoProvider = {
  name: 'noble',
  hash: (name) => wrapHash(hashes[name].create()),
  hmac: (name, key, message) => hmac(hashes[name], key, message),
  expand(name, key, outputs) {
    checkExpansions(name, key, outputs)
    return outputs.map(({ info, length }) => expand(hashes[name], key, info, length))
  },
  aead: (name, key) => new CheckedAead(name, key, cipher),
  keyExchange: (name) => groups[name],
  signingKey,
  verify,
}

const hashes = { 'SHA-256': sha256, 'SHA-384': sha384, 'SHA-512': sha512 } as const satisfies Record<HashName, unknown>
const curves = { 'P-256': p256, 'P-384': p384 } as const

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

function cipher(name: AeadName, key: Uint8Array): Cipher {
  return name === 'ChaCha20-Poly1305' ? chacha(key) : gcm(key)
}

function chacha(key: Uint8Array): Cipher {
  return {
    sealInto(target, nonce, aad, text, tail) {
      target.set(chacha20poly1305(key, nonce, aad).encrypt(concat(text, tail)))
    },
    openInto(target, nonce, aad, ciphertext) {
      let plaintext
      try {
        plaintext = chacha20poly1305(key, nonce, aad).decrypt(ciphertext)
      } catch {
        return false
      }
      target.set(plaintext)
      return true
    },
    wipe() {
      // ChaCha20 derives nothing from its key that would outlive a record.
    },
  }
}

const x25519: DiffieHellman = {
  keyPair(random) {
    const privateKey = random(32)
    return { privateKey, share: curve25519.getPublicKey(privateKey) }
  },
  sharedSecret(privateKey, peerShare) {
    if (privateKey.length !== 32) throw new RangeError(`X25519: private key of ${privateKey.length} bytes, expected 32`)
    if (peerShare.length !== 32) return undefined
    try {
      const secret = curve25519.getSharedSecret(privateKey, peerShare)
      // RFC 7748 §6.1. The library refuses it by itself; that is not ours to rely on.
      return equalConstantTime(secret, new Uint8Array(32)) ? undefined : secret
    } catch {
      return undefined
    }
  },
}

function ecdh(name: CurveName): DiffieHellman {
  const curve = curves[name]
  return {
    keyPair(random) {
      const privateKey = scalarFrom(name, random)
      return { privateKey, share: curve.getPublicKey(privateKey, false) }
    },
    sharedSecret(privateKey, peerShare) {
      if (!curve.utils.isValidSecretKey(privateKey))
        throw new RangeError(`${name}: the private key is not ${scalarLength[name]} bytes in the range 1 to n-1`)
      if (!isUncompressed(name, peerShare)) return undefined
      try {
        // RFC 8446 §7.4.2: the secret is the x coordinate, without its sign byte.
        return curve.getSharedSecret(privateKey, peerShare, true).slice(1)
      } catch {
        return undefined
      }
    },
  }
}

const groups = keyExchanges({ x25519, p256: ecdh('P-256'), p384: ecdh('P-384'), mlKem768 })

function signingKey(key: PrivateKey): SigningKey {
  const sign = signer(key)
  return {
    schemes: signingSchemes(key),
    sign(scheme, message, random) {
      demandScheme(key, scheme)
      return sign(scheme, message, random)
    },
  }
}

function signer(key: PrivateKey): SigningKey['sign'] {
  if (key.kind === 'rsa') return rsaSigningKey(key, (name) => hashes[name])
  if (key.kind === 'ecdsa') return ecdsaSigner(key)
  if (key.seed.length !== 32 || !equalConstantTime(ed25519.getPublicKey(key.seed), key.publicKey))
    throw new Error('the Ed25519 private key does not match its public key')
  const seed = Uint8Array.from(key.seed)
  return (_, message) => ed25519.sign(message, seed)
}

function ecdsaSigner(key: EcdsaPrivateKey): SigningKey['sign'] {
  const curve = curves[key.curve]
  if (!curve.utils.isValidSecretKey(key.scalar))
    throw new Error(`the ${key.curve} private key is not in the range 1 to n-1`)
  if (!equalConstantTime(curve.getPublicKey(key.scalar, false), key.point))
    throw new Error(`the ${key.curve} private key does not match its public key`)
  const scalar = Uint8Array.from(key.scalar)
  // RFC 6979 §3.6: hedged with fresh randomness, so that neither a bad generator nor a glitch repeats a nonce.
  return (_, message, random) => curve.sign(message, scalar, { format: 'der', lowS: false, extraEntropy: random(32) })
}

function verify(scheme: SignatureName, key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (!schemeFits(key, scheme)) return false
  if (key.kind === 'ecdsa' && !isUncompressed(key.curve, key.point)) return false
  try {
    if (key.kind === 'rsa') return verifyRsa(scheme, key, message, signature, (name) => hashes[name])
    // RFC 8032 §5.1.7, not ZIP 215, which takes encodings that the RFC refuses.
    if (key.kind === 'ed25519') return ed25519.verify(signature, message, key.publicKey, { zip215: false })
    // ECDSA as everybody makes it: half of all honest signatures have a high s. The hash is the scheme's, not the curve's.
    const digest = hashes[signatureDetails[scheme].hash](message)
    return curves[key.curve].verify(signature, digest, key.point, { format: 'der', lowS: false, prehash: false })
  } catch {
    return false
  }
}
