/**
 * Bytes of a watch in, whole lines out. A chunk may end anywhere, in the middle of a line or of a UTF-8 character, so
 * lines are split as bytes (0x0A is never part of a longer UTF-8 sequence) and only whole lines are decoded.
 */
export class LineSplitter {
  readonly #maxBytes: number
  #parts: Uint8Array[] = []
  #held = 0

  constructor(maxBytes = 16 * 1024 * 1024) {
    this.#maxBytes = maxBytes
  }

  /** The lines that this chunk completes, without empty ones. Throws when a line is too long or is not UTF-8. */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = []
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const line = this.#complete(chunk.subarray(start, end))
      if (line.trim() !== '') lines.push(line)
      start = end + 1
    }
    // A copy: a view of a few bytes would keep the whole chunk in memory, and its owner may write to it.
    this.#hold(chunk.slice(start))
    return lines
  }

  /** Bytes of a line that has not ended yet: more than none when the stream is over means that it was cut. */
  get held(): number {
    return this.#held
  }

  #complete(tail: Uint8Array): string {
    this.#hold(tail)
    const line = new Uint8Array(this.#held)
    let at = 0
    for (const part of this.#parts) {
      line.set(part, at)
      at += part.length
    }
    this.#parts = []
    this.#held = 0
    return strictUtf8.decode(line)
  }

  #hold(part: Uint8Array): void {
    if (part.length === 0) return
    if (this.#held + part.length > this.#maxBytes)
      throw new RangeError(`a line of the watch is longer than ${this.#maxBytes} bytes`)
    this.#parts.push(part)
    this.#held += part.length
  }
}

const newline = 0x0a
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
