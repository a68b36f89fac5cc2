import type { ServerConfig, Verdict } from './config.ts'
import { Conversation } from './conversation.ts'
import type { ConnectionEvent } from './events.ts'
import { serverRole } from './handshake/server-role.ts'
import type { State } from './handshake/state.ts'
import type { Queued } from './record/outgoing.ts'

/**
 * A TLS server's side of one connection. Bytes of the peer go in by `receive`, which returns what happened; plaintext
 * goes in by `send`; bytes for the peer come out by `takeOutput`. There is no socket, clock or promise here.
 *
 * Whatever the peer does, `receive` does not throw: a fault becomes an alert and the connection is closed. How that is
 * done for either side of any version stands in conversation.ts; what a server says, in handshake/.
 */
export class ServerConnection {
  readonly #conversation: Conversation<State>

  constructor(config: ServerConfig) {
    this.#conversation = new Conversation(serverRole(config))
  }

  /** `closed`: both directions are done, or the connection failed. */
  get state(): 'handshaking' | 'open' | 'closed' {
    return this.#conversation.state
  }

  /** True from the end of the handshake until `close`, also after the peer has closed its side. */
  get canSend(): boolean {
    return this.#conversation.canSend
  }

  /** The memory kept for a record and a message that the peer has begun and not finished. */
  get begunBytes(): number {
    return this.#conversation.begunBytes
  }

  /** Takes bytes of the peer, cut as the transport pleases, and returns what happened. */
  receive(bytes: Uint8Array): ConnectionEvent[] {
    return this.#conversation.receive(bytes)
  }

  /**
   * Answers `verify-client-certificate`, at any later time, and returns what happened then. A refusal ends the
   * connection with the alert that its reason has. Throws Error where nothing was asked.
   */
  answer(verdict: Verdict): ConnectionEvent[] {
    return this.#conversation.answer(verdict)
  }

  /** Queues plaintext. Throws Error where the handshake is not over, or sending is. */
  send(plaintext: Uint8Array): void {
    this.#conversation.send(plaintext)
  }

  /** Queues close_notify: the peer may go on sending (RFC 8446 §6.1). Before the handshake's end it gives the connection up. */
  close(): void {
    this.#conversation.close()
  }

  /** What there is for `takeOutput`: whoever is patient with tickets saves a packet of their own for them. */
  get queued(): Queued {
    return this.#conversation.queued
  }

  /** Bytes for the peer, in order; the queue is empty afterwards. */
  takeOutput(): Uint8Array[] {
    return this.#conversation.takeOutput()
  }

  /** Ends the connection without a word, and wipes its keys. Output that is queued stays to be taken. */
  destroy(): void {
    this.#conversation.destroy()
  }
}
