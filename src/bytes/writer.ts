/** A growing buffer, big-endian. A prefixed vector's length is filled in when its body returns. */
export class Writer {
  #bytes: Uint8Array
  #length = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
  }

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

  u64(value: bigint): void {
    this.u32(Number((value >> 32n) & 0xffff_ffffn))
    this.u32(Number(value & 0xffff_ffffn))
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
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

  /** What was written, copied out. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  /** Overwrites what was written, where it was secret. Outgrown buffers are out of reach: give `capacity` enough room. */
  wipe(): void {
    this.#bytes.fill(0)
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
    if (!Number.isInteger(value) || value < 0 || value >= 256 ** width)
      throw new RangeError(`${value} does not fit in ${width} bytes`)
    for (let i = width - 1, rest = value; i >= 0; i--) {
      this.#bytes[at + i] = rest % 256
      rest = Math.floor(rest / 256)
    }
  }

  #reserve(more: number): void {
    const needed = this.#length + more
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}
