/**
 * One client connection: socket, engine and upstream, and the bytes between them.
 *
 *     client ── bytes ──▶ engine ── plaintext ──▶ upstream (nginx)
 *            ◀─ records ─        ◀─ plaintext ───
 *
 * Back-pressure works both ways: whoever cannot take more makes the other side wait, so that a connection never holds
 * more than a few socket buffers. The upstream is connected to only when the handshake is complete: a peer who cannot
 * shake hands never reaches nginx. Each direction ends by itself: the client's close_notify becomes the upstream's FIN,
 * the upstream's FIN becomes our close_notify and FIN.
 */
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { concat } from '../bytes/arrays.ts'
import { DecodeError } from '../bytes/decode-error.ts'
import type { Log } from '../telemetry/log.ts'
import { errorText } from '../telemetry/log.ts'
import type { ConnectionMetrics } from '../telemetry/metrics.ts'
import type { ConnectionFailed } from '../tls/events.ts'
import type { Engine, EngineEvent } from './engine.ts'
import type { IdleList, Linked } from './idle-list.ts'
import { formatAddress, parseAddress } from '../bytes/ip-address.ts'
import type { ProxyAddresses } from './proxy-protocol.ts'
import { longestHeader, readProxyHeader, writeProxyHeader } from './proxy-protocol.ts'
import type { ListenAddress, TerminatorSettings } from './settings.ts'
import type { Timed, TimerWheel } from './timer-wheel.ts'

/** What all sessions of a worker share. */
export interface SessionContext {
  readonly settings: TerminatorSettings
  readonly metrics: ConnectionMetrics
  readonly log: Log
  readonly wheel: TimerWheel<Session>
  readonly sessions: IdleList<Session>
  /** Those of the sessions whose handshake is not over, the oldest first. */
  readonly handshaking: Set<Session>
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /**
   * Where every upstream's bytes are read into: what is read is encrypted before anybody else reads, so that one buffer
   * serves all, instead of a fresh one for each read.
   */
  readonly readBuffer: Uint8Array
  readonly tally: Readonly<Record<ListenAddress['kind'], Tally>>
  /** Called once, when the session is over and both sockets are closed. */
  readonly ended: (session: Session) => void
}

/** Bytes on the wire, counted here because a labelled counter is too slow for each read. */
export interface Tally {
  received: number
  sent: number
}

/** How a connection ended, as the metric and the log say it. */
export type EndReason =
  | 'finished'
  | 'truncated'
  | 'reset'
  | 'fault'
  | 'abandoned'
  | 'timeout'
  | 'crowded-out' // of the handshakes, by --max-handshakes
  | 'idle'
  | 'evicted'
  | 'drained'
  | 'upstream-unreachable'
  | 'upstream-reset'
  | 'proxy-header-refused'
  | 'internal-error'

type Stage =
  | 'proxy-header' // the load balancer has to say who the client is
  | 'handshake'
  | 'connecting' // to the upstream
  | 'open'
  | 'lingering' // all is said; what the client still sends is thrown away, so that it can read our last words
  | 'over'

export class Session implements Timed, Linked<Session> {
  // For the wheel and the list that it hangs in.
  dueAt = 0
  slot = -1
  earlier: Session | undefined
  later: Session | undefined

  readonly listen: ListenAddress
  lastActive: number
  /** It no longer counts among the connections, nor hangs in their list. */
  released = false
  readonly #context: SessionContext
  readonly #client: Socket
  readonly #engine: Engine
  readonly #tally: Tally
  /** The socket forgets it when it is closed; only the debug log wants it then. */
  readonly #clientText: string
  #upstream: Socket | undefined
  #stage: Stage
  #reason: EndReason | undefined
  #header: Uint8Array = new Uint8Array(0)
  #proxied: ProxyAddresses | undefined
  /** The client has said anything at all. */
  #heard = false
  /** The client has said that it sends no more. */
  #clientEnded = false
  /** The upstream has said so, and we have told the client. */
  #upstreamEnded = false
  #upstreamFull = false
  /** Who was heard last; while it is the client, it may be waiting for an answer. */
  #lastWord: 'client' | 'upstream' = 'upstream'
  #draining = false
  #discarded = 0
  /** Both sockets are closed, and it was said so. */
  #ended = false

