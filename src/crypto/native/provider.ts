import {
  constants,
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  sign,
  verify as verifySignature,
  type Hash as NodeHash,
  type KeyObject,
} from 'node:crypto'
import { equalConstantTime } from '../../bytes/arrays.ts'
import { CheckedAead, type Cipher } from '../aead.ts'
import { expandBy } from '../hkdf.ts'
import {
  checkRsaPrivateKey,
  demandScheme,
  isRsaPublicKey,
  isUncompressed,
  saltLength,
  scalarFrom,
  scalarLength,
  schemeFits,
  signatureDetails,
  signingSchemes,
} from '../key-check.ts'
import { keyExchanges, type DiffieHellman } from '../key-exchange.ts'
import {
  tagLength,
  type AeadName,
  type CryptoProvider,
  type CurveName,
  type Hash,
  type PrivateKey,
  type PublicKey,
  type SignatureName,
  type SigningKey,
} from '../provider.ts'
import { hmac, nodeHash } from './hmac.ts'
import { privateJwk, publicJwk, toBase64url } from './jwk.ts'
import { mlKem768 } from './ml-kem.ts'
import { withoutStacks } from './without-stacks.ts'
import { x25519 } from './x25519.ts'

/**
 * The primitives of node:crypto (OpenSSL's libcrypto), and nothing else of it: not its TLS, not its X.509 parser. Keys
 * come in as numbers and go over as JWK, so no DER of a stranger reaches C through here, except the two integers of an
 * ECDSA signature (RFC 8446 §4.2.3 leaves no other form).
 *
 * Keys are KeyObjects wherever they are used: Node 24 finds out that bytes are not one by throwing and catching two
 * errors, which costs more than to seal a record.
 */
export const native: CryptoProvider = {
  name: 'native',
  hash: (name) => wrapHash(createHash(nodeHash[name])),
  hmac,
  expand: expandBy(hmac),
  aead: (name, key) => new CheckedAead(name, key, cipher),
  keyExchange: (name) => groups[name],
  signingKey,
  verify,
}

const nodeCurve = { 'P-256': 'prime256v1', 'P-384': 'secp384r1' } as const
const nodeCipher = {
  'AES-128-GCM': 'aes-128-gcm',
  'AES-256-GCM': 'aes-256-gcm',
  'ChaCha20-Poly1305': 'chacha20-poly1305',
} as const

// A Buffer may be a window into node's shared pool; a plain array of its own is what the interface promises.
function bytes(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer)
}

/**
 * Frees what node:crypto gave us, without waiting for the collector: the next record then gets the same memory, which the
 * processor's caches still hold.
 */
function free(buffer: Buffer<ArrayBuffer>): void {
  buffer.buffer.transfer(0)
}

function wrapHash(hash: NodeHash): Hash {
  return {
    update: (data) => void hash.update(data),
    digest: () => bytes(hash.copy().digest()),
    clone: () => wrapHash(hash.copy()),
  }
}

function cipher(name: AeadName, key: Uint8Array): Cipher {
  // One cast: the three ciphers take the same options, but their types are overloads.
  const algorithm = nodeCipher[name] as 'aes-128-gcm'
  const options = { authTagLength: tagLength }
  const secret = createSecretKey(key)
  return {
    sealInto(target, nonce, aad, text, tail) {
      const length = text.length + tail.length
      const sealing = createCipheriv(algorithm, secret, nonce, options).setAAD(aad)
      // One more call would cost more than the copy that makes one of the two.
      target.set(text)
      target.set(tail, text.length)
      // All three are stream ciphers: everything comes out at once, and `final` has only the tag to make.
      const sealed = sealing.update(target.subarray(0, length))
      target.set(sealed)
      free(sealed)
      sealing.final()
      target.set(sealing.getAuthTag(), length)
    },
    openInto(target, nonce, aad, ciphertext) {
      const length = ciphertext.length - tagLength
      const opening = createDecipheriv(algorithm, secret, nonce, options).setAAD(aad)
      opening.setAuthTag(ciphertext.subarray(length))
      const plaintext = opening.update(ciphertext.subarray(0, length))
      try {
        opening.final()
      } catch {
        // What was deciphered before the tag was seen to be wrong must not outlive this call.
        plaintext.fill(0)
        return false
      }
      target.set(plaintext)
      free(plaintext)
      return true
    },
    wipe() {
      // The copy inside of the KeyObject is OpenSSL's, which overwrites it when the object is collected.
    },
  }
}

