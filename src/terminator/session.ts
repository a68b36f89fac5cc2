/**
 * One client connection: how far it has come, how long it may take, and how it ends.
 *
 *     client ── bytes ──▶ engine ── plaintext ──▶ upstream (nginx)
 *            ◀─ records ─        ◀─ plaintext ───
 *            client-side.ts                upstream-side.ts
 *
 * Back-pressure works both ways: whoever has not taken all makes the other side wait, so that a connection holds no more
 * than what was read at once, and of what all of them hold the context keeps count. The upstream is connected to only when
 * the handshake is complete: a peer who cannot shake hands never reaches nginx. Each direction ends by itself: the client's
 * close_notify becomes the upstream's FIN, the upstream's FIN becomes our close_notify and FIN.
 */
import { formatAddress } from '../bytes/ip-address.ts'
import { errorText } from '../telemetry/error-text.ts'
import type { Kept } from './backlog.ts'
import { ClientSide } from './client-side.ts'
import type { Engine, JudgedHandshake } from './engine.ts'
import type { Heard } from './handshakes.ts'
import type { Linked } from './idle-list.ts'
import type { SessionContext } from './session-context.ts'
import { countAbandoned, countCompleted, type EndReason } from './session-metrics.ts'
import type { ListenAddress } from './settings.ts'
import { nextLookAt, silentUntil } from './silence.ts'
import type { AcceptedSocket } from './socket.ts'
import type { Timed } from './timer-wheel.ts'
import { UpstreamSide } from './upstream-side.ts'

type Stage =
  | 'proxy-header' // the load balancer has to say who the client is
  | 'handshake'
  | 'connecting' // to the upstream
  | 'open'
  | 'lingering' // all is said; what the client still sends is thrown away, so that it can read our last words
  | 'over'

export class Session implements Timed, Linked<Session>, Heard {
  // For the wheel and the list that it hangs in.
  dueAt = 0
  slot = -1
  earlier: Session | undefined
  later: Session | undefined

  readonly context: SessionContext
  readonly listen: ListenAddress
  readonly client: ClientSide
  readonly upstream: UpstreamSide
  lastActive: number
  /** How much the client has said in the handshake. */
  heard = 0
  /** Who was heard last; while it is the client, it may be waiting for an answer. */
  lastWord: 'client' | 'upstream' = 'upstream'
  /** It no longer counts among the connections, nor hangs in their list. */
  released = false
  isDraining = false
  #stage: Stage
  #reason: EndReason | undefined
  /** Both sockets are closed, and it was said so. */
  #ended = false

