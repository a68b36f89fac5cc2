import { errorText } from '../telemetry/error-text.ts'
import type { RecordMemory } from '../tls/record/record-queue.ts'
import { Kept } from './backlog.ts'
import type { ClientSide } from './client-side.ts'
import type { JudgedHandshake } from './engine.ts'
import type { Session } from './session.ts'
import type { DialEvents, Socket } from './socket.ts'
import { writeLent } from './write-lent.ts'
import { writeProxyHeader } from './write-proxy-header.ts'

/** The upstream's half of a session: a plain socket, and the PROXY header that goes first. */
export class UpstreamSide implements DialEvents {
  /** It has said that it sends no more, and we have told the client. */
  hasEnded = false
  /** It should get no more for now. */
  isFull = false
  readonly #session: Session
  /** What it does not take. */
  readonly #untaken: Kept<Session>
  #socket: Socket | undefined

  constructor(session: Session) {
    this.#session = session
    this.#untaken = new Kept(session)
  }

  get isClosed(): boolean {
    return this.#socket === undefined || this.#socket.isClosed
  }

  connect(client: ClientSide, tls: JudgedHandshake | undefined): void {
    const { network, settings, readInto } = this.#session.context
    this.#socket = network.dial(settings.upstream, this, readInto)
    if (!settings.proxyProtocol) return
    const addresses = client.addresses()
    if (addresses === undefined) return this.#session.abort('reset')
    this.#socket.write(writeProxyHeader(addresses, tls))
  }

  /**
   * Plaintext that stands in lent memory. It can come before the upstream is connected: that takes no time, and the client
   * goes on meanwhile, unless it says a lot.
   */
  write(plaintext: Uint8Array, memory: RecordMemory): void {
    const session = this.#session
    if (!this.#socket?.canWrite) return
    const kept = writeLent(this.#socket, [plaintext], memory, session.context.backlog.isShort)
    if (kept === 0) return
    this.isFull = session.stage === 'open' || this.#socket.unsent > mostEarly
    session.keep(this.#untaken, this.#untaken.bytes + kept)
    session.steer()
  }

  end(): void {
    this.#socket?.end()
  }

  pause(): void {
    this.#socket?.pause()
  }

  resume(): void {
    this.#socket?.resume()
  }

  /**
   * Ends it before its time. Only where the client has said its own end, and all before it has left, may that look like an
   * end to the upstream: else it is a RST, for half a request must not be taken for a whole one.
   */
  leave(): void {
    if (this.#session.client.hasEnded && this.#socket?.unsent === 0) this.#socket.destroy()
    else this.reset()
  }

  reset(): void {
    this.#socket?.reset()
  }

  /** It is over: nothing is kept for it. */
  letGo(): void {
    this.#session.keep(this.#untaken, 0)
  }

  onConnected(): void {
    this.#session.onConnected()
  }

  onBytes(plaintext: Uint8Array): void {
    this.#session.touch()
    this.#session.lastWord = 'upstream'
    this.#session.client.send(plaintext)
  }

  onFin(): void {
    this.hasEnded = true
    this.#session.onUpstreamEnded()
  }

  onDrain(): void {
    this.#session.touch()
    this.isFull = false
    this.#session.keep(this.#untaken, 0)
    this.#session.steer()
  }

  onFault(error: unknown): void {
    this.#session.debug('the upstream failed', { error: errorText(error) })
    this.#session.onUpstreamFailed(this.#session.stage === 'connecting' ? 'unreachable' : 'reset')
  }

  onClosed(): void {
    this.#session.onSocketClosed()
  }
}

/** What a client may say, in bytes, before the upstream is connected. */
const mostEarly = 64 * 1024
