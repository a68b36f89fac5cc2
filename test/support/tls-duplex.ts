import { Duplex } from 'node:stream'
import type { ConnectionEvent } from '../../src/tls/events.ts'
import type { ServerConfig, Verdict } from '../../src/tls/config.ts'
import { ServerConnection } from '../../src/tls/connection.ts'

/**
 * The engine over a transport, as a stream of plaintext, for tests: enough to hang node's own HTTP server on it.
 * Events that are not application data are kept, for the test to look at.
 */
export class TlsDuplex extends Duplex {
  readonly events: Exclude<ConnectionEvent, { type: 'application-data' }>[] = []
  readonly #transport: Duplex
  readonly #connection: ServerConnection
  readonly #judge: (chain: readonly Uint8Array[]) => Verdict

  /** `judge` is asked about clients' certificates, where the configuration demands them. */
  constructor(transport: Duplex, config: ServerConfig, judge: (chain: readonly Uint8Array[]) => Verdict = noJudge) {
    super({ allowHalfOpen: true })
    this.#transport = transport
    this.#judge = judge
    this.#connection = new ServerConnection(config)
    transport.on('data', (bytes: Uint8Array) => this.#receive(bytes))
    transport.on('end', () => this.push(null))
    transport.on('close', () => this.destroy())
    transport.on('error', () => this.destroy())
  }

  override _read(): void {
    this.#transport.resume()
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    if (!this.#connection.canSend) return done(new Error('the connection cannot send any more'))
    this.#connection.send(chunk)
    this.#flush(done)
  }

  override _final(done: () => void): void {
    this.#connection.close()
    this.#flush(() => {
      this.#transport.end()
      done()
    })
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#connection.destroy()
    this.#transport.destroy()
    done(error)
  }

  #receive(bytes: Uint8Array): void {
    this.#onEvents(this.#connection.receive(bytes))
    this.#flush(() => undefined)
  }

  #onEvents(events: readonly ConnectionEvent[]): void {
    for (const event of events) {
      if (event.type === 'application-data') {
        if (!this.push(event.data)) this.#transport.pause()
        continue
      }
      this.events.push(event)
      if (event.type === 'verify-client-certificate') this.#onEvents(this.#connection.answer(this.#judge(event.chain)))
      if (event.type === 'handshake-complete') this.emit('secure', event)
      if (event.type === 'peer-closed') this.push(null)
      if (event.type === 'failed') {
        this.emit('failed', event)
        this.#flush(() => this.#transport.end())
        this.push(null)
        return
      }
    }
  }

  #flush(done: () => void): void {
    const output = this.#connection.takeOutput()
    if (output.length === 0) return done()
    this.#transport.write(Buffer.concat(output), () => done())
  }
}

function noJudge(): Verdict {
  throw new Error('the client showed a certificate, and nobody was named to judge it')
}
