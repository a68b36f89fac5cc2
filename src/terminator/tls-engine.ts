import { ServerConnection } from '../tls/connection.ts'
import type { ConnectionEvent } from '../tls/events.ts'
import type { Queued } from '../tls/record/outgoing.ts'
import type { ConnectionMemory } from '../tls/record/record-queue.ts'
import { judgeClient, resumedClient } from './client-auth.ts'
import type { Engine, EngineEvent } from './engine.ts'
import type { ProxyClient } from './proxy-protocol.ts'
import type { TerminatorConfig } from './server-config.ts'

/**
 * A connection of the TLS engine whose client is judged here, at once: nobody outside sees that the engine waited for it.
 * The judgement is bounded (x509/chain.ts). The dearest that a stranger can ask for, 64 KiB of certificates that all claim
 * one P-384 authority, takes some 20 ms with `wasm`, half of it for reading them.
 */
export class TlsEngine implements Engine {
  readonly #connection: ServerConnection
  readonly #config: TerminatorConfig
  #client: ProxyClient | undefined

  constructor(config: TerminatorConfig) {
    this.#connection = new ServerConnection(config)
    this.#config = config
  }

  receive(bytes: Uint8Array): EngineEvent[] {
    return this.#connection.receive(bytes).flatMap((event) => this.#follow(event))
  }

  send(plaintext: Uint8Array): void {
    this.#connection.send(plaintext)
  }

  close(): void {
    this.#connection.close()
  }

  get queued(): Queued {
    return this.#connection.queued
  }

  takeOutput(): Uint8Array[] {
    return this.#connection.takeOutput()
  }

  get memory(): ConnectionMemory {
    return this.#config.memory
  }

  get state(): 'handshaking' | 'open' | 'closed' {
    return this.#connection.state
  }

  get canSend(): boolean {
    return this.#connection.canSend
  }

  destroy(): void {
    this.#connection.destroy()
  }

  #follow(event: ConnectionEvent): EngineEvent[] {
    if (event.type === 'verify-client-certificate') {
      const asked = this.#config.clientAuth(event.serverName)
      if (asked === undefined) throw new Error('the engine shows a certificate that was not asked for')
      const { client, refusal } = judgeClient(event.chain, asked, this.#around())
      this.#client = client
      return this.#connection.answer(refusal ?? 'accepted').flatMap((next) => this.#follow(next))
    }
    if (event.type !== 'handshake-complete') return [event]
    const asked = this.#config.clientAuth(event.serverName)
    const [leaf] = event.peerChain ?? []
    if (leaf === undefined) {
      // The engine has seen to that already. This door is worth two locks.
      if (asked?.required === true) throw new Error('the engine has let in a client without a certificate')
      return [event]
    }
    const client = event.resumed && asked !== undefined ? resumedClient(leaf, asked, this.#around()) : this.#client
    return [client === undefined ? event : { ...event, client }]
  }

  #around() {
    const { now, crypto } = this.#config
    return { now: new Date(now()), crypto }
  }
}
