/** Where records are made. */
export interface RecordMemory {
  /** A piece of this many bytes or more, whatever they are; nobody else's, until whoever sends it gives it back. */
  take(length: number): Uint8Array
}

/** Memory that nobody wants back: a piece of its own for each record. */
export const freshMemory: RecordMemory = { take: (length) => new Uint8Array(length) }

/**
 * Records that wait to be sent, one behind the other in as few pieces of memory as they fit into: what is sent as one
 * piece costs one system call and no list of pieces. An idle connection holds none.
 */
export class RecordQueue {
  readonly #memory: RecordMemory
  #full: Uint8Array[] = []
  #piece: Uint8Array = nothing
  #used = 0

  constructor(memory: RecordMemory) {
    this.#memory = memory
  }

  /** Room for a record of this length, to be filled and then added. What stands there is of no meaning. */
  room(length: number): Uint8Array {
    if (this.#piece.length - this.#used < length) {
      this.#full = this.take()
      this.#piece = this.#memory.take(length)
    }
    return this.#piece.subarray(this.#used, this.#used + length)
  }

  /** Queues the record in the room that was asked for last. */
  add({ length }: Uint8Array): void {
    this.#used += length
  }

  /** The records in order, in pieces; the queue is empty afterwards. */
  take(): Uint8Array[] {
    const pieces = this.#full
    if (this.#used > 0) pieces.push(this.#piece.subarray(0, this.#used))
    this.#full = []
    this.#piece = nothing
    this.#used = 0
    return pieces
  }
}

const nothing = new Uint8Array(0)
