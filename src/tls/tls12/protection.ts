import { concat, wipe } from '../../bytes/arrays.ts'
import { Writer } from '../../bytes/writer.ts'
import { nonceLength, tagLength, type Aead, type CryptoProvider } from '../../crypto/provider.ts'
import { fault } from '../fault.ts'
import { headerLength, maxPlaintext, writeHeader } from '../record/framer.ts'
import { ownRoom, type Content, type RecordProtection, type Room } from '../record/protection.ts'
import type { RecordKeys } from './key-schedule.ts'

/**
 * TLS 1.2's protection: a record says its true type in the clear, and every type is protected alike (RFC 5246 §6.2.3.3).
 * The nonce of AES-GCM has a part that travels with the record; ours is the sequence number, so that none comes twice
 * (RFC 5288 §3). That of ChaCha20-Poly1305 is made as in TLS 1.3 (RFC 7905 §2).
 */
export class Tls12Protection implements RecordProtection {
  readonly #aead: Aead
  readonly #iv: Uint8Array
  readonly #explicitLength: number
  #sequence = 0

  constructor(crypto: CryptoProvider, { aead, key, iv }: RecordKeys) {
    this.#aead = crypto.aead(aead, key)
    this.#iv = new Uint8Array(iv)
    this.#explicitLength = nonceLength - iv.length
  }

  get count(): number {
    return this.#sequence
  }

  covers(): boolean {
    return true
  }

  /** RFC 5246 §6.2.3: compression, which we never agree to, could add 1024 bytes; what we have adds 24. */
  maxFragment(): number {
    return maxPlaintext + 1024
  }

  /** There is no padding to ask for: TLS 1.2 has nothing for it. */
  seal(type: number, content: Uint8Array, _padding = 0, room: Room = ownRoom): Uint8Array {
    if (content.length > maxPlaintext) throw new RangeError(`a record of ${content.length} bytes`)
    const sequence = this.#next()
    const explicit = sequence.subarray(0, this.#explicitLength)
    const length = explicit.length + content.length + tagLength
    const record = room.room(headerLength + length)
    writeHeader(record, type, length)
    record.set(explicit, headerLength)
    const sealed = record.subarray(headerLength + explicit.length)
    const aad = additionalData(sequence, type, content.length)
    this.#aead.sealInto(sealed, this.#nonce(sequence), aad, content, nothing)
    return record
  }

  open(header: Uint8Array, fragment: Uint8Array, room: Room = ownRoom): Content | undefined {
    const [type, major, minor] = header as Uint8Array & [number, number, number]
    if (header.length !== headerLength) throw new RangeError(`a header of ${header.length} bytes`)
    // RFC 5246 §6.2.1: from here on there is one version.
    if (major !== 3 || minor !== 3) throw fault('record-version', `${major}.${minor}, expected 3.3`)
    const length = fragment.length - this.#explicitLength - tagLength
    if (length < 0) return undefined
    const at = this.#sequence
    const sequence = this.#next()
    const explicit = fragment.subarray(0, this.#explicitLength)
    const nonce = explicit.length > 0 ? concat(this.#iv, explicit) : this.#nonce(sequence)
    const content = room.room(length)
    const ciphertext = fragment.subarray(explicit.length)
    if (!this.#aead.openInto(content, nonce, additionalData(sequence, type, length), ciphertext)) {
      this.#sequence = at
      return undefined
    }
    if (content.length > maxPlaintext) throw fault('record-too-long', `${content.length} bytes of plaintext`)
    return { type, content }
  }

  wipe(): void {
    this.#aead.wipe()
    wipe(this.#iv)
  }

  /** The sequence number in eight bytes; 2^48 records of one byte would take years, and a double counts them exactly. */
  #next(): Uint8Array {
    const out = new Writer()
    out.u32(Math.floor(this.#sequence / 2 ** 32))
    out.u32(this.#sequence++ % 2 ** 32)
    return out.finish()
  }

  #nonce(sequence: Uint8Array): Uint8Array {
    if (this.#explicitLength > 0) return concat(this.#iv, sequence)
    const nonce = this.#iv.slice()
    for (const [i, byte] of sequence.entries())
      nonce[nonceLength - 8 + i] = (nonce[nonceLength - 8 + i] as number) ^ byte
    return nonce
  }
}

/** RFC 5246 §6.2.3.3: seq_num, type, version, and the length of the plaintext. */
function additionalData(sequence: Uint8Array, type: number, length: number): Uint8Array {
  return concat(sequence, Uint8Array.of(type, 3, 3, length >> 8, length & 0xff))
}

const nothing = new Uint8Array(0)
