import { contentType } from '../../wire/code-points.ts'
import { headerLength, maxPlaintext, writeHeader } from './framer.ts'
import type { RecordProtection } from './protection.ts'
import { freshMemory, RecordQueue, type RecordMemory } from './record-queue.ts'

/** The sending half of the record layer: contents in, records out, under the key in force or in the clear before one is. */
export class Outgoing {
  readonly #padding: Padding
  readonly #queue: RecordQueue
  #protection: RecordProtection | undefined
  #maxContent = maxPlaintext
  #queued: Queued = 'nothing'

  constructor(padding: Padding = noPadding, memory: RecordMemory = freshMemory) {
    this.#padding = padding
    this.#queue = new RecordQueue(memory)
  }

  /** The greatest content of one record, padding included, in bytes. */
  get maxContent(): number {
    return this.#maxContent
  }

  /** Records sealed under the key in force. */
  get count(): number {
    return this.#protection?.count ?? 0
  }

  get queued(): Queued {
    return this.#queued
  }

  /** Queues content, cut into as many records as it takes. */
  send(type: number, content: Uint8Array): void {
    this.#queued = 'urgent'
    this.#sendRecords(type, content)
  }

  /** The same, where the peer does not wait for it. */
  sendAlong(type: number, content: Uint8Array): void {
    if (this.#queued === 'nothing') this.#queued = 'patient'
    this.#sendRecords(type, content)
  }

  /** Queues change_cipher_spec, which goes in the clear always (RFC 8446 §5; RFC 5246 §7.1). */
  sendChangeCipherSpec(): void {
    this.#queued = 'urgent'
    this.#queue.add(plainRecord(contentType.changeCipherSpec, Uint8Array.of(1), this.#queue))
  }

  /** From the next record on, contents of at most this many bytes. */
  limit(maxContent: number): void {
    this.#maxContent = maxContent
  }

  /** From the next record on, this key. */
  use(protection: RecordProtection): void {
    this.#protection?.wipe()
    this.#protection = protection
  }

  /** The records in order, in pieces; the queue is empty afterwards. */
  take(): Uint8Array[] {
    this.#queued = 'nothing'
    return this.#queue.take()
  }

  wipe(): void {
    this.#protection?.wipe()
  }

  #sendRecords(type: number, content: Uint8Array): void {
    const most = this.#maxContent
    // Most fit into one record; and a view of a few bytes costs as much as they did, for V8 moves them out of its heap.
    const fits = content.length <= most
    for (let at = 0; at < content.length; at += most)
      this.#sendRecord(type, fits ? content : content.subarray(at, at + most))
  }

  #sendRecord(type: number, content: Uint8Array): void {
    // Added only when it is whole: where sealing throws, what stands there must never be sent.
    this.#queue.add(
      this.#protection?.seal(type, content, this.#paddingOf(type, content), this.#queue) ??
        plainRecord(type, content, this.#queue),
    )
  }

  /** What the policy says, as far as there is room: no policy makes a record too long. */
  #paddingOf(type: number, { length }: Uint8Array): number {
    return type === contentType.applicationData ? Math.min(this.#padding(length), this.#maxContent - length) : 0
  }
}

/** `patient`: nothing of it is waited for by the peer, so that it may leave with what comes next. */
export type Queued = 'nothing' | 'patient' | 'urgent'

/** How many zeros go behind application data of this length, which is all that a watcher learns of it (RFC 8446 §5.4). */
export type Padding = (length: number) => number

const noPadding: Padding = () => 0

function plainRecord(type: number, content: Uint8Array, queue: RecordQueue): Uint8Array {
  const record = queue.room(headerLength + content.length)
  writeHeader(record, type, content.length)
  record.set(content, headerLength)
  return record
}
