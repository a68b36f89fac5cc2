import { DecodeError } from './decode-error.ts'

/**
 * A bounds-checked cursor over bytes, big-endian as the network is. Every read names what it reads, so that an error
 * can say it. A Reader hands out views, never copies: whoever keeps bytes longer than the input lives must copy them.
 */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #base: number
  readonly #end: number
  #at: number

  /** `base` is where these bytes begin in the whole input, for error messages only. Of them, those from `at` to `end` are read. */
  constructor(bytes: Uint8Array, base = 0, at = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#base = base
    this.#at = at
    this.#end = end
  }

  get remaining(): number {
    return this.#end - this.#at
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

  /** Refuses what is above 2^53 - 1: a number is exact up to there only. */
  u64(what: string): number {
    const upper = this.u32(what)
    if (upper >= 2 ** 21) throw this.error(what, 'above 2^53 - 1')
    return upper * 2 ** 32 + this.u32(what)
  }

  /** The next `length` bytes, as a view. */
  take(what: string, length: number): Uint8Array {
    const from = this.#skip(what, length)
    return this.#bytes.subarray(from, this.#at)
  }

  /** A Reader over the next `length` bytes. */
  sub(what: string, length: number): Reader {
    const from = this.#skip(what, length)
    return new Reader(this.#bytes, this.#base, from, this.#at)
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
    // No view of the bytes: most reads are of a number, and a view costs some ten times as much as its bytes.
    let value = 0
    for (let i = this.#skip(what, width); i < this.#at; i++) value = value * 256 + (this.#bytes[i] as number)
    return value
  }

  /** Moves on, and returns where it was. */
  #skip(what: string, length: number): number {
    const from = this.#at
    if (length > this.#end - from) throw this.error(what, `needs ${length} bytes, ${this.remaining} left`)
    this.#at = from + length
    return from
  }
}
