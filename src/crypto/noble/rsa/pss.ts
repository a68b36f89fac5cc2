import { concat, equal } from '../../../bytes/arrays.ts'

/** What the encodings need of a hash: the function, and its output's length in bytes. */
export type HashFunction = ((message: Uint8Array) => Uint8Array) & { readonly outputLen: number }

/**
 * EMSA-PSS-ENCODE (RFC 8017 §9.1.1), the salt as long as the hash.
 *
 *     M' = eight zeros | hash(message) | salt        H = hash(M')
 *     masked (00…00 01 salt) | H | bc
 */
export function pssEncode(message: Uint8Array, bits: number, hash: HashFunction, salt: Uint8Array): Uint8Array {
  const length = Math.ceil(bits / 8)
  const h = hash(concat(new Uint8Array(8), hash(message), salt))
  const db = concat(new Uint8Array(length - salt.length - h.length - 2), Uint8Array.of(1), salt)
  const masked = xor(db, mgf1(h, db.length, hash))
  masked[0] = (masked[0] as number) & topMask(bits)
  return concat(masked, h, Uint8Array.of(0xbc))
}

/** EMSA-PSS-VERIFY (RFC 8017 §9.1.2). `representative` is as long as the modulus. */
export function pssVerify(message: Uint8Array, representative: Uint8Array, bits: number, hash: HashFunction): boolean {
  const length = Math.ceil(bits / 8)
  // A modulus of 8k+1 bits makes the encoding a byte shorter than the signature.
  if (representative.length > length && representative[0] !== 0) return false
  const encoded = representative.subarray(representative.length - length)
  const hashLength = hash.outputLen
  if (length < 2 * hashLength + 2 || encoded[length - 1] !== 0xbc) return false
  const masked = encoded.subarray(0, length - hashLength - 1)
  const h = encoded.subarray(length - hashLength - 1, length - 1)
  if (((masked[0] as number) & ~topMask(bits)) !== 0) return false
  const db = xor(masked, mgf1(h, masked.length, hash))
  db[0] = (db[0] as number) & topMask(bits)
  const padding = db.length - hashLength - 1
  if (db.subarray(0, padding).some((byte) => byte !== 0) || db[padding] !== 1) return false
  return equal(h, hash(concat(new Uint8Array(8), hash(message), db.subarray(padding + 1))))
}

/** RFC 8017 appendix B.2.1. */
function mgf1(seed: Uint8Array, length: number, hash: HashFunction): Uint8Array {
  const blocks: Uint8Array[] = []
  for (let i = 0; i * hash.outputLen < length; i++)
    blocks.push(hash(concat(seed, Uint8Array.of(i >>> 24, i >>> 16, i >>> 8, i))))
  return concat(...blocks).slice(0, length)
}

/** The bits of the first byte that an encoding of so many bits may use. */
function topMask(bits: number): number {
  return 0xff >> (8 * Math.ceil(bits / 8) - bits)
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] as number))
}
