import { concat } from '../bytes/arrays.ts'
import { DecodeError } from '../bytes/decode-error.ts'
import { parseAddress } from '../bytes/ip-address.ts'
import type { ConnectionFailed } from '../tls/events.ts'
import { Kept } from './backlog.ts'
import type { Engine, EngineEvent } from './engine.ts'
import type { ProxyAddresses } from './proxy-protocol.ts'
import { longestHeader, readProxyHeader } from './read-proxy-header.ts'
import type { Session } from './session.ts'
import type { ByteTally } from './session-context.ts'
import { countFailed } from './session-metrics.ts'
import type { AcceptedSocket, SocketEvents } from './socket.ts'
import { writeLent } from './write-lent.ts'

/** The client's half of a session: its socket, and the engine through which all goes that is said over it. */
export class ClientSide implements SocketEvents {
  /** It has said anything at all. */
  wasHeard = false
  /** It has said that it sends no more. */
  hasEnded = false
  readonly #session: Session
  readonly #socket: AcceptedSocket
  readonly #engine: Engine
  readonly #tally: ByteTally
  /** What it does not take. */
  readonly #untaken: Kept<Session>
  /** What it has begun since the handshake. */
  readonly #begun: Kept<Session>
  /** The socket forgets it when it is closed; only the debug log wants it then. */
  readonly #peer: string
  #header: Uint8Array = nothing
  #proxied: ProxyAddresses | undefined
  #discarded = 0

  constructor(socket: AcceptedSocket, engine: Engine, session: Session) {
    const { log, tally } = session.context
    this.#session = session
    this.#socket = socket
    this.#engine = engine
    this.#tally = tally[session.listen.kind]
    this.#untaken = new Kept(session)
    this.#begun = new Kept(session)
    this.#peer = log.enabled('debug') ? socket.remoteAddress : ''
    socket.start(this)
  }

  get isClosed(): boolean {
    return this.#socket.isClosed
  }

  /** Bytes for it that have not left yet. */
  get unsent(): number {
    return this.#socket.unsent
  }

  /** Tickets, which wait for an answer to leave with: a write of their own would cost as much as a tenth of a handshake. */
  get holdsTickets(): boolean {
    return this.#engine.queued === 'patient'
  }

  /** Who it is, as far as anybody says. */
  get address(): Uint8Array | undefined {
    return this.#proxied?.source.address ?? parseAddress(this.#peer)
  }

