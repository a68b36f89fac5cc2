import {
  constants,
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  sign,
  verify,
  type Hash as NodeHash,
  type KeyObject,
} from 'node:crypto'
import { concat, equalConstantTime } from '../../bytes/arrays.ts'
import {
  aeadKeyLength,
  tagLength,
  type Aead,
  type AeadName,
  type CryptoProvider,
  type Hash,
  type KeyExchange,
  type PrivateKey,
  type PublicKey,
  type SignatureName,
  type SigningKey,
} from '../provider.ts'

/**
 * The primitives of node:crypto (OpenSSL's libcrypto), and nothing else of it: not its TLS, not its X.509 parser. Keys
 * come in as numbers and go over as JWK, so no DER of a stranger reaches C through here.
 */
export const native: CryptoProvider = {
  name: 'native',
  hash: (name) => wrapHash(createHash(nodeHash[name])),
  hmac: (name, key, message) => bytes(createHmac(nodeHash[name], key).update(message).digest()),
  aead,
  keyExchange: (name) => (name === 'X25519' ? x25519 : p256),
  signingKey,
  verify: verifySignature,
}

const nodeHash = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' } as const
const cipherName = {
  'AES-128-GCM': 'aes-128-gcm',
  'AES-256-GCM': 'aes-256-gcm',
  'ChaCha20-Poly1305': 'chacha20-poly1305',
} as const

// A Buffer may be a window into node's shared pool; a plain array of its own is what the interface promises.
function bytes(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer)
}

function wrapHash(hash: NodeHash): Hash {
  return {
    update: (data) => void hash.update(data),
    digest: () => bytes(hash.copy().digest()),
    clone: () => wrapHash(hash.copy()),
  }
}

function aead(name: AeadName, key: Uint8Array): Aead {
  if (key.length !== aeadKeyLength[name])
    throw new RangeError(`${name}: key of ${key.length} bytes, expected ${aeadKeyLength[name]}`)
  const secret = Uint8Array.from(key)
  // One cast: the three ciphers take the same options, but their types are three overloads.
  const cipher = cipherName[name] as 'chacha20-poly1305'
  const options = { authTagLength: tagLength }
  return {
    seal(nonce, aad, plaintext) {
      const seal = createCipheriv(cipher, secret, nonce, options).setAAD(aad, { plaintextLength: plaintext.length })
      return concat(seal.update(plaintext), seal.final(), seal.getAuthTag())
    },
    open(nonce, aad, ciphertext) {
      const length = ciphertext.length - tagLength
      if (length < 0) return undefined
      const open = createDecipheriv(cipher, secret, nonce, options).setAAD(aad, { plaintextLength: length })
      open.setAuthTag(ciphertext.subarray(length))
      const plaintext = open.update(ciphertext.subarray(0, length))
      try {
        open.final()
      } catch {
        return undefined
      }
      return bytes(plaintext)
    },
    wipe: () => void secret.fill(0),
  }
}

const x25519: KeyExchange = {
  keyPair(random) {
    const privateKey = random(32)
    return { privateKey, share: bytes(fromBase64(x25519Key(privateKey).export({ format: 'jwk' }).x)) }
  },
  sharedSecret(privateKey, peerShare) {
    if (peerShare.length !== 32) return undefined
    try {
      const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: toBase64(peerShare) }, format: 'jwk' })
      const secret = bytes(diffieHellman({ privateKey: x25519Key(privateKey), publicKey }))
      return equalConstantTime(secret, new Uint8Array(32)) ? undefined : secret
    } catch {
      return undefined
    }
  },
}

function x25519Key(privateKey: Uint8Array): KeyObject {
  // PKCS#8 of RFC 8410 §7: JWK would ask for the public key, which only this call can compute.
  const prefix = Buffer.from('302e020100300506032b656e04220420', 'hex')
  return createPrivateKey({ key: Buffer.concat([prefix, privateKey]), format: 'der', type: 'pkcs8' })
}

