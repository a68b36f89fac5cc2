import { DecodeError } from './decode-error.ts'

/**
 * A bounds-checked cursor over bytes, big-endian as the network is. Every read names what it reads, so that an error
 * can say it. A Reader hands out views, never copies: whoever keeps bytes longer than the input lives must copy them.
 */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #base: number
  #at = 0

  /** `base` is where these bytes begin in the whole input, for error messages only. */
  constructor(bytes: Uint8Array, base = 0) {
    this.#bytes = bytes
    this.#base = base
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  /** Position in the whole input, in bytes. */
  get offset(): number {
    return this.#base + this.#at
  }

  u8(what: string): number {
    return this.#number(what, 1)
  }

  u16(what: string): number {
    return this.#number(what, 2)
  }

  u24(what: string): number {
    return this.#number(what, 3)
  }

  u32(what: string): number {
    return this.#number(what, 4)
  }

  u64(what: string): bigint {
    return (BigInt(this.u32(what)) << 32n) | BigInt(this.u32(what))
  }

  /** The next `length` bytes, as a view. */
  take(what: string, length: number): Uint8Array {
    if (length > this.remaining) throw this.error(what, `needs ${length} bytes, ${this.remaining} left`)
    const view = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    return view
  }

  /** A Reader over the next `length` bytes. */
  sub(what: string, length: number): Reader {
    const base = this.offset
    return new Reader(this.take(what, length), base)
  }

  /** A Reader over a vector whose length stands before it in 8, 16 or 24 bits. */
  sub8(what: string): Reader {
    return this.sub(what, this.u8(what))
  }

  sub16(what: string): Reader {
    return this.sub(what, this.u16(what))
  }

  sub24(what: string): Reader {
    return this.sub(what, this.u24(what))
  }

  rest(): Uint8Array {
    return this.take('rest', this.remaining)
  }

  /** Refuses trailing bytes. */
  end(what = 'structure'): void {
    if (this.remaining > 0) throw this.error(what, `${this.remaining} bytes left over`)
  }

  error(what: string, why: string): DecodeError {
    return new DecodeError(what, this.offset, why)
  }

  #number(what: string, width: 1 | 2 | 3 | 4): number {
    let value = 0
    for (const byte of this.take(what, width)) value = value * 256 + byte
    return value
  }
}
