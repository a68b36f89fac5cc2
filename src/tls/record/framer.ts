import { contentType } from '../../wire/code-points.ts'
import { fault } from '../fault.ts'

/** A TLSPlaintext or TLSCiphertext as it came: outer type, header (the AEAD's additional data), and fragment (RFC 8446 §5). */
export interface Record {
  readonly type: number
  readonly header: Uint8Array
  readonly fragment: Uint8Array
}

const headerLength = 5
export const maxPlaintext = 2 ** 14
/** RFC 8446 §5.2: the inner type, padding and the AEAD's expansion may add at most 256 bytes. */
export const maxCiphertext = maxPlaintext + 256

/** Cuts a stream of bytes into records. It holds one incomplete record at most, and whatever was pushed behind it. */
export class Framer {
  #buffer = new Uint8Array(0)
  #start = 0
  #end = 0
  #first = true

  push(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length)
    this.#buffer.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** The next whole record, or undefined until more bytes come. Throws Fault. The views live until the next `push`. */
  next(): Record | undefined {
    const bytes = this.#buffer.subarray(this.#start, this.#end)
    if (bytes.length === 0) return undefined
    this.#checkStart(bytes)
    if (bytes.length < headerLength) return undefined
    const length = ((bytes[3] as number) << 8) | (bytes[4] as number)
    const type = bytes[0] as number
    if (length > (type === contentType.applicationData ? maxCiphertext : maxPlaintext))
      throw fault('record-too-long', `${length} bytes`)
    if (bytes.length < headerLength + length) return undefined
    this.#start += headerLength + length
    this.#first = false
    return {
      type,
      header: bytes.subarray(0, headerLength),
      fragment: bytes.subarray(headerLength, headerLength + length),
    }
  }

  /** Faults that the first bytes show already: there is no need to wait for a record that will not be one. */
  #checkStart(bytes: Uint8Array): void {
    const type = bytes[0] as number
    // An SSLv2 CLIENT-HELLO: two bytes of length with the high bit set, then message type 1.
    if (this.#first && (type & 0x80) !== 0 && (bytes.length < 3 || bytes[2] === 1)) {
      if (bytes.length < 3) return
      throw fault('ssl2-hello')
    }
    if (type < contentType.changeCipherSpec || type > contentType.applicationData)
      throw fault('not-a-record', `first byte ${type}`)
    // RFC 8446 §5.1 has us ignore legacy_record_version; but no TLS has ever had another major version than 3.
    if (bytes.length >= 2 && bytes[1] !== 3) throw fault('record-version', `major version ${bytes[1]}`)
  }

  #makeRoom(more: number): void {
    if (this.#end + more <= this.#buffer.length) return
    const held = this.#end - this.#start
    const target =
      held + more <= this.#buffer.length ? this.#buffer : new Uint8Array(Math.max(held + more, held * 2, 1024))
    // Views handed out by `next` die here, as its comment says.
    target.set(this.#buffer.subarray(this.#start, this.#end))
    this.#buffer = target
    this.#start = 0
    this.#end = held
  }
}