function ecdh(name: CurveName): DiffieHellman {
  return {
    keyPair(random) {
      const privateKey = scalarFrom(name, random)
      const pair = createECDH(nodeCurve[name])
      pair.setPrivateKey(privateKey)
      return { privateKey, share: bytes(pair.getPublicKey()) }
    },
    sharedSecret(privateKey, peerShare) {
      const pair = createECDH(nodeCurve[name])
      try {
        if (privateKey.length !== scalarLength[name]) throw new RangeError()
        pair.setPrivateKey(privateKey)
      } catch {
        throw new RangeError(`${name}: the private key is not ${scalarLength[name]} bytes in the range 1 to n-1`)
      }
      if (!isUncompressed(name, peerShare)) return undefined
      try {
        return bytes(pair.computeSecret(peerShare))
      } catch {
        return undefined
      }
    },
  }
}

const groups = keyExchanges({ x25519, p256: ecdh('P-256'), p384: ecdh('P-384'), mlKem768 })

function signingKey(key: PrivateKey): SigningKey {
  checkPrivateKey(key)
  const object = importPrivate(key)
  return {
    schemes: signingSchemes(key),
    sign(scheme, message) {
      demandScheme(key, scheme)
      const signer = key.kind === 'rsa' ? { key: object, ...padding(scheme) } : object
      return bytes(withoutStacks(() => sign(hashOf(scheme), message, signer)))
    },
  }
}

/** Node takes a JWK whose private and public halves are strangers; the interface promises to refuse it. */
function checkPrivateKey(key: PrivateKey): void {
  if (key.kind === 'rsa') return checkRsaPrivateKey(key)
  if (key.kind === 'ed25519') {
    const derived = key.seed.length === 32 && createPublicKey(importPrivate(key)).export({ format: 'jwk' }).x
    if (derived !== toBase64url(key.publicKey)) throw new Error('the Ed25519 private key does not match its public key')
    return
  }
  const pair = createECDH(nodeCurve[key.curve])
  try {
    if (key.scalar.length !== scalarLength[key.curve]) throw new RangeError()
    pair.setPrivateKey(key.scalar)
  } catch {
    throw new Error(`the ${key.curve} private key is not in the range 1 to n-1`)
  }
  if (!equalConstantTime(pair.getPublicKey(), key.point))
    throw new Error(`the ${key.curve} private key does not match its public key`)
}

function importPrivate(key: PrivateKey): KeyObject {
  try {
    return withoutStacks(() => createPrivateKey({ key: privateJwk(key), format: 'jwk' }))
  } catch {
    // OpenSSL's message may quote the input; ours must not, and so it has no cause either.
    throw new Error(`the ${key.kind} private key is not a valid one`)
  }
}

function verify(scheme: SignatureName, key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (!schemeFits(key, scheme)) return false
  if (key.kind === 'rsa' && !isRsaPublicKey(key)) return false
  if (key.kind === 'ecdsa' && !isUncompressed(key.curve, key.point)) return false
  try {
    return withoutStacks(() => {
      const object = createPublicKey({ key: publicJwk(key), format: 'jwk' })
      return verifySignature(hashOf(scheme), message, { key: object, ...padding(scheme) }, signature)
    })
  } catch {
    return false
  }
}

function hashOf(scheme: SignatureName): string | undefined {
  // Ed25519 does its own hashing, and Node wants to hear of none.
  return scheme === 'Ed25519' ? undefined : nodeHash[signatureDetails[scheme].hash]
}

function padding(scheme: SignatureName): object {
  const { kind, padding } = signatureDetails[scheme]
  if (padding === 'pss') return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: saltLength(scheme) }
  if (padding === 'pkcs1') return { padding: constants.RSA_PKCS1_PADDING }
  return kind === 'ecdsa' ? { dsaEncoding: 'der' } : {}
}
