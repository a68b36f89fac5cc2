import { contentType } from '../../wire/code-points.ts'
import { fault } from '../fault.ts'
import type { Limits } from '../limits.ts'
import { Framer, maxPlaintext, type Record } from './framer.ts'
import type { Content, RecordProtection, Room } from './protection.ts'
import { freshMemory, RecordQueue, type RecordMemory } from './record-queue.ts'

/** What came in one record, to be read before the next one; `covered`: its protection was off only for us. */
export interface Received extends Content {
  readonly covered: boolean
}

/**
 * The receiving half of the record layer: bytes in, contents out, one record at a time, so that the key may change
 * between two of them. Early data that was refused is skipped here, and nobody hears of it. Contents that were protected
 * stand in lent memory; those that are held stand there one behind the other, until they are taken as one.
 */
export class Incoming implements Room {
  readonly #limits: Limits
  readonly #framer = new Framer()
  readonly #held: RecordQueue
  #protection: RecordProtection | undefined
  #skip: 'by-type' | 'by-trial' | 'no-more' = 'no-more'
  #skippedBytes = 0
  #maxContent = maxPlaintext

  constructor(limits: Limits, memory: RecordMemory = freshMemory) {
    this.#limits = limits
    this.#held = new RecordQueue(memory)
  }

  /** The key in force, if there is one. */
  get protection(): RecordProtection | undefined {
    return this.#protection
  }

  /** Call `next` until it has no more before pushing again. */
  push(bytes: Uint8Array): void {
    this.#framer.push(bytes)
  }

  /** The next record's content, or undefined until more bytes come. Throws Fault. */
  next(): Received | undefined {
    for (let record = this.#framer.next(); record !== undefined; record = this.#framer.next()) {
      const received = this.#open(record)
      if (received !== undefined) return received
    }
    return undefined
  }

  /** Holds the content that came last, which was protected, behind those that are held already. */
  hold({ content }: Received): void {
    this.#held.add(content)
  }

  /** The contents that are held, in order, in pieces; none is afterwards. */
  takeHeld(): Uint8Array[] {
    return this.#held.take()
  }

  /** For the content of the record that is read now. No more comes of all that was pushed than it and that have bytes. */
  room(length: number): Uint8Array {
    return this.#held.room(length, length + this.#framer.left)
  }

  /** The memory that an unfinished record has. */
  get begunBytes(): number {
    return this.#framer.begunBytes
  }

  /** From the next record on, this key. */
  use(protection: RecordProtection): void {
    this.#protection?.wipe()
    this.#protection = protection
    this.#framer.limit((type) => protection.maxFragment(type))
  }

  /** From the next record on, contents of at most this many bytes. */
  limit(maxContent: number): void {
    this.#maxContent = maxContent
  }

  /** `by-type`: records that are protected are early data; `by-trial`: records that do not open are (RFC 8446 §4.2.10). */
  skipEarlyData(how: 'by-type' | 'by-trial' | 'no-more'): void {
    this.#skip = how
  }

  /** Makes what was pushed, and not read yet, our own: reading goes on after `push`'s caller has its buffer back. */
  keep(): void {
    this.#framer.keep()
  }

  /** Lets go of all bytes: nothing more will be read. */
  drop(): void {
    this.#framer.drop()
  }

  wipe(): void {
    this.#protection?.wipe()
  }

  #open({ type, header, fragment }: Record): Received | undefined {
    if (this.#protection?.covers(type) !== true) {
      if (type === contentType.applicationData && this.#skip === 'by-type') return this.#skipped(fragment)
      // The second hello has begun: nothing may come within it, and no early data is left (RFC 8446 §5.1).
      if (type === contentType.handshake) this.#skip = 'no-more'
      return { type, content: fragment, covered: false }
    }
    const opened = this.#protection.open(header, fragment, this)
    if (opened === undefined) {
      if (this.#skip !== 'by-trial') throw fault('bad-record')
      return this.#skipped(fragment)
    }
    this.#skip = 'no-more'
    if (opened.content.length > this.#maxContent) throw fault('record-too-long', `${opened.content.length} bytes`)
    return { type: opened.type, content: opened.content, covered: true }
  }

  /** RFC 8446 §4.2.10: up to a limit. An empty record counts as a byte: it is not free. */
  #skipped(fragment: Uint8Array): undefined {
    this.#skippedBytes += Math.max(fragment.length, 1)
    if (this.#skippedBytes > this.#limits.earlyDataBytes) throw fault('too-much-early-data')
  }
}
