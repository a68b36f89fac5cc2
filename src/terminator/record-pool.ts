import type { ConnectionMemory, RecordMemory } from '../tls/record/record-queue.ts'

/**
 * How much is read at once. Twice as much as Node reads by itself, for then a byte down costs a tenth less, and more makes
 * little difference; but what a slow peer does not take is held, and others wait for as long as all of it is sealed or opened.
 */
export const readBytes = 128 * 1024

/** The same where memory is short: a record of the longest, and nearly all a peer needs who is slow anyway. */
export const shortReadBytes = 16 * 1024

/** A worker's, for all of its connections: room for all that is made of what was read at once. */
export function lentMemory(): ConnectionMemory {
  return {
    // Eight records, each of them up to 29 bytes longer than what it holds.
    records: new RecordPool(readBytes + 1024),
    // Of a record that was begun before, all but a byte may be here already.
    contents: new RecordPool(readBytes + 17 * 1024),
  }
}

/**
 * The pieces of memory in which a worker's records are made, or deciphered. A socket mostly takes at once what it is given;
 * the piece then serves the next connection, and no memory is asked for, cleared and collected for every record. One that a
 * slow peer's socket keeps is not waited for: another one takes its place. What stood there last stays until it is
 * overwritten, as it does in the buffer that all sockets are read into.
 */
export class RecordPool implements RecordMemory {
  readonly #long: number
  readonly #free: ReadonlyMap<number, { readonly pieces: Uint8Array[]; readonly most: number }>

  /** `long` bytes have room for all that is made at once. */
  constructor(long: number) {
    this.#long = long
    this.#free = new Map([
      [shortLength, { pieces: [], most: mostShort }],
      [long, { pieces: [], most: mostLong }],
    ])
  }

  take(length: number): Uint8Array {
    const size = length <= shortLength ? shortLength : Math.max(this.#long, length)
    return this.#free.get(size)?.pieces.pop() ?? new Uint8Array(size)
  }

  /** Pieces, or parts of such, that nobody reads any more. */
  giveBack(given: readonly Uint8Array[]): void {
    for (const { buffer } of given) {
      const free = this.#free.get(buffer.byteLength)
      if (free === undefined || free.pieces.length === free.most) continue
      // Given back twice, it would be two connections' at once.
      if (free.pieces.some((piece) => piece.buffer === buffer)) continue
      free.pieces.push(new Uint8Array(buffer))
    }
  }
}

/** For a short answer or a handshake. */
const shortLength = 4096
/** Each connection holds a short one while its tickets wait for the first answer. */
const mostShort = 16
const mostLong = 2
