import { Reader } from '../../bytes/reader.ts'
import { handshakeType } from '../../wire/code-points.ts'
import { handshakeHeaderLength, type HandshakeMessage } from '../../wire/handshake.ts'
import { fault } from '../fault.ts'
import type { Limits } from '../limits.ts'

/** Of a message's body, in bytes. */
type MessageLimits = Pick<Limits, 'clientHelloBytes' | 'handshakeMessageBytes'>

/** Joins handshake messages that records have cut or coalesced (RFC 8446 §5.1). */
export class Reassembly {
  #limits: MessageLimits
  #bytes = nothing
  #length = 0

  constructor(limits: MessageLimits) {
    this.#limits = limits
  }

  /** True where no message has begun. */
  get empty(): boolean {
    return this.#length === 0
  }

  /** The memory that an unfinished message has. */
  get begunBytes(): number {
    return this.#bytes.length
  }

  /** From the next message on, bodies of at most this many bytes. */
  limit(limits: MessageLimits): void {
    this.#limits = limits
  }

  push(fragment: Uint8Array): void {
    const needed = this.#length + fragment.length
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, Math.min(this.#bytes.length * 2, this.#limits.clientHelloBytes)))
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    this.#bytes.set(fragment, this.#length)
    this.#length = needed
  }

  /** The type of the message that has begun, once its header is there. Throws Fault as soon as its length is too great. */
  type(): number | undefined {
    return this.#header()?.type
  }

  /** The next whole message, which is the caller's to keep, or undefined until more comes. */
  next(): HandshakeMessage | undefined {
    const header = this.#header()
    const whole = handshakeHeaderLength + (header?.length ?? 0)
    if (header === undefined || this.#length < whole) return undefined
    // One that came alone, as most do, has been copied already.
    const raw = whole === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, whole)
    this.#length -= whole
    if (this.#length === 0) this.#bytes = nothing
    else this.#bytes.copyWithin(0, whole, whole + this.#length)
    return { type: header.type, body: raw.subarray(handshakeHeaderLength), raw }
  }

  #header(): { type: number; length: number } | undefined {
    if (this.#length < handshakeHeaderLength) return undefined
    const from = new Reader(this.#bytes, 0, 0, this.#length)
    const header = { type: from.u8('msg_type'), length: from.u24('length') }
    const { clientHelloBytes, handshakeMessageBytes } = this.#limits
    const limit = header.type === handshakeType.clientHello ? clientHelloBytes : handshakeMessageBytes
    if (header.length > limit) throw fault('message-too-long', `${header.length} bytes`)
    return header
  }
}

const nothing = new Uint8Array(0)
