import type { ConnectionEvent, HandshakeComplete, VerifyClientCertificate } from '../tls/events.ts'
import type { Queued } from '../tls/record/outgoing.ts'
import { freshMemory, type ConnectionMemory, type RecordMemory } from '../tls/record/record-queue.ts'
import type { ProxyClient } from './proxy-protocol.ts'

/** What happens on a connection, as a session hears of it: whoever the client is has been judged. */
export type EngineEvent = Exclude<ConnectionEvent, VerifyClientCertificate | HandshakeComplete> | JudgedHandshake

export type JudgedHandshake = HandshakeComplete & { readonly client?: ProxyClient }

/** What a session needs of a connection's protocol: `TlsEngine`, or `PassThrough`. */
export interface Engine {
  receive(bytes: Uint8Array): EngineEvent[]
  send(plaintext: Uint8Array): void
  /** Says that we are done sending; we may go on receiving. */
  close(): void
  /** What there is to take. Where it is `patient`, the client waits for none of it. */
  readonly queued: Queued
  takeOutput(): Uint8Array[]
  /** The memory kept for what the client has begun and not finished. */
  readonly begunBytes: number
  /** Where what `takeOutput` returned, and the plaintext of events, is given back to when nobody reads it any more. */
  readonly memory: ConnectionMemory
  readonly state: 'handshaking' | 'open' | 'closed'
  readonly canSend: boolean
  destroy(): void
}

/** The protocol of a plain port: none. What comes is what is meant, and only TCP says that it ends. */
export class PassThrough implements Engine {
  readonly begunBytes = 0
  readonly memory: ConnectionMemory
  #output: Uint8Array[] = []
  #sending = true

  constructor(memory: ConnectionMemory = { records: freshMemory, contents: freshMemory }) {
    this.memory = memory
  }

  receive(bytes: Uint8Array): EngineEvent[] {
    return [{ type: 'application-data', data: copied(bytes, this.memory.contents) }]
  }

  send(plaintext: Uint8Array): void {
    if (!this.#sending) throw new Error('PassThrough: send after close')
    this.#output.push(copied(plaintext, this.memory.records))
  }

  close(): void {
    this.#sending = false
  }

  get queued(): Queued {
    return this.#output.length === 0 ? 'nothing' : 'urgent'
  }

  takeOutput(): Uint8Array[] {
    const output = this.#output
    this.#output = []
    return output
  }

  get state(): 'open' {
    return 'open'
  }

  get canSend(): boolean {
    return this.#sending
  }

  destroy(): void {
    this.#output = []
    this.#sending = false
  }
}

/** The caller's buffer is the caller's again when we return; what stands in lent memory may wait for a socket. */
function copied(bytes: Uint8Array, memory: RecordMemory): Uint8Array {
  const copy = memory.take(bytes.length).subarray(0, bytes.length)
  copy.set(bytes)
  return copy
}
