import { wipe } from '../../bytes/arrays.ts'
import { nonceLength, tagLength, type Aead, type CryptoProvider } from '../../crypto/provider.ts'
import { contentType } from '../../wire/code-points.ts'
import { fault } from '../fault.ts'
import { trafficKey } from '../key-schedule.ts'
import type { Suite } from '../suites.ts'
import { headerLength, maxPlaintext, maxTls13Fragment, writeHeader } from './framer.ts'
import { ownRoom, type Content, type RecordProtection, type Room } from './protection.ts'

/** TLS 1.3's protection: each record says application_data, and hides its true type inside (RFC 8446 §5.2, §5.3). */
export class Tls13Protection implements RecordProtection {
  readonly #aead: Aead
  readonly #iv: Uint8Array
  #sequence = 0

  constructor(crypto: CryptoProvider, suite: Suite, secret: Uint8Array) {
    const { key, iv } = trafficKey(crypto, suite, secret)
    this.#aead = crypto.aead(suite.aead, key)
    this.#iv = iv
    wipe(key)
  }

  get count(): number {
    return this.#sequence
  }

  covers(type: number): boolean {
    return type === contentType.applicationData
  }

  maxFragment(type: number): number {
    return maxTls13Fragment(type)
  }

  seal(type: number, content: Uint8Array, padding = 0, room: Room = ownRoom): Uint8Array {
    if (content.length + padding > maxPlaintext)
      throw new RangeError(`a record of ${content.length} bytes, and ${padding} of padding`)
    const length = content.length + 1 + padding + tagLength
    const record = room.room(headerLength + length)
    writeHeader(record, contentType.applicationData, length)
    const tail = new Uint8Array(1 + padding)
    tail[0] = type
    const header = record.subarray(0, headerLength)
    this.#aead.sealInto(record.subarray(headerLength), this.#nonce(), header, content, tail)
    return record
  }

  open(header: Uint8Array, fragment: Uint8Array, room: Room = ownRoom): Content | undefined {
    if (fragment.length < tagLength) return undefined
    const at = this.#sequence
    const inner = room.room(fragment.length - tagLength)
    if (!this.#aead.openInto(inner, this.#nonce(), header, fragment)) {
      this.#sequence = at
      return undefined
    }
    // RFC 8446 §5.4: the type is the last byte that is not zero; what follows it is padding.
    let end = inner.length
    while (end > 0 && inner[end - 1] === 0) end--
    if (inner.length > maxPlaintext + 1) throw fault('record-too-long', `${inner.length} bytes of inner plaintext`)
    if (end === 0) throw fault('inner-content-type-missing')
    return { type: inner[end - 1] as number, content: inner.subarray(0, end - 1) }
  }

  wipe(): void {
    this.#aead.wipe()
    wipe(this.#iv)
  }

  #nonce(): Uint8Array {
    const nonce = this.#iv.slice()
    // 2^48 records of one byte would take years; a double counts them exactly.
    for (let i = nonceLength - 1, rest = this.#sequence; rest > 0; i--) {
      nonce[i] = (nonce[i] as number) ^ (rest % 256)
      rest = Math.floor(rest / 256)
    }
    this.#sequence++
    return nonce
  }
}
