/** A TLS presentation language for people in a hurry: numbers and vectors into Buffers, and back. */

export function u8(value: number): Buffer {
  return Buffer.of(value)
}

export function u16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff)
}

export function u24(value: number): Buffer {
  return Buffer.of(value >> 16, (value >> 8) & 0xff, value & 0xff)
}

export function vector8(...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([u8(body.length), body])
}

export function vector16(...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([u16(body.length), body])
}

export function vector24(...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([u24(body.length), body])
}

/** Reads in order; what is not there is an error of the server's, and fails the test. */
export class Cursor {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes)
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  take(length: number): Buffer {
    if (length > this.left)
      throw new Error(`the server's message ends after ${this.#at} bytes, ${length} more expected`)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  u8(): number {
    return this.take(1).readUInt8()
  }

  u16(): number {
    return this.take(2).readUInt16BE()
  }

  u24(): number {
    return this.take(3).readUIntBE(0, 3)
  }

  vector8(): Buffer {
    return this.take(this.u8())
  }

  vector16(): Buffer {
    return this.take(this.u16())
  }
}
