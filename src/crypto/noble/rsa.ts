import { concat, equal } from '../../bytes/arrays.ts'
import type { HashName, PrivateKey, PublicKey, SignatureName, SigningKey } from '../provider.ts'
import { MontgomeryModulus } from './montgomery.ts'

/**
 * RSA in TypeScript (RFC 8017), because the @noble libraries have none, WebCrypto's is asynchronous, and node:crypto's
 * would be C. The private exponentiation runs on fixed-size limbs without secret-dependent branches or lookups
 * (montgomery.ts); its input is blinded by a fresh random factor, and its result is checked with the public exponent
 * before it leaves, since a single faulty CRT half would give the key away (Boneh, DeMillo, Lipton 1997).
 *
 * BigInt, whose time depends on its values, is used only where values are public, blinded, or handled once at import.
 */
export function rsaSigningKey(key: PrivateKey & { kind: 'rsa' }, hashes: Hashes): SigningKey {
  const modulus = importKey(key)
  return {
    schemes: ['RSA-PSS-SHA256', 'RSA-PSS-SHA384', 'RSA-PSS-SHA512'],
    sign(scheme, message, random) {
      const hash = pssHash(scheme)
      if (hash === undefined) throw new Error(`an RSA key cannot sign ${scheme} in TLS 1.3`)
      const encoded = pssEncode(message, modulus.bits - 1, hashes(hash), random)
      return toBytes(privateOperation(modulus, fromBytes(encoded), random), modulus.length)
    },
  }
}

/** Verifies RSASSA-PSS (salt as long as the hash) and RSASSA-PKCS1-v1_5; false for anything malformed. */
export function verifyRsa(
  scheme: SignatureName,
  key: PublicKey & { kind: 'rsa' },
  message: Uint8Array,
  signature: Uint8Array,
  hashes: Hashes,
): boolean {
  const n = fromBytes(key.n)
  const e = fromBytes(key.e)
  const bits = n.toString(2).length
  const length = Math.ceil(bits / 8)
  // Bounds keep a hostile certificate from buying minutes of our time.
  if (bits < 1024 || bits > 8192 || e < 3n || e >= 1n << 33n || signature.length !== length) return false
  const s = fromBytes(signature)
  if (s >= n) return false
  const encoded = toBytes(power(s, e, n), length)
  const pss = pssHash(scheme)
  if (pss !== undefined) return pssVerify(message, encoded, bits - 1, hashes(pss))
  const pkcs1 = pkcs1Hash(scheme)
  return pkcs1 !== undefined && equal(encoded, pkcs1Encode(pkcs1, hashes(pkcs1)(message), length))
}

/** What PSS needs of a hash: the function, and its output's length in bytes. */
export type Hashes = (name: HashName) => HashFunction
type HashFunction = ((message: Uint8Array) => Uint8Array) & { readonly outputLen: number }

interface ImportedKey {
  readonly n: bigint
  readonly e: bigint
  readonly bits: number
  readonly length: number
  readonly p: MontgomeryModulus
  readonly q: MontgomeryModulus
  readonly dp: Uint8Array
  readonly dq: Uint8Array
  readonly qi: Uint8Array
  readonly qValue: Uint8Array
}

function importKey(key: PrivateKey & { kind: 'rsa' }): ImportedKey {
  const n = fromBytes(key.n)
  const e = fromBytes(key.e)
  const p = fromBytes(key.p)
  const q = fromBytes(key.q)
  const bits = n.toString(2).length
  if (bits < 2048 || bits > 8192) throw new Error(`the RSA modulus has ${bits} bits, expected 2048 to 8192`)
  const sound =
    p * q === n &&
    (p & q & e & 1n) === 1n &&
    e >= 3n &&
    (fromBytes(key.dp) * e) % (p - 1n) === 1n &&
    (fromBytes(key.dq) * e) % (q - 1n) === 1n &&
    (fromBytes(key.qi) * q) % p === 1n
  if (!sound) throw new Error('the parts of the RSA private key do not belong together')
  const limbs = MontgomeryModulus.limbsFor(Math.max(p.toString(2).length, q.toString(2).length))
  return {
    n,
    e,
    bits,
    length: Math.ceil(bits / 8),
    p: new MontgomeryModulus(p, limbs),
    q: new MontgomeryModulus(q, limbs),
    dp: key.dp,
    dq: key.dq,
    qi: key.qi,
    qValue: key.q,
  }
}

/** RSASP1 by the Chinese remainder theorem (RFC 8017 §5.2.1), blinded and checked. */
function privateOperation(key: ImportedKey, message: bigint, random: Random): bigint {
  const { r, inverse } = blinding(key.n, key.length, random)
  const blinded = (message * power(r, key.e, key.n)) % key.n
  const input = toBytes(blinded, key.p.bytes * 2)
  const m1 = key.p.power(input, key.dp)
  const m2 = key.q.toBytes(key.q.power(input, key.dq))
  // h = (m1 - m2) * qInv mod p;  m = m2 + h * q
  const h = key.p.multiplyDifference(m1, m2, key.qi)
  const combined = fromBytes(m2) + fromBytes(h) * fromBytes(key.qValue)
  const signature = (combined * inverse) % key.n
  if (power(signature, key.e, key.n) !== message) throw new Error('an RSA signature failed its own check')
  return signature
}

