import { ServerConnection } from '../tls/connection.ts'
import type { ConnectionEvent, HandshakeComplete, VerifyClientCertificate } from '../tls/events.ts'
import type { Queued } from '../tls/record/outgoing.ts'
import type { ConnectionMemory } from '../tls/record/record-queue.ts'
import { judgeClient, resumedClient } from './client-auth.ts'
import type { Engine, EngineEvent, JudgedHandshake } from './engine.ts'
import type { ProxyClient } from './proxy-protocol.ts'
import type { TerminatorConfig } from './server-config.ts'

/**
 * A connection of the TLS engine whose client is judged here, at once: nobody outside sees that the engine waited for it.
 * The judgement is bounded (x509/chain.ts). The dearest that a stranger can ask for, 64 KiB of certificates that all claim
 * one P-384 authority, takes some 20 ms with `wasm`, half of it for reading them.
 */
export class TlsEngine implements Engine {
  readonly memory: ConnectionMemory
  readonly #connection: ServerConnection
  /** Until the handshake is over: a connection that lasts for days does not keep the certificates that it began with. */
  #config: TerminatorConfig | undefined
  #client: ProxyClient | undefined

  constructor(config: TerminatorConfig) {
    this.memory = config.memory
    this.#connection = new ServerConnection(config)
    this.#config = config
  }

  receive(bytes: Uint8Array): EngineEvent[] {
    return this.#follow(this.#connection.receive(bytes))
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

  get begunBytes(): number {
    return this.#connection.begunBytes
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

  #follow(events: readonly ConnectionEvent[]): EngineEvent[] {
    const followed: EngineEvent[] = []
    for (const event of events) {
      if (event.type === 'verify-client-certificate') followed.push(...this.#judge(event))
      else followed.push(event.type === 'handshake-complete' ? this.#complete(event) : event)
    }
    return followed
  }

  #judge({ chain, serverName }: VerifyClientCertificate): EngineEvent[] {
    const config = this.#config
    const asked = config?.clientAuth(serverName)
    if (config === undefined || asked === undefined)
      throw new Error('the engine shows a certificate that was not asked for')
    const { client, verdict } = judgeClient(chain, asked, around(config))
    this.#client = client
    return this.#follow(this.#connection.answer(verdict))
  }

  #complete(event: HandshakeComplete): JudgedHandshake {
    const config = this.#config
    if (config === undefined) throw new Error('the engine has completed a handshake twice')
    const asked = config.clientAuth(event.serverName)
    const [leaf] = event.peerChain ?? []
    // The engine has seen to that already. This door is worth two locks.
    if (leaf === undefined && asked?.required === true)
      throw new Error('the engine has let in a client without a certificate')
    const client = leaf !== undefined && event.resumed ? resumedClient(leaf) : this.#client
    this.#config = undefined
    return client === undefined ? event : { ...event, client }
  }
}

function around({ now, crypto }: TerminatorConfig) {
  return { now: new Date(now()), crypto }
}