const p256: KeyExchange = {
  keyPair(random) {
    const privateKey = scalarFrom(random(40))
    const pair = createECDH('prime256v1')
    pair.setPrivateKey(privateKey)
    return { privateKey, share: bytes(pair.getPublicKey()) }
  },
  sharedSecret(privateKey, peerShare) {
    if (peerShare.length !== 65 || peerShare[0] !== 4) return undefined
    const pair = createECDH('prime256v1')
    pair.setPrivateKey(privateKey)
    try {
      return bytes(pair.computeSecret(peerShare))
    } catch {
      return undefined
    }
  },
}

// FIPS 186-5 A.2.1: 64 bits more than the order make the bias of the reduction negligible.
function scalarFrom(random: Uint8Array): Uint8Array {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const wide = BigInt(`0x${Buffer.from(random).toString('hex')}`)
  return bytes(Buffer.from(((wide % (order - 1n)) + 1n).toString(16).padStart(64, '0'), 'hex'))
}

function signingKey(key: PrivateKey): SigningKey {
  const object = importPrivate(key)
  return {
    schemes: schemesOf(key),
    sign(scheme, message) {
      if (!schemesOf(key).includes(scheme)) throw new Error(`a key of kind ${key.kind} cannot sign ${scheme}`)
      return bytes(sign(digestOf(scheme), message, { key: object, ...padding(scheme) }))
    },
  }
}

function importPrivate(key: PrivateKey): KeyObject {
  try {
    return createPrivateKey({ key: privateJwk(key), format: 'jwk' })
  } catch {
    // OpenSSL's message may quote the input; ours must not.
    throw new Error(`the ${key.kind} private key is not a valid one`)
  }
}

function verifySignature(scheme: SignatureName, key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  if (!schemesOf(key).includes(scheme) && !(key.kind === 'rsa' && scheme.startsWith('RSA-PKCS1'))) return false
  try {
    const object = createPublicKey({ key: publicJwk(key), format: 'jwk' })
    return verify(digestOf(scheme), message, { key: object, ...padding(scheme) }, signature)
  } catch {
    return false
  }
}

function schemesOf(key: PrivateKey | PublicKey): readonly SignatureName[] {
  if (key.kind === 'ed25519') return ['Ed25519']
  if (key.kind === 'rsa') return ['RSA-PSS-SHA256', 'RSA-PSS-SHA384', 'RSA-PSS-SHA512']
  return key.curve === 'P-256' ? ['ECDSA-P256-SHA256'] : ['ECDSA-P384-SHA384']
}

function digestOf(scheme: SignatureName): string | undefined {
  if (scheme === 'Ed25519') return undefined
  return `sha${scheme.slice(-3)}`
}

function padding(scheme: SignatureName): object {
  if (scheme.startsWith('RSA-PSS'))
    return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  if (scheme.startsWith('RSA-PKCS1')) return { padding: constants.RSA_PKCS1_PADDING }
  return scheme === 'Ed25519' ? {} : { dsaEncoding: 'der' }
}

function publicJwk(key: PublicKey): Record<string, string> {
  if (key.kind === 'ed25519') return { kty: 'OKP', crv: 'Ed25519', x: toBase64(key.publicKey) }
  if (key.kind === 'rsa') return { kty: 'RSA', n: toBase64(key.n), e: toBase64(key.e) }
  if (key.point[0] !== 4) throw new RangeError('EC point: expected the uncompressed form')
  const half = (key.point.length - 1) / 2
  const x = toBase64(key.point.subarray(1, 1 + half))
  return { kty: 'EC', crv: key.curve, x, y: toBase64(key.point.subarray(1 + half)) }
}

function privateJwk(key: PrivateKey): Record<string, string> {
  if (key.kind === 'ed25519') return { ...publicJwk(key), d: toBase64(key.seed) }
  if (key.kind === 'ecdsa') return { ...publicJwk(key), d: toBase64(key.scalar) }
  const crt = { p: toBase64(key.p), q: toBase64(key.q), dp: toBase64(key.dp), dq: toBase64(key.dq) }
  return { ...publicJwk(key), d: toBase64(key.d), ...crt, qi: toBase64(key.qi) }
}

function toBase64(data: Uint8Array): string {
  return Buffer.from(data).toString('base64url')
}

function fromBase64(text: string | undefined): Uint8Array {
  return Buffer.from(text ?? '', 'base64url')
}
