import { Conversation } from '../conversation.ts'
import type { ConnectionEvent } from '../events.ts'
import type { ClientConfig } from './config.ts'
import { clientRole } from './role.ts'
import type { ClientState } from './state.ts'

/**
 * A TLS client's side of one connection, with the same face as the server's: bytes of the peer go in by `receive`, which
 * returns what happened; plaintext goes in by `send`; bytes for the peer come out by `takeOutput`, the hello as soon as
 * the connection is made. There is no socket, clock or promise here.
 *
 * Whatever the server does, `receive` does not throw: a fault becomes an alert and the connection is closed. What only a
 * server can do wrong stands in faults.ts; how it is all done, in conversation.ts.
 */
export class ClientConnection {
  readonly #conversation: Conversation<ClientState>

  constructor(config: ClientConfig) {
    this.#conversation = new Conversation(clientRole(config))
  }

  /** `closed`: both directions are done, or the connection failed. */
  get state(): 'handshaking' | 'open' | 'closed' {
    return this.#conversation.state
  }

  /** True from the end of the handshake until `close`, also after the peer has closed its side. */
  get canSend(): boolean {
    return this.#conversation.canSend
  }

  /** Takes bytes of the server, cut as the transport pleases, and returns what happened. */
  receive(bytes: Uint8Array): ConnectionEvent[] {
    return this.#conversation.receive(bytes)
  }

  /** Queues plaintext. Throws Error where the handshake is not over, or sending is. */
  send(plaintext: Uint8Array): void {
    this.#conversation.send(plaintext)
  }

  /** Queues close_notify: the server may go on sending (RFC 8446 §6.1). Before the handshake's end it gives the connection up. */
  close(): void {
    this.#conversation.close()
  }

  /** Bytes for the server, in order; the queue is empty afterwards. */
  takeOutput(): Uint8Array[] {
    return this.#conversation.takeOutput()
  }

  /** Ends the connection without a word, and wipes its keys. Output that is queued stays to be taken. */
  destroy(): void {
    this.#conversation.destroy()
  }
}