  constructor(client: Socket, listen: ListenAddress, engine: Engine, context: SessionContext) {
    this.listen = listen
    this.lastActive = context.now()
    this.#context = context
    this.#client = client
    this.#clientText = context.log.enabled('debug') ? (client.remoteAddress ?? '') : ''
    this.#engine = engine
    this.#tally = context.tally[listen.kind]
    this.#stage = context.settings.acceptProxyProtocol ? 'proxy-header' : 'handshake'
    client.on('data', (chunk) => this.#onClientData(chunk))
    client.on('end', () => this.#onClientFin())
    client.on('drain', () => this.#onClientDrain())
    client.on('error', () => this.#abort('reset'))
    client.on('close', () => this.#onSocketClosed())
    context.wheel.schedule(this, this.lastActive + context.settings.handshakeTimeoutMs)
    // A plain port shakes no hands.
    if (this.#stage === 'handshake' && listen.kind === 'plain') this.#connect()
    else context.handshaking.add(this)
  }

  /** The wheel's answer: the deadline that was set has passed. */
  onDeadline(): void {
    switch (this.#stage) {
      case 'proxy-header':
      case 'handshake':
        return this.#abort('timeout')
      case 'connecting':
        return this.#upstreamFailed('timeout')
      case 'open': {
        const dueAt = this.lastActive + this.#idleLimitMs()
        if (this.#context.now() < dueAt) return this.#wakeAt(dueAt)
        return this.#finish(this.#draining ? 'drained' : 'idle')
      }
      case 'lingering':
        return this.#abort('finished')
      case 'over':
        return
    }
  }

  /** Makes room for another one, at once. */
  evict(reason: 'evicted' | 'crowded-out'): void {
    this.#sayGoodbye()
    this.#abort(reason)
  }

  /**
   * The process is about to end: whoever has not said a word goes at once, and whoever has his answer when he has been
   * silent for a moment, for a kept-alive connection has no end of its own. All others go on.
   */
  drain(): void {
    this.#draining = true
    if (!this.#heard && this.#stage !== 'open' && this.#stage !== 'connecting') return this.#abort('drained')
    if (this.#stage === 'open') this.#wakeAt(this.lastActive + this.#idleLimitMs())
  }

  /** The time for that is over. */
  cut(): void {
    this.#sayGoodbye()
    this.#abort('drained')
  }

  #onClientData(chunk: Uint8Array): void {
    this.#tally.received += chunk.length
    this.#heard = true
    if (this.#stage === 'lingering') {
      this.#discarded += chunk.length
      if (this.#discarded > mostDiscarded) this.#abort('finished')
      return
    }
    this.#touch()
    const bytes = this.#stage === 'proxy-header' ? this.#readProxyHeader(chunk) : chunk
    if (bytes === undefined || bytes.length === 0) return
    this.#guarded(() => {
      for (const event of this.#engine.receive(bytes)) this.#onEvent(event)
      this.#flush()
    })
  }

  /** What stands behind the header, once it is complete. */
  #readProxyHeader(chunk: Uint8Array): Uint8Array | undefined {
    this.#header = this.#header.length === 0 ? chunk : concat(this.#header, chunk)
    let header
    try {
      header = readProxyHeader(this.#header.subarray(0, longestHeader))
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#context.metrics.proxyHeadersRefused.inc()
      this.#debug('refused a PROXY header', { why: error.message })
      this.#abort('proxy-header-refused')
      return undefined
    }
    if (header === undefined) return undefined
    const rest = this.#header.subarray(header.length)
    this.#header = new Uint8Array(0)
    this.#proxied = header.addresses
    this.#stage = 'handshake'
    if (this.listen.kind === 'plain') this.#connect()
    return rest
  }

  #onEvent(event: EngineEvent): void {
    switch (event.type) {
      case 'handshake-complete': {
        const { version, suite, group = '' } = event
        this.#context.metrics.handshakes.inc({ outcome: 'completed', version, suite, group, alert: '', reason: '' })
        return this.#connect(event)
      }
      case 'application-data':
        this.#lastWord = 'client'
        // Data can come before the upstream is connected: its socket keeps it, and says when that is enough.
        if (this.#upstream?.writable && !this.#upstream.write(event.data)) {
          this.#upstreamFull = true
          this.#steer()
        }
        return
      case 'peer-closed':
        if (this.#stage === 'handshake') return this.#finish('abandoned')
        return this.#onClientEnded()
      case 'failed':
        return this.#onFailed(event)
      case 'session':
        throw new Error('a server was given a session') // only clients are
    }
  }

  #onFailed({ by, alert, reason, detail }: ConnectionFailed): void {
    const { metrics, log } = this.#context
    if (reason === 'internal-error') log.error('the engine failed; the connection is closed', { detail })
    if (this.#stage === 'handshake') {
      const outcome = by === 'sent' ? 'failed' : 'refused'
      metrics.handshakes.inc({ outcome, version: '', suite: '', group: '', alert, reason })
    } else {
      metrics.connectionFaults.inc({ alert, reason })
    }
    this.#debug(by === 'sent' ? 'sent an alert' : 'received an alert', { alert, reason, detail })
    // Nothing that came over this connection may look like a clean end to the upstream.
    this.#upstream?.resetAndDestroy()
    this.#linger('fault')
  }

  #connect(tls?: Extract<EngineEvent, { type: 'handshake-complete' }>): void {
    const { settings, wheel, now } = this.#context
    this.#leaveHandshake('connecting')
    const { readBuffer } = this.#context
    const callback = (length: number): boolean => {
      this.#onUpstreamData(readBuffer.subarray(0, length))
      return true
    }
    const onread = { buffer: readBuffer, callback }
    const upstream = connect({ ...settings.upstream, allowHalfOpen: true, noDelay: true, onread })
    this.#upstream = upstream
    wheel.schedule(this, now() + Math.min(settings.handshakeTimeoutMs, longestConnectMs))
    upstream.on('connect', () => {
      if (this.#stage !== 'connecting') return
      this.#stage = 'open'
      this.#wakeAt(now() + this.#idleLimitMs())
    })
    upstream.on('end', () => this.#onUpstreamFin())
    upstream.on('drain', () => {
      this.#touch()
      this.#upstreamFull = false
      this.#steer()
    })
    upstream.on('error', (error) => {
      this.#debug('the upstream failed', { error: errorText(error) })
      this.#upstreamFailed(this.#stage === 'connecting' ? 'unreachable' : 'reset')
    })
    upstream.on('close', () => this.#onSocketClosed())
    if (!settings.proxyProtocol) return
    const addresses = this.#addresses()
    if (addresses === undefined) return this.#abort('reset')
    upstream.write(writeProxyHeader(addresses, tls))
  }

  /** Undefined where the client is gone already. */
  #addresses(): ProxyAddresses | undefined {
    const { remoteAddress = '', remotePort = 0, localAddress = '' } = this.#client
    const source = this.#proxied?.source.address ?? parseAddress(remoteAddress)
    const destination = this.#proxied?.destination.address ?? parseAddress(localAddress)
    if (source === undefined || destination === undefined) return undefined
    // Its port says to nginx whether the client came by TLS, so it is always ours to say.
    return {
      source: { address: source, port: this.#proxied?.source.port ?? remotePort },
      destination: { address: destination, port: this.listen.advertise },
    }
  }

  #onUpstreamData(chunk: Uint8Array): void {
    this.#touch()
    this.#lastWord = 'upstream'
    if (!this.#engine.canSend) return
    this.#guarded(() => {
      this.#engine.send(chunk)
      this.#flush()
    })
  }

  #onUpstreamFin(): void {
    if (this.#stage !== 'open' && this.#stage !== 'connecting') return
    this.#upstreamEnded = true
    this.#sayGoodbye()
    this.#client.end()
    this.#reason ??= 'finished'
    this.#touch()
    this.#wakeAt(this.lastActive + this.#idleLimitMs())
  }

  #onClientEnded(): void {
    if (this.#clientEnded) return
    this.#clientEnded = true
    this.#upstream?.end()
    if (this.#stage === 'open') this.#wakeAt(this.#context.now() + this.#idleLimitMs())
  }

  #onClientFin(): void {
    // Our last words may still be on their way; the socket closes itself behind them.
    if (this.#stage === 'lingering') return
    if (this.#stage === 'proxy-header' || this.#stage === 'handshake') return this.#abort('abandoned')
    if (this.listen.kind === 'plain') return this.#onClientEnded()
    if (this.#clientEnded) return
    // RFC 8446 §6.1: without close_notify this is a truncation, unless all that we had to say has been said.
    if (this.#upstreamEnded) return this.#onClientEnded()
    this.#abort('truncated')
  }

  #onClientDrain(): void {
    this.#touch()
    this.#upstream?.resume()
    this.#steer()
  }

  #upstreamFailed(reason: 'unreachable' | 'timeout' | 'reset'): void {
    if (this.#stage !== 'open' && this.#stage !== 'connecting') return
    // It has said all it had to say, and does not want to hear the rest (an early answer to a long upload, say).
    if (this.#upstreamEnded) return this.#linger('finished')
    this.#context.metrics.upstreamFailures.inc({ reason })
    // A reset in the middle must not look like a clean end to the client; that nobody was there may.
    if (reason === 'reset' || this.listen.kind === 'plain')
      return this.#abort(reason === 'reset' ? 'upstream-reset' : 'upstream-unreachable', { reset: true })
    this.#finish('upstream-unreachable')
  }

  /** Ends both sides in good order, and soon. */
  #finish(reason: EndReason): void {
    this.#sayGoodbye()
    this.#upstream?.destroy()
    this.#linger(reason)
  }

  /**
   * Sends what is queued and a FIN, then reads on for a moment: a socket that is closed with unread bytes in it sends a
   * RST, which would take our alert from the client's hands (RFC 1122 §4.2.2.13).
   */
  #linger(reason: EndReason): void {
    if (this.#stage === 'lingering' || this.#stage === 'over') return
    this.#reason ??= reason
    this.#countAbandoned()
    this.#leaveHandshake('lingering')
    this.#flush()
    this.#client.end()
    this.#client.resume()
    this.#context.wheel.schedule(this, this.#context.now() + longestLingerMs)
  }

  /** Ends both sides at once; what is queued is lost. */
  #abort(reason: EndReason, { reset = reason === 'truncated' || reason === 'reset' } = {}): void {
    if (this.#stage === 'over') return
    this.#reason ??= reason
    this.#countAbandoned()
    this.#leaveHandshake('over')
    this.#context.wheel.cancel(this)
    if (reset) {
      this.#upstream?.resetAndDestroy()
      this.#client.resetAndDestroy()
    } else {
      this.#upstream?.destroy()
      this.#client.destroy()
    }
  }

  #leaveHandshake(next: Stage): void {
    this.#stage = next
    this.#context.handshaking.delete(this)
  }

  #countAbandoned(): void {
    if (this.listen.kind !== 'tls' || (this.#stage !== 'handshake' && this.#stage !== 'proxy-header')) return
    if (this.#reason === undefined || this.#reason === 'fault') return // counted with its alert
    const labels = { outcome: 'abandoned', version: '', suite: '', group: '', alert: '', reason: this.#reason }
    this.#context.metrics.handshakes.inc(labels)
  }

  #sayGoodbye(): void {
    this.#guarded(() => {
      if (this.#engine.canSend) this.#engine.close()
      this.#flush()
    })
  }

  #flush(): void {
    const output = this.#engine.takeOutput()
    if (output.length === 0 || !this.#client.writable) return
    if (output.length > 1) this.#client.cork()
    let room = true
    for (const part of output) {
      this.#tally.sent += part.length
      room = this.#client.write(part)
    }
    if (output.length > 1) this.#client.uncork()
    if (!room && this.#client.writableNeedDrain) this.#upstream?.pause()
    this.#steer()
  }

  /** Reads from the client exactly while there is room for what it says, and for what we have to answer. */
  #steer(): void {
    if (this.#stage === 'lingering' || this.#stage === 'over') return
    // A peer can make the engine answer (KeyUpdate) without ever reading: then it has to wait as well.
    const wait = this.#upstreamFull || this.#client.writableLength > mostUnread
    if (wait === this.#client.isPaused()) return
    if (wait) this.#client.pause()
    else this.#client.resume()
  }

  /** Whatever goes wrong inside of the engine is our fault: this connection ends, nothing else does. */
  #guarded(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.#context.log.error('the engine broke; the connection is closed', {
        error: errorText(error, { stack: true }),
      })
      this.#abort('internal-error', { reset: true })
    }
  }

  #onSocketClosed(): void {
    if (!this.#client.destroyed || (this.#upstream !== undefined && !this.#upstream.destroyed)) {
      // Two clean ends close their sockets each in its own time; anything else takes the other side along.
      const clean = this.#clientEnded && this.#upstreamEnded
      if (this.#client.destroyed && !clean) this.#upstream?.destroy()
      return
    }
    if (!this.#client.closed || this.#upstream?.closed === false || this.#ended) return
    this.#ended = true
    this.#countAbandoned()
    this.#leaveHandshake('over')
    this.#context.wheel.cancel(this)
    this.#engine.destroy()
    const reason = this.#reason ?? 'finished'
    this.#context.metrics.connectionsClosed.inc({ port: this.listen.kind, reason })
    this.#debug('connection closed', { reason })
    this.#context.ended(this)
  }

  #touch(): void {
    this.lastActive = this.#context.now()
    if (!this.released) this.#context.sessions.touch(this)
  }

  /** While we drain, everybody is looked at again and again: an answer may have come, or may have left. */
  #wakeAt(dueAt: number): void {
    const { wheel, now } = this.#context
    wheel.schedule(this, this.#draining ? Math.min(dueAt, now() + quietMs) : dueAt)
  }

  #idleLimitMs(): number {
    const { idleTimeoutMs } = this.#context.settings
    if (this.#draining && this.#isAnswered()) return Math.min(idleTimeoutMs, quietMs)
    return this.#clientEnded || this.#upstreamEnded ? Math.min(idleTimeoutMs, longestHalfClosedMs) : idleTimeoutMs
  }

  /** As far as bytes can tell: the upstream spoke last, and all that it said has left for the client. */
  #isAnswered(): boolean {
    return this.#lastWord === 'upstream' && this.#client.writableLength === 0
  }

  #debug(message: string, fields: Readonly<Record<string, unknown>>): void {
    const { log } = this.#context
    if (!log.enabled('debug')) return
    const address = this.#proxied?.source.address ?? parseAddress(this.#clientText)
    const client = address === undefined ? undefined : formatAddress(address)
    log.debug(message, { port: this.listen.port, client, ...fields })
  }
}

/** The upstream is next door: what takes longer than this will not come. */
const longestConnectMs = 5000
const longestLingerMs = 2000
/** How long a connection that has its answer may be silent while we drain. */
const quietMs = 1000
/** How much of a client's further words is read and thrown away while it is to read ours. */
const mostDiscarded = 256 * 1024
/** Silence after one side is done; shorter than the idle limit, for nothing more may ever come. */
const longestHalfClosedMs = 60_000
/** More than back-pressure ever lets the upstream put here, so that only the engine's own answers reach it. */
const mostUnread = 512 * 1024
