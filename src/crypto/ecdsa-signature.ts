import { Writer } from '../bytes/writer.ts'

/** The two numbers of an ECDSA signature, each as long as the curve's order, big-endian. */
export interface EcdsaSignature {
  readonly r: Uint8Array
  readonly s: Uint8Array
}

/** ECDSA-Sig-Value (RFC 3279 §2.2.3), as TLS has it: SEQUENCE { r INTEGER, s INTEGER }. */
export function writeSignature({ r, s }: EcdsaSignature): Uint8Array {
  const out = new Writer()
  out.u8(sequence)
  out.prefixed8(() => {
    writeInteger(out, r)
    writeInteger(out, s)
  })
  return out.finish()
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

function writeInteger(out: Writer, value: Uint8Array): void {
  let first = 0
  while (first < value.length - 1 && value[first] === 0) first++
  out.u8(integer)
  out.prefixed8(() => {
    // A first bit of 1 would make it negative.
    if ((value[first] as number) >= 0x80) out.u8(0)
    out.raw(first === 0 ? value : value.subarray(first))
  })
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
