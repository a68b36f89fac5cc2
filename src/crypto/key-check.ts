import { wipe } from '../bytes/arrays.ts'
import {
  hashLength,
  type CurveName,
  type HashName,
  type PrivateKey,
  type PublicKey,
  type SignatureName,
} from './provider.ts'

/**
 * What is asked of keys before any provider takes them, so that the providers agree on which keys exist: a library may
 * be content with numbers that do not belong together, and fail, or leak, only when it signs.
 *
 * BigInt reads private numbers here. Its time depends on them, but a key is read once when it is loaded, at no peer's
 * call. No message contains a part of a key.
 */
export type RsaPrivateKey = Extract<PrivateKey, { kind: 'rsa' }>
export type RsaPublicKey = Extract<PublicKey, { kind: 'rsa' }>
export type EcdsaPrivateKey = Extract<PrivateKey, { kind: 'ecdsa' }>
export type EcdsaPublicKey = Extract<PublicKey, { kind: 'ecdsa' }>

/** Length of a scalar, and of each coordinate, in bytes. */
export const scalarLength = { 'P-256': 32, 'P-384': 48 } as const satisfies Record<CurveName, number>

/** Throws where the numbers are not those of one RSA key of 2048 to 8192 bits. That p and q are prime is not tested. */
export function checkRsaPrivateKey(key: RsaPrivateKey): void {
  const [n, e, d, p, q] = [toInteger(key.n), toInteger(key.e), toInteger(key.d), toInteger(key.p), toInteger(key.q)]
  const bits = bitLength(n)
  if (bits < 2048 || bits > 8192) throw new Error(`the RSA modulus has ${bits} bits, expected 2048 to 8192`)
  if (!isPublicExponent(e)) throw new Error('the RSA public exponent is not an odd number of 2 to 33 bits')
  const [dp, dq, qi] = [toInteger(key.dp), toInteger(key.dq), toInteger(key.qi)]
  const sound =
    p > 1n &&
    q > 1n &&
    p * q === n &&
    (p & q & 1n) === 1n &&
    dp < p &&
    dq < q &&
    qi < p &&
    (dp * e) % (p - 1n) === 1n &&
    (dq * e) % (q - 1n) === 1n &&
    d % (p - 1n) === dp % (p - 1n) &&
    d % (q - 1n) === dq % (q - 1n) &&
    (qi * q) % p === 1n
  if (!sound) throw new Error('the parts of the RSA private key do not belong together')
}

/**
 * Whether an RSA public key is worth verifying with. The bounds keep a hostile certificate from buying minutes of our
 * time; the lower one still lets old certificates be read, and it is not here that they are judged.
 */
export function isRsaPublicKey(key: RsaPublicKey): boolean {
  const n = toInteger(key.n)
  const bits = bitLength(n)
  return bits >= 1024 && bits <= 8192 && (n & 1n) === 1n && isPublicExponent(toInteger(key.e))
}

/** Whether the point has the uncompressed form, the only one TLS 1.3 has (RFC 8446 §4.2.8.2). Not whether it is on the curve. */
export function isUncompressed(curve: CurveName, point: Uint8Array): boolean {
  return point.length === 1 + 2 * scalarLength[curve] && point[0] === 4
}

/** The schemes that a private key signs with, best first: with RSA, PKCS #1 v1.5 is the last resort of TLS 1.2. */
export function signingSchemes(key: PrivateKey): readonly SignatureName[] {
  if (key.kind === 'ed25519') return ['Ed25519']
  if (key.kind === 'ecdsa') return [key.curve === 'P-256' ? 'ECDSA-P256-SHA256' : 'ECDSA-P384-SHA384']
  return [
    'RSA-PSS-SHA256',
    'RSA-PSS-SHA384',
    'RSA-PSS-SHA512',
    'RSA-PKCS1-SHA256',
    'RSA-PKCS1-SHA384',
    'RSA-PKCS1-SHA512',
  ]
}

/** Throws where a key is asked for a scheme that is not its own. */
export function demandScheme(key: PrivateKey, scheme: SignatureName): void {
  if (!signingSchemes(key).includes(scheme)) throw new Error(`a key of kind ${key.kind} cannot sign ${scheme}`)
}