  /** What the upstream is told. Undefined where the client is gone already. */
  addresses(): ProxyAddresses | undefined {
    const { remoteAddress, remotePort, localAddress } = this.#socket
    const source = this.#proxied?.source.address ?? parseAddress(remoteAddress)
    const destination = this.#proxied?.destination.address ?? parseAddress(localAddress)
    if (source === undefined || destination === undefined) return undefined
    // Its port says to nginx whether the client came by TLS, so it is always ours to say.
    return {
      source: { address: source, port: this.#proxied?.source.port ?? remotePort },
      destination: { address: destination, port: this.#session.listen.advertise },
    }
  }

  /** Says to the client what the upstream said. The bytes are the caller's again when this returns. */
  send(plaintext: Uint8Array): void {
    if (!this.#engine.canSend) return
    try {
      this.#engine.send(plaintext)
      this.flush()
    } catch (error) {
      this.#session.onBroken(error)
    }
  }

  sayGoodbye(): void {
    try {
      if (this.#engine.canSend) this.#engine.close()
      this.flush()
    } catch (error) {
      this.#session.onBroken(error)
    }
  }

  /** Sends all that is queued, as soon as the client waits for any of it. */
  flush(): void {
    if (this.#engine.queued === 'urgent') this.flushAll()
  }

  flushAll(): void {
    const output = this.#engine.takeOutput()
    if (output.length === 0 || !this.#socket.canWrite) return
    for (const part of output) this.#tally.sent.count += part.length
    const session = this.#session
    const kept = writeLent(this.#socket, output, this.#engine.memory.records, session.context.backlog.isShort)
    if (kept > 0) {
      session.upstream.pause()
      session.keep(this.#untaken, this.#untaken.bytes + kept)
    }
    session.steer()
  }

  /** Reads, or leaves the client waiting. */
  setReading(reads: boolean): void {
    if (reads !== this.#socket.isPaused) return
    if (reads) this.#socket.resume()
    else this.#socket.pause()
  }

  /** FIN, behind all that we had to say; what the client still says is read. */
  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  reset(): void {
    this.#socket.reset()
  }

  /** It is over: nothing is kept for it. */
  letGo(): void {
    this.#session.keep(this.#untaken, 0)
    this.#session.keep(this.#begun, 0)
  }

  /** Both sockets are closed: forgets all keys. */
  forget(): void {
    this.#engine.destroy()
  }

  onBytes(chunk: Uint8Array): void {
    const session = this.#session
    this.#tally.received.count += chunk.length
    this.wasHeard = true
    if (session.stage === 'lingering') {
      this.#discarded += chunk.length
      if (this.#discarded > mostDiscarded) session.abort('finished')
      return
    }
    session.touch()
    if (session.isHandshaking) session.context.heard(session, chunk.length)
    if (session.stage === 'over') return
    const bytes = session.stage === 'proxy-header' ? this.#readProxyHeader(chunk) : chunk
    if (bytes === undefined || bytes.length === 0) return
    try {
      for (const event of this.#engine.receive(bytes)) this.#onEvent(event)
      this.flush()
      // What is said before the handshake is over is counted there, by the byte.
      if (!session.isHandshaking) session.keep(this.#begun, this.#engine.begunBytes)
    } catch (error) {
      session.onBroken(error)
    }
  }

  onFin(): void {
    const session = this.#session
    // Our last words may still be on their way; the socket closes itself behind them.
    if (session.stage === 'lingering') return
    if (session.isHandshaking) return session.abort('abandoned')
    if (session.listen.kind === 'plain') return this.#onEnded()
    if (this.hasEnded) return
    // RFC 8446 §6.1: without close_notify this is a truncation. Many clients are content with our last words and close like
    // that: no fault of theirs, but the upstream, which may still be reading, must not take it for the whole.
    if (!session.upstream.hasEnded) return session.abort('truncated')
    this.hasEnded = true
    session.upstream.reset()
  }

  onDrain(): void {
    this.#session.touch()
    this.#session.keep(this.#untaken, 0)
    this.#session.upstream.resume()
    this.#session.steer()
  }

  onFault(): void {
    this.#session.abort('reset')
  }

  onClosed(): void {
    this.#session.onSocketClosed()
  }

  /** What stands behind the header, once it is complete. */
  #readProxyHeader(chunk: Uint8Array): Uint8Array | undefined {
    const { metrics } = this.#session.context
    this.#header = concat(this.#header, chunk)
    let header
    try {
      header = readProxyHeader(this.#header.subarray(0, longestHeader))
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      metrics.proxyHeadersRefused.inc()
      this.#session.debug('refused a PROXY header', { why: error.message })
      this.#session.abort('proxy-header-refused')
      return undefined
    }
    if (header === undefined) return undefined
    const rest = this.#header.subarray(header.length)
    this.#header = nothing
    this.#proxied = header.addresses
    this.#session.onProxyHeader()
    return rest
  }

  #onEvent(event: EngineEvent): void {
    switch (event.type) {
      case 'handshake-complete':
        return this.#session.onHandshakeComplete(event)
      case 'application-data':
        this.#session.lastWord = 'client'
        return this.#session.upstream.write(event.data, this.#engine.memory.contents)
      case 'peer-closed':
        if (this.#session.stage === 'handshake') return this.#session.finish('abandoned')
        return this.#onEnded()
      case 'failed':
        return this.#onFailed(event)
      case 'session':
        throw new Error('a server was given a session') // only clients are
    }
  }

  #onEnded(): void {
    if (this.hasEnded) return
    this.hasEnded = true
    this.#session.onClientEnded()
  }

  #onFailed(event: ConnectionFailed): void {
    const { by, alert, reason, detail } = event
    const { metrics, log } = this.#session.context
    if (reason === 'internal-error') log.error('the engine failed; the connection is closed', { detail })
    if (this.#session.stage === 'handshake') countFailed(metrics, event)
    else metrics.connectionFaults.inc({ alert, reason })
    this.#session.debug(by === 'sent' ? 'sent an alert' : 'received an alert', { alert, reason, detail })
    // Nothing that came over this connection may look like a clean end to the upstream.
    this.#session.upstream.reset()
    this.#session.linger('fault')
  }
}

/** How much of a client's further words is read and thrown away while it is to read ours. */
const mostDiscarded = 256 * 1024
const nothing = new Uint8Array(0)
