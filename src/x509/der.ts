import { DecodeError } from '../bytes/decode-error.ts'
import { Reader } from '../bytes/reader.ts'

/** Tags of the DER values that certificates and keys are made of (X.690 §8). */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const

/** A context-specific tag, [n]. */
export function context(n: number, constructed = true): number {
  return (constructed ? 0xa0 : 0x80) + n
}

/** One value: its tag, its content, and the whole of its bytes. */
export interface Der {
  readonly tag: number
  readonly content: Uint8Array
  readonly raw: Uint8Array
}

/**
 * Reads DER strictly: definite lengths in their shortest form, one-byte tags, no trailing bytes. It never recurses by
 * itself, so a hostile nesting is as deep as the caller's own code and no deeper.
 */
export class DerReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  /** The tag of the next value, or undefined at the end. */
  get peek(): number | undefined {
    return this.#bytes[this.#at]
  }

  any(what: string): Der {
    const from = new Reader(this.#bytes.subarray(this.#at), this.#at)
    const tagByte = from.u8(what)
    if ((tagByte & 0x1f) === 0x1f) throw from.error(what, 'a tag of more than one byte')
    const length = readLength(from, what)
    const content = from.take(what, length)
    const start = this.#at
    this.#at = this.#bytes.length - from.remaining
    return { tag: tagByte, content, raw: this.#bytes.subarray(start, this.#at) }
  }

  value(expected: number, what: string): Der {
    const at = this.#at
    const found = this.any(what)
    if (found.tag !== expected)
      throw new DecodeError(what, at, `found tag 0x${found.tag.toString(16)}, expected 0x${expected.toString(16)}`)
    return found
  }

  optional(expected: number, what: string): Der | undefined {
    return this.peek === expected ? this.value(expected, what) : undefined
  }

  sequence(what: string): DerReader {
    return new DerReader(this.value(tag.sequence, what).content)
  }

  /** A positive INTEGER as big-endian bytes without leading zeros. */
  unsigned(what: string): Uint8Array {
    const { content } = this.value(tag.integer, what)
    if (content.length === 0) throw new DecodeError(what, this.#at, 'an INTEGER without content')
    const first = content[0] as number
    if (first >= 0x80) throw new DecodeError(what, this.#at, 'a negative INTEGER')
    if (content.length > 1 && first === 0) {
      if ((content[1] as number) < 0x80)
        throw new DecodeError(what, this.#at, 'an INTEGER that is not in its shortest form')
      return content.subarray(1)
    }
    return content
  }

  /** A small non-negative INTEGER. */
  number(what: string): number {
    const bytes = this.unsigned(what)
    if (bytes.length > 4) throw new DecodeError(what, this.#at, `an INTEGER of ${bytes.length} bytes`)
    return bytes.reduce((value, byte) => value * 256 + byte, 0)
  }

  /** X.690 §11.1: true is 0xff and nothing else. An explicit false is no DER where it is the default, but harmless. */
  boolean(what: string): boolean {
    const { content } = this.value(tag.boolean, what)
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff))
      throw new DecodeError(what, this.#at, 'a BOOLEAN that is neither 0x00 nor 0xff')
    return content[0] === 0xff
  }

  oid(what: string): string {
    return readOid(this.value(tag.oid, what).content, what)
  }

  /** A BIT STRING of whole bytes. */
  bits(what: string): Uint8Array {
    const { content } = this.value(tag.bitString, what)
    if (content[0] !== 0) throw new DecodeError(what, this.#at, 'a BIT STRING that is not whole bytes')
    return content.subarray(1)
  }

  end(what: string): void {
    if (!this.done) throw new DecodeError(what, this.#at, `${this.#bytes.length - this.#at} bytes left over`)
  }
}

function readLength(from: Reader, what: string): number {
  const first = from.u8(what)
  if (first < 0x80) return first
  const width = first & 0x7f
  if (width === 0 || width > 3) throw from.error(what, `a length of ${width} bytes`)
  let length = 0
  for (let i = 0; i < width; i++) length = length * 256 + from.u8(what)
  if (length < 0x80 || length < 256 ** (width - 1)) throw from.error(what, 'a length that is not in its shortest form')
  return length
}

function readOid(content: Uint8Array, what: string): string {
  const arcs: number[] = []
  let arc = 0
  for (const [i, byte] of content.entries()) {
    if (arc === 0 && byte === 0x80) throw new DecodeError(what, i, 'an OID arc that is not in its shortest form')
    arc = arc * 128 + (byte & 0x7f)
    if (arc > 0xffff_ffff) throw new DecodeError(what, i, 'an OID arc above 2^32')
    if (byte < 0x80) {
      arcs.push(arc)
      arc = 0
    }
  }
  const first = arcs[0]
  if (first === undefined || (content.at(-1) as number) >= 0x80) throw new DecodeError(what, 0, 'an incomplete OID')
  const top = Math.min(Math.floor(first / 40), 2)
  return [top, first - top * 40, ...arcs.slice(1)].join('.')
}

/** Writes one value. */
export function writeDer(tagByte: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, content) => sum + content.length, 0)
  const header: number[] = [tagByte]
  if (length < 0x80) header.push(length)
  else if (length < 0x100) header.push(0x81, length)
  else if (length < 0x10000) header.push(0x82, length >> 8, length & 0xff)
  else header.push(0x83, length >> 16, (length >> 8) & 0xff, length & 0xff)
  const whole = new Uint8Array(header.length + length)
  whole.set(header)
  let at = header.length
  for (const content of contents) {
    whole.set(content, at)
    at += content.length
  }
  return whole
}

/** Writes a non-negative INTEGER from big-endian bytes. */
export function writeUnsigned(bytes: Uint8Array): Uint8Array {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const body = bytes.subarray(start)
  const sign = body.length === 0 || (body[0] as number) >= 0x80 ? [0] : []
  return writeDer(tag.integer, Uint8Array.from(sign), body)
}

/** Writes an OID from its dotted form. */
export function writeOid(dotted: string): Uint8Array {
  const [top = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes: number[] = []
  for (const arc of [top * 40 + second, ...rest]) {
    const digits = [arc & 0x7f]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) digits.unshift((left & 0x7f) | 0x80)
    bytes.push(...digits)
  }
  return writeDer(tag.oid, Uint8Array.from(bytes))
}
