import { contentType } from '../../wire/code-points.ts'
import { headerLength, maxPlaintext } from './framer.ts'
import type { RecordProtection } from './protection.ts'

/** The sending half of the record layer: contents in, records out, under the key in force or in the clear before one is. */
export class Outgoing {
  #protection: RecordProtection | undefined
  #records: Uint8Array[] = []

  /** Records sealed under the key in force. */
  get count(): number {
    return this.#protection?.count ?? 0
  }

  /** Queues content, cut into as many records as it takes. */
  send(type: number, content: Uint8Array): void {
    for (let at = 0; at < content.length; at += maxPlaintext)
      this.#sendRecord(type, content.subarray(at, at + maxPlaintext))
  }

  /** Queues change_cipher_spec, which goes in the clear always (RFC 8446 §5; RFC 5246 §7.1). */
  sendChangeCipherSpec(): void {
    this.#records.push(plainRecord(contentType.changeCipherSpec, Uint8Array.of(1)))
  }

  /** From the next record on, this key. */
  use(protection: RecordProtection): void {
    this.#protection?.wipe()
    this.#protection = protection
  }

  /** The records in order; the queue is empty afterwards. */
  take(): Uint8Array[] {
    const records = this.#records
    this.#records = []
    return records
  }

  wipe(): void {
    this.#protection?.wipe()
  }

  #sendRecord(type: number, content: Uint8Array): void {
    this.#records.push(this.#protection?.seal(type, content) ?? plainRecord(type, content))
  }
}

function plainRecord(type: number, content: Uint8Array): Uint8Array {
  const record = new Uint8Array(headerLength + content.length)
  record.set([type, 3, 3, content.length >> 8, content.length & 0xff])
  record.set(content, headerLength)
  return record
}
