import { concat } from '../bytes/arrays.ts'

/** The two numbers of an ECDSA signature, each as long as the curve's order, big-endian. */
export interface EcdsaSignature {
  readonly r: Uint8Array
  readonly s: Uint8Array
}

/** ECDSA-Sig-Value (RFC 3279 §2.2.3), as TLS has it: SEQUENCE { r INTEGER, s INTEGER }. */
export function writeSignature({ r, s }: EcdsaSignature): Uint8Array {
  const numbers = concat(writeInteger(r), writeInteger(s))
  return concat(Uint8Array.of(sequence, numbers.length), numbers)
}

/**
 * Reads it, strictly as DER (X.690 §8.3.2, §10.1): one encoding for one signature. Undefined for anything else, for numbers
 * that are negative or longer than `length` bytes, and for bytes behind it.
 */
export function readSignature(bytes: Uint8Array, length: number): EcdsaSignature | undefined {
  // Two integers of a sign byte and 48 bytes each are shorter than 128 bytes: every length is one byte.
  if (bytes[0] !== sequence || bytes[1] !== bytes.length - 2 || bytes[1] >= 0x80) return undefined
  const r = readInteger(bytes.subarray(2), length)
  if (r === undefined) return undefined
  const s = readInteger(bytes.subarray(2 + r.size), length)
  if (s === undefined || 2 + r.size + s.size !== bytes.length) return undefined
  return { r: r.value, s: s.value }
}

function writeInteger(value: Uint8Array): Uint8Array {
  const first = value.findIndex((byte) => byte !== 0)
  const digits = first < 0 ? Uint8Array.of(0) : value.subarray(first)
  // A first bit of 1 would make it negative.
  const sign = (digits[0] as number) >= 0x80 ? Uint8Array.of(0) : new Uint8Array(0)
  return concat(Uint8Array.of(integer, sign.length + digits.length), sign, digits)
}

function readInteger(bytes: Uint8Array, length: number): { value: Uint8Array; size: number } | undefined {
  const [tag, size = 0, first = 0x80, second = 0] = bytes
  if (tag !== integer || size === 0 || size > bytes.length - 2 || size > length + 1) return undefined
  const negative = first >= 0x80
  const longerThanNeeded = size > 1 && first === 0 && second < 0x80
  const tooLong = size === length + 1 && first !== 0
  if (negative || longerThanNeeded || tooLong) return undefined
  const digits = bytes.subarray(2, 2 + size)
  const value = new Uint8Array(length)
  value.set(digits.subarray(Math.max(0, size - length)), Math.max(0, length - size))
  return { value, size: 2 + size }
}

const sequence = 0x30
const integer = 0x02