/** Whether a signature of this scheme can be one of this key. */
export function schemeFits(key: PublicKey, scheme: SignatureName): boolean {
  const details = signatureDetails[scheme]
  return details.kind === key.kind && (key.kind !== 'ecdsa' || details.curve === key.curve)
}

interface Details {
  readonly kind: PublicKey['kind']
  readonly hash: HashName
  readonly curve?: CurveName
  readonly padding?: 'pss' | 'pkcs1'
}

/** What each scheme is made of. */
export const signatureDetails: Readonly<Record<SignatureName, Details>> = {
  'ECDSA-P256-SHA256': { kind: 'ecdsa', curve: 'P-256', hash: 'SHA-256' },
  'ECDSA-P384-SHA384': { kind: 'ecdsa', curve: 'P-384', hash: 'SHA-384' },
  'ECDSA-P256-SHA384': { kind: 'ecdsa', curve: 'P-256', hash: 'SHA-384' },
  'ECDSA-P256-SHA512': { kind: 'ecdsa', curve: 'P-256', hash: 'SHA-512' },
  'ECDSA-P384-SHA256': { kind: 'ecdsa', curve: 'P-384', hash: 'SHA-256' },
  'ECDSA-P384-SHA512': { kind: 'ecdsa', curve: 'P-384', hash: 'SHA-512' },
  Ed25519: { kind: 'ed25519', hash: 'SHA-512' },
  'RSA-PSS-SHA256': { kind: 'rsa', padding: 'pss', hash: 'SHA-256' },
  'RSA-PSS-SHA384': { kind: 'rsa', padding: 'pss', hash: 'SHA-384' },
  'RSA-PSS-SHA512': { kind: 'rsa', padding: 'pss', hash: 'SHA-512' },
  'RSA-PKCS1-SHA256': { kind: 'rsa', padding: 'pkcs1', hash: 'SHA-256' },
  'RSA-PKCS1-SHA384': { kind: 'rsa', padding: 'pkcs1', hash: 'SHA-384' },
  'RSA-PKCS1-SHA512': { kind: 'rsa', padding: 'pkcs1', hash: 'SHA-512' },
}

/**
 * A scalar from random bytes, 8 more than the order has: reduced modulo n-1, plus 1. The 64 bits make the bias of the
 * reduction negligible (FIPS 186-5 A.2.1).
 */
export function scalarFrom(curve: CurveName, random: (length: number) => Uint8Array): Uint8Array {
  const length = scalarLength[curve]
  const bytes = random(length + 8)
  const scalar = fromInteger((toInteger(bytes) % (curveOrder[curve] - 1n)) + 1n, length)
  wipe(bytes)
  return scalar
}

/** Of big-endian bytes, eight at a time: by way of a text it takes five times as long, and a verification has three. */
export function toInteger(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const odd = bytes.length % 8
  let value = 0n
  for (let at = 0; at < odd; at++) value = (value << 8n) | BigInt(view.getUint8(at))
  for (let at = odd; at < bytes.length; at += 8) value = (value << 64n) | view.getBigUint64(at)
  return value
}

export function fromInteger(value: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  let rest = value
  // What is above the lowest 64 bits is left behind by what is written.
  for (let end = length; end >= 8; end -= 8, rest >>= 64n) view.setBigUint64(end - 8, rest)
  for (let at = (length % 8) - 1; at >= 0; at--, rest >>= 8n) bytes[at] = Number(rest & 0xffn)
  if (rest !== 0n) throw new RangeError(`an integer does not fit in ${length} bytes`)
  return bytes
}

export function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length
}

function isPublicExponent(e: bigint): boolean {
  return e >= 3n && e < 1n << 33n && (e & 1n) === 1n
}

/** The order n of each curve's group (SP 800-186 §3.2.1). */
export const curveOrder = {
  'P-256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  'P-384': 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
} as const satisfies Record<CurveName, bigint>

/** Salts in PSS are as long as the hash (RFC 8446 §4.2.3). */
export function saltLength(scheme: SignatureName): number {
  return hashLength[signatureDetails[scheme].hash]
}