  constructor(socket: AcceptedSocket, listen: ListenAddress, engine: Engine, context: SessionContext) {
    this.context = context
    this.listen = listen
    this.lastActive = context.now()
    this.#stage = context.settings.acceptProxyProtocol ? 'proxy-header' : 'handshake'
    this.client = new ClientSide(socket, engine, this)
    this.upstream = new UpstreamSide(this)
    context.wheel.schedule(this, this.lastActive + context.settings.handshakeTimeoutMs)
    // A plain port shakes no hands.
    if (this.#stage === 'handshake' && listen.kind === 'plain') this.#connect()
    else context.handshaking.add(this)
  }

  get stage(): Stage {
    return this.#stage
  }

  get isHandshaking(): boolean {
    return this.#stage === 'proxy-header' || this.#stage === 'handshake'
  }

  /** The wheel's answer: the deadline that was set has passed. */
  onDeadline(): void {
    switch (this.#stage) {
      case 'proxy-header':
      case 'handshake':
        return this.abort('timeout')
      case 'connecting':
        return this.onUpstreamFailed('timeout')
      case 'open':
        this.client.flushAll() // tickets that no answer has taken along
        if (this.context.now() < silentUntil(this)) return this.#watchSilence()
        return this.finish(this.isDraining ? 'drained' : 'idle')
      case 'lingering':
        return this.abort('finished')
      case 'over':
        return
    }
  }

  /** Now so much memory is kept for one side or the other. The session may be over when this returns. */
  keep(item: Kept<Session>, bytes: number): void {
    if (item.bytes !== bytes && (this.#stage !== 'over' || bytes === 0)) this.context.keep(item, bytes)
  }

  /** Makes room for another one, at once. */
  evict(reason: 'evicted' | 'crowded-out'): void {
    this.client.sayGoodbye()
    this.abort(reason)
  }

  /**
   * The process is about to end: whoever has not said a word goes at once, and whoever has his answer when he has been
   * silent for a moment, for a kept-alive connection has no end of its own. All others go on.
   */
  drain(): void {
    this.isDraining = true
    if (!this.client.wasHeard && !this.#hasUpstream()) return this.abort('drained')
    if (this.#stage === 'open') this.#watchSilence()
  }

  /** The time for that is over. */
  cut(): void {
    this.client.sayGoodbye()
    this.abort('drained')
  }

  onProxyHeader(): void {
    this.#stage = 'handshake'
    if (this.listen.kind === 'plain') this.#connect()
  }

  onHandshakeComplete(event: JudgedHandshake): void {
    countCompleted(this.context.metrics, event)
    this.#connect(event)
  }

  onConnected(): void {
    if (this.#stage !== 'connecting') return
    this.#stage = 'open'
    this.touch()
    this.#watchSilence()
  }

  onClientEnded(): void {
    this.upstream.end()
    this.touch()
    if (this.#stage === 'open') this.#watchSilence()
  }

  onUpstreamEnded(): void {
    if (!this.#hasUpstream()) return
    this.client.sayGoodbye()
    this.client.end()
    this.#reason ??= 'finished'
    this.touch()
    this.#watchSilence()
  }

  onUpstreamFailed(reason: 'unreachable' | 'timeout' | 'reset'): void {
    if (!this.#hasUpstream()) return
    // It has said all it had to say, and does not want to hear the rest (an early answer to a long upload, say).
    if (this.upstream.hasEnded) return this.linger('finished')
    this.context.metrics.upstreamFailures.inc({ reason })
    // A reset in the middle must not look like a clean end to the client; that nobody was there may.
    if (reason === 'reset' || this.listen.kind === 'plain')
      return this.abort(reason === 'reset' ? 'upstream-reset' : 'upstream-unreachable', { reset: true })
    this.finish('upstream-unreachable')
  }

  /** Whatever goes wrong inside of the engine is our fault: this connection ends, nothing else does. */
  onBroken(error: unknown): void {
    this.context.log.error('the engine broke; the connection is closed', { error: errorText(error, { stack: true }) })
    this.abort('internal-error', { reset: true })
  }

  /** Ends both sides in good order, and soon. */
  finish(reason: EndReason): void {
    this.client.sayGoodbye()
    this.upstream.leave()
    this.linger(reason)
  }

  /**
   * Sends what is queued and a FIN, then reads on for a moment: a socket that is closed with unread bytes in it sends a
   * RST, which would take our alert from the client's hands (RFC 1122 §4.2.2.13).
   */
  linger(reason: EndReason): void {
    if (this.#stage === 'lingering' || this.#stage === 'over') return
    this.#reason ??= reason
    this.#countAbandoned()
    this.#leaveHandshake('lingering')
    this.client.flush()
    this.client.end()
    this.client.setReading(true)
    this.context.wheel.schedule(this, this.context.now() + longestLingerMs)
  }

  /** Ends both sides at once; what is queued is lost. */
  abort(reason: EndReason, { reset = reason === 'truncated' || reason === 'reset' } = {}): void {
    if (this.#stage === 'over') return
    this.#reason ??= reason
    this.#countAbandoned()
    this.#end()
    if (reset) {
      this.upstream.reset()
      this.client.reset()
    } else {
      this.upstream.leave()
      this.client.destroy()
    }
  }

  onSocketClosed(): void {
    // Two clean ends close their sockets each in its own time; anything else takes the other side along.
    const clean = this.client.hasEnded && this.upstream.hasEnded
    if (this.client.isClosed && !clean) this.upstream.leave()
    if (!this.client.isClosed || !this.upstream.isClosed || this.#ended) return
    this.#ended = true
    this.#countAbandoned()
    this.#end()
    this.client.forget()
    const reason = this.#reason ?? 'finished'
    this.context.metrics.connectionsClosed.inc({ port: this.listen.kind, reason })
    this.debug('connection closed', { reason })
    this.context.ended(this)
  }

  /** Reads from the client exactly while there is room for what it says, and for what we have to answer. */
  steer(): void {
    if (this.#stage === 'lingering' || this.#stage === 'over') return
    // A peer can make the engine answer (KeyUpdate) without ever reading: then it has to wait as well.
    this.client.setReading(!this.upstream.isFull && this.client.unsent <= mostUnread)
  }

  touch(): void {
    this.lastActive = this.context.now()
    if (!this.released) this.context.sessions.touch(this)
  }

  debug(message: string, fields: Readonly<Record<string, unknown>>): void {
    const { log } = this.context
    if (!log.enabled('debug')) return
    const { address } = this.client
    const client = address === undefined ? undefined : formatAddress(address)
    log.debug(message, { port: this.listen.port, client, ...fields })
  }

  #connect(tls?: JudgedHandshake): void {
    const { settings, wheel, now } = this.context
    this.#leaveHandshake('connecting')
    wheel.schedule(this, now() + Math.min(settings.handshakeTimeoutMs, longestConnectMs))
    this.upstream.connect(this.client, tls)
  }

  #hasUpstream(): boolean {
    return this.#stage === 'connecting' || this.#stage === 'open'
  }

  #leaveHandshake(next: Stage): void {
    this.#stage = next
    this.context.handshaking.delete(this)
  }

  /** Nothing is waited for, and nothing kept. */
  #end(): void {
    this.#leaveHandshake('over')
    this.context.wheel.cancel(this)
    this.client.letGo()
    this.upstream.letGo()
  }

  #countAbandoned(): void {
    if (this.listen.kind === 'tls' && this.isHandshaking) countAbandoned(this.context.metrics, this.#reason)
  }

  #watchSilence(): void {
    this.context.wheel.schedule(this, nextLookAt(this))
  }
}

/** The upstream is next door: what takes longer than this will not come. */
const longestConnectMs = 5000
const longestLingerMs = 2000
/** More than back-pressure ever lets the upstream put here, so that only the engine's own answers reach it. */
const mostUnread = 160 * 1024
