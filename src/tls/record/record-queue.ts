/** Where records are made, or opened. */
export interface RecordMemory {
  /** A piece of this many bytes or more, whatever they are; nobody else's, until it is given back. */
  take(length: number): Uint8Array
  /** Pieces, or parts of such, that nobody reads any more. Who keeps one need not give it back. */
  giveBack(pieces: readonly Uint8Array[]): void
}

/** A connection's: apart, so that no piece in which a plaintext stood is ever sent as a record. */
export interface ConnectionMemory {
  /** Where the records that are sent are made. */
  readonly records: RecordMemory
  /** Where the contents of those that come are deciphered. */
  readonly contents: RecordMemory
}

/** Memory that nobody wants back: a piece of its own for each time. */
export const freshMemory: RecordMemory = {
  take: (length) => new Uint8Array(length),
  giveBack() {
    // The collector finds it.
  },
}

/**
 * Records that wait to be sent, or what was in those that came, one behind the other in as few pieces of memory as they fit
 * into: what is sent as one piece costs one system call and no list of pieces. An idle connection holds none.
 */
export class RecordQueue {
  readonly #memory: RecordMemory
  #full: Uint8Array[] = []
  #piece: Uint8Array = nothing
  #used = 0

  constructor(memory: RecordMemory) {
    this.#memory = memory
  }

  /**
   * Room of this length, to be filled and then added; a piece that is taken for it has room for as much as is expected.
   * What stands there is of no meaning.
   */
  room(length: number, expected = length): Uint8Array {
    if (this.#piece.length - this.#used < length) {
      this.#full = this.take()
      this.#piece = this.#memory.take(expected)
    }
    return this.#piece.subarray(this.#used, this.#used + length)
  }

  /** Queues what stands at the beginning of the room that was asked for last. */
  add({ length, buffer, byteOffset }: Uint8Array): void {
    // Else somebody's bytes that were there before would go out in the place of these.
    if (buffer !== this.#piece.buffer || byteOffset !== this.#piece.byteOffset + this.#used)
      throw new Error('RecordQueue: what is added does not stand in the room that was asked for last')
    this.#used += length
  }

  /** All in order, in pieces; the queue is empty afterwards. */
  take(): Uint8Array[] {
    const pieces = this.#full
    if (this.#used > 0) pieces.push(this.#piece.subarray(0, this.#used))
    else if (this.#piece !== nothing) this.#memory.giveBack([this.#piece])
    this.#full = []
    this.#piece = nothing
    this.#used = 0
    return pieces
  }
}

const nothing = new Uint8Array(0)
