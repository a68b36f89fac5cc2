import { contentType } from '../../wire/code-points.ts'
import { fault } from '../fault.ts'

/** A TLSPlaintext or TLSCiphertext as it came: outer type, header (the AEAD's additional data), and fragment (RFC 8446 §5). */
export interface Record {
  readonly type: number
  readonly header: Uint8Array
  readonly fragment: Uint8Array
}

/** Length of the type, version and length before each fragment. */
export const headerLength = 5
export const maxPlaintext = 2 ** 14
/** RFC 8446 §5.2: the inner type, padding and the AEAD's expansion may add at most 256 bytes. */
export const maxCiphertext = maxPlaintext + 256

/** The greatest fragment of a record of TLS 1.3, and of one whose version is not known yet. */
export function maxTls13Fragment(type: number): number {
  return type === contentType.applicationData ? maxCiphertext : maxPlaintext
}

/** Puts the header of a record before its fragment; the version is that of TLS 1.2, whatever is spoken (RFC 8446 §5.1). */
export function writeHeader(record: Uint8Array, type: number, fragmentLength: number): void {
  record[0] = type
  record[1] = record[2] = 3
  record[3] = fragmentLength >> 8
  record[4] = fragmentLength & 0xff
}

/**
 * Cuts a stream of bytes into records. A record that came whole is a view of what was pushed; only an unfinished one is
 * copied, so that an idle connection holds nothing, and a busy one a record at most: no more than twice what came of it,
 * for whoever announces a long record has not sent it yet.
 */
export class Framer {
  #pushed: Uint8Array = nothing
  /** An unfinished record, and room for as much again. */
  #unfinished: Uint8Array = nothing
  #held = 0
  #first = true
  #maxFragment = maxTls13Fragment

  /** Call `next` until it has no more before pushing again. */
  push(bytes: Uint8Array): void {
    if (this.#pushed.length > 0) throw new Error('Framer: push before next had no more')
    this.#pushed = bytes
  }

  /** The next whole record, or undefined until more bytes come. Throws Fault. */
  next(): Record | undefined {
    if (this.#held === 0) {
      const length = this.#recordLength(this.#pushed)
      if (length !== undefined && this.#pushed.length >= length) return this.#cut(this.#takePushed(length))
    }
    while (this.#pushed.length > 0) {
      const length = this.#recordLength(this.#unfinished.subarray(0, this.#held)) ?? headerLength
      this.#hold(length)
      if (this.#held < length) continue
      const whole = this.#recordLength(this.#unfinished)
      if (whole !== this.#held) continue
      const record = this.#unfinished
      this.#unfinished = nothing
      this.#held = 0
      return this.#cut(record)
    }
    // The first bytes may show a fault already: there is no need to wait for a record that will not be one.
    this.#recordLength(this.#unfinished.subarray(0, this.#held))
    return undefined
  }

  /** How many bytes were pushed and not read yet. */
  get left(): number {
    return this.#pushed.length
  }

  /** The memory that an unfinished record has. */
  get begunBytes(): number {
    return this.#unfinished.length
  }

  /** From the next record on, fragments are this long at most. */
  limit(maxFragment: (type: number) => number): void {
    this.#maxFragment = maxFragment
  }

  /** Copies what was pushed and not read yet. */
  keep(): void {
    this.#pushed = new Uint8Array(this.#pushed)
  }

  /** Lets go of all bytes: nothing more will be read. */
  drop(): void {
    this.#pushed = nothing
    this.#unfinished = nothing
    this.#held = 0
  }

  #cut(record: Uint8Array): Record {
    this.#first = false
    return {
      type: record[0] as number,
      header: record.subarray(0, headerLength),
      fragment: record.subarray(headerLength),
    }
  }

  #hold(length: number): void {
    const more = this.#takePushed(Math.min(length - this.#held, this.#pushed.length))
    const needed = this.#held + more.length
    if (this.#unfinished.length < needed) {
      const grown = new Uint8Array(Math.min(length, needed * 2))
      grown.set(this.#unfinished)
      this.#unfinished = grown
    }
    this.#unfinished.set(more, this.#held)
    this.#held += more.length
  }

  #takePushed(length: number): Uint8Array {
    const taken = this.#pushed.subarray(0, length)
    this.#pushed = this.#pushed.subarray(length)
    return taken
  }

  /** Of the record that begins here, header included; undefined while its header is not whole. Throws Fault. */
  #recordLength(bytes: Uint8Array): number | undefined {
    if (bytes.length === 0) return undefined
    this.#checkStart(bytes)
    if (bytes.length < headerLength) return undefined
    const length = ((bytes[3] as number) << 8) | (bytes[4] as number)
    if (length > this.#maxFragment(bytes[0] as number)) throw fault('record-too-long', `${length} bytes`)
    return headerLength + length
  }

  #checkStart(bytes: Uint8Array): void {
    const type = bytes[0] as number
    // An SSLv2 CLIENT-HELLO: two bytes of length with the high bit set, then message type 1.
    if (this.#first && (type & 0x80) !== 0 && (bytes.length < 3 || bytes[2] === 1)) {
      if (bytes.length < 3) return
      throw fault('ssl2-hello')
    }
    if (type < contentType.changeCipherSpec || type > contentType.applicationData)
      throw fault('not-a-record', isLetter(type) ? 'it begins with a letter, as plain HTTP does' : `first byte ${type}`)
    // RFC 8446 §5.1 has us ignore legacy_record_version; but no TLS has ever had another major version than 3.
    if (bytes.length >= 2 && bytes[1] !== 3) throw fault('record-version', `major version ${bytes[1]}`)
  }
}

function isLetter(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a
}

const nothing = new Uint8Array(0)
