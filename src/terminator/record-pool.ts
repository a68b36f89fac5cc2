import type { RecordMemory } from '../tls/record/record-queue.ts'

/**
 * The pieces of memory in which a worker's records are made. A socket mostly takes at once what it is given; the piece then
 * serves the next connection, and no memory is asked for, cleared and collected for every record. One that a slow peer's
 * socket keeps is not waited for: another one takes its place.
 */
export class RecordPool implements RecordMemory {
  readonly #free = new Map<number, Uint8Array[]>(sizes.map((size) => [size, []]))

  take(length: number): Uint8Array {
    const size = sizes.find((each) => each >= length) ?? length
    return this.#free.get(size)?.pop() ?? new Uint8Array(size)
  }

  /** Pieces, or parts of such, that nobody reads any more. */
  giveBack(pieces: readonly Uint8Array[]): void {
    for (const { buffer } of pieces) {
      const free = this.#free.get(buffer.byteLength)
      // Given back twice, it would be two connections' at once.
      if (
        free === undefined ||
        free.length === mostFree[buffer.byteLength] ||
        free.some((piece) => piece.buffer === buffer)
      )
        continue
      free.push(new Uint8Array(buffer))
    }
  }
}

/** For a short answer or a handshake; and for all that is read from an upstream at once, in four records. */
const sizes = [4096, 66 * 1024]
/** Each connection holds a short one while its tickets wait for the first answer. */
const mostFree: Readonly<Record<number, number>> = { 4096: 16, [66 * 1024]: 2 }
