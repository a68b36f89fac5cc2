/**
 * A growing buffer, big-endian. A prefixed vector's length is filled in when its body returns. `finish` ends it: the buffer,
 * whose making would cost more than a short message, is wiped and left to the next Writer.
 */
export class Writer {
  #bytes = spares.pop() ?? new Uint8Array(spareLength)
  #length = 0

  get length(): number {
    return this.#length
  }

  u8(value: number): void {
    this.#number(value, 1)
  }

  u16(value: number): void {
    this.#number(value, 2)
  }

  u24(value: number): void {
    this.#number(value, 3)
  }

  u32(value: number): void {
    this.#number(value, 4)
  }

  /** At most 2^53 - 1, as a number is exact up to there only. */
  u64(value: number): void {
    this.u32(Math.floor(value / 2 ** 32))
    this.u32(value % 2 ** 32)
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** A vector of bytes that are there already, behind their length in 8 or 16 bits. */
  vector8(bytes: Uint8Array): void {
    this.u8(bytes.length)
    this.raw(bytes)
  }

  vector16(bytes: Uint8Array): void {
    this.u16(bytes.length)
    this.raw(bytes)
  }

  prefixed8(body: (out: Writer) => void): void {
    this.#prefixed(1, body)
  }

  prefixed16(body: (out: Writer) => void): void {
    this.#prefixed(2, body)
  }

  prefixed24(body: (out: Writer) => void): void {
    this.#prefixed(3, body)
  }

  /** What was written, copied out. Nothing more can be written. */
  finish(): Uint8Array {
    const whole = this.#bytes.slice(0, this.#length)
    giveBack(this.#bytes, this.#length)
    this.#bytes = nothing
    this.#length = 0
    return whole
  }

  #prefixed(width: 1 | 2 | 3, body: (out: Writer) => void): void {
    const at = this.#length
    this.#number(0, width)
    body(this)
    this.#put(at, this.#length - at - width, width)
  }

  #number(value: number, width: number): void {
    this.#reserve(width)
    this.#put(this.#length, value, width)
    this.#length += width
  }

  #put(at: number, value: number, width: number): void {
    if (!Number.isInteger(value) || value < 0 || value > (greatest[width] as number))
      throw new RangeError(`${value} does not fit in ${width} bytes`)
    // Shifts see 32 bits, which is all that a number of four bytes has.
    for (let i = 0; i < width; i++) this.#bytes[at + i] = value >>> (8 * (width - 1 - i))
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    giveBack(this.#bytes, this.#length)
    this.#bytes = grown
  }
}

/** Wiped as far as it was written to, for that may have been a secret. */
function giveBack(bytes: Uint8Array, length: number): void {
  bytes.fill(0, 0, length)
  if (bytes.length === spareLength && spares.length < mostSpares) spares.push(bytes)
}

/** The greatest number of so many bytes. */
const greatest = [0, 0xff, 0xffff, 0xff_ffff, 0xffff_ffff] as const

/** Buffers that nobody writes to. There are two Writers at a time where one message holds another, and seldom more. */
const spares: Uint8Array[] = []
const mostSpares = 4
const spareLength = 4096
const nothing = new Uint8Array(0)