/** A random unit and its inverse. The inversion's input is masked by a second factor, since Euclid's time tells on it. */
function blinding(n: bigint, length: number, random: Random): { r: bigint; inverse: bigint } {
  for (;;) {
    const r = fromBytes(random(length + 8)) % n
    const mask = fromBytes(random(length + 8)) % n
    const inverse = invert((r * mask) % n, n)
    if (inverse !== undefined) return { r, inverse: (inverse * mask) % n }
  }
}

type Random = (length: number) => Uint8Array

function invert(value: bigint, modulus: bigint): bigint | undefined {
  let [a, b, x, y] = [value, modulus, 1n, 0n]
  while (a > 1n) {
    if (b === 0n) return undefined
    const quotient = a / b
    ;[a, b] = [b, a - quotient * b]
    ;[x, y] = [y, x - quotient * y]
  }
  if (a !== 1n) return undefined
  return x < 0n ? x + modulus : x
}

/** EMSA-PSS-ENCODE (RFC 8017 §9.1.1), the salt as long as the hash. */
function pssEncode(message: Uint8Array, bits: number, hash: HashFunction, random: Random): Uint8Array {
  const length = Math.ceil(bits / 8)
  const salt = random(hash.outputLen)
  const h = hash(concat(new Uint8Array(8), hash(message), salt))
  const db = concat(new Uint8Array(length - salt.length - h.length - 2), Uint8Array.of(1), salt)
  const masked = xor(db, mgf1(h, db.length, hash))
  masked[0] = (masked[0] as number) & (0xff >> (8 * length - bits))
  return concat(masked, h, Uint8Array.of(0xbc))
}

/** EMSA-PSS-VERIFY (RFC 8017 §9.1.2). */
function pssVerify(message: Uint8Array, encodedWhole: Uint8Array, bits: number, hash: HashFunction): boolean {
  const length = Math.ceil(bits / 8)
  // A modulus of 8k+1 bits makes the encoding a byte shorter than the signature.
  if (encodedWhole.length > length && encodedWhole[0] !== 0) return false
  const encoded = encodedWhole.subarray(encodedWhole.length - length)
  const hashLength = hash.outputLen
  if (length < 2 * hashLength + 2 || encoded[length - 1] !== 0xbc) return false
  const masked = encoded.subarray(0, length - hashLength - 1)
  const h = encoded.subarray(length - hashLength - 1, length - 1)
  const top = 0xff >> (8 * length - bits)
  if (((masked[0] as number) & ~top) !== 0) return false
  const db = xor(masked, mgf1(h, masked.length, hash))
  db[0] = (db[0] as number) & top
  const padding = db.length - hashLength - 1
  if (db.subarray(0, padding).some((byte) => byte !== 0) || db[padding] !== 1) return false
  return equal(h, hash(concat(new Uint8Array(8), hash(message), db.subarray(padding + 1))))
}

function mgf1(seed: Uint8Array, length: number, hash: HashFunction): Uint8Array {
  const blocks: Uint8Array[] = []
  for (let i = 0; i * hash.outputLen < length; i++)
    blocks.push(hash(concat(seed, Uint8Array.of(i >>> 24, i >>> 16, i >>> 8, i))))
  return concat(...blocks).slice(0, length)
}

/** EMSA-PKCS1-v1_5 (RFC 8017 §9.2). Verifying compares whole encodings, so there is no padding to parse wrongly. */
function pkcs1Encode(name: HashName, digest: Uint8Array, length: number): Uint8Array {
  const info = concat(digestInfo[name], digest)
  if (length < info.length + 11) throw new RangeError(`RSA modulus of ${length} bytes is too short for ${name}`)
  return concat(Uint8Array.of(0, 1), new Uint8Array(length - info.length - 3).fill(0xff), Uint8Array.of(0), info)
}

function pssHash(scheme: SignatureName): HashName | undefined {
  const names = { 'RSA-PSS-SHA256': 'SHA-256', 'RSA-PSS-SHA384': 'SHA-384', 'RSA-PSS-SHA512': 'SHA-512' } as const
  return names[scheme as keyof typeof names]
}

function pkcs1Hash(scheme: SignatureName): HashName | undefined {
  const names = { 'RSA-PKCS1-SHA256': 'SHA-256', 'RSA-PKCS1-SHA384': 'SHA-384', 'RSA-PKCS1-SHA512': 'SHA-512' } as const
  return names[scheme as keyof typeof names]
}

/** For public and blinded values only: BigInt's time depends on them. */
function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus
    if (bit === '1') result = (result * base) % modulus
  }
  return result
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] as number))
}

function fromBytes(bytes: Uint8Array): bigint {
  let hex = ''
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return hex === '' ? 0n : BigInt(`0x${hex}`)
}

function toBytes(value: bigint, length: number): Uint8Array {
  const hex = value.toString(16).padStart(length * 2, '0')
  return Uint8Array.from({ length }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
}

// DER of DigestInfo up to the digest (RFC 8017 §9.2, note 1).
const digestInfo: Record<HashName, Uint8Array> = {
  'SHA-256': Uint8Array.of(0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20),
  'SHA-384': Uint8Array.of(0x30, 0x41, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0, 4, 0x30),
  'SHA-512': Uint8Array.of(0x30, 0x51, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 0x40),
}
