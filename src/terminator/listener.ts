/**
 * The sockets of one worker: it listens, holds every session's place and deadline, and knows how many there may be.
 * It runs as well on the main thread, which is how most tests drive it.
 */
import type { MetricObject } from 'prom-client'
import type { Log } from '../telemetry/log.ts'
import { errorText } from '../telemetry/error-text.ts'
import { connectionMetrics } from '../telemetry/metrics.ts'
import { Backlog } from './backlog.ts'
import type { Engine } from './engine.ts'
import { PassThrough } from './engine.ts'
import { Handshakes } from './handshakes.ts'
import { IdleList } from './idle-list.ts'
import { lentMemory, readBytes, shortReadBytes } from './record-pool.ts'
import { Session } from './session.ts'
import type { ByteTally, SessionContext } from './session-context.ts'
import type { ListenAddress, TerminatorSettings } from './settings.ts'
import type { AcceptedSocket, ListeningPort, Network } from './socket.ts'
import { TimerWheel } from './timer-wheel.ts'

export interface ListenerOptions {
  readonly settings: TerminatorSettings
  readonly network: Network
  readonly log: Log
  /** A fresh TLS connection, or undefined while there is no certificate to serve. */
  readonly openTls: () => Engine | undefined
  /** Several threads on one port. */
  readonly reusePort: boolean
  /** This worker's share of the connections, and of those that are still shaking hands. */
  readonly maxConnections: number
  readonly maxHandshakes: number
  /** How much those may have said, all together. */
  readonly maxHandshakeBytes?: number
  /** How much may be kept for peers who do not go on, all together. */
  readonly maxBacklogBytes: number
  /** A connection that was active within this time is not closed to make room for another. */
  readonly busyMs?: number
}

export class Listener {
  readonly #options: ListenerOptions
  readonly #metrics = connectionMetrics()
  readonly #open: Record<ListenAddress['kind'], number> = { tls: 0, plain: 0 }
  /** Of the plain ports alone: what stands here never becomes a record of TLS. */
  readonly #plainMemory = lentMemory()
  readonly #context: SessionContext
  readonly #listening: ListeningPort[] = []
  #ticker: NodeJS.Timeout | undefined
  #onEmpty: (() => void) | undefined
  #lastWarned = { crowd: -Infinity, backlog: -Infinity }

  constructor(options: ListenerOptions) {
    this.#options = options
    const backlog = new Backlog<Session>(options.maxBacklogBytes)
    const readBuffer = new Uint8Array(readBytes)
    const shortBuffer = readBuffer.subarray(0, shortReadBytes)
    this.#context = {
      settings: options.settings,
      network: options.network,
      metrics: this.#metrics,
      log: options.log,
      wheel: new TimerWheel(tickMs, performance.now()),
      sessions: new IdleList(),
      handshaking: new Handshakes(),
      backlog,
      now: () => performance.now(),
      readInto: () => (backlog.isShort ? shortBuffer : readBuffer),
      tally: { tls: this.#tallyOf('tls'), plain: this.#tallyOf('plain') },
      heard: (session, length) => {
        this.#context.handshaking.hear(session, length)
        this.#thinOutHandshakes()
      },
      keep: (item, bytes) => {
        backlog.set(item, bytes)
        if (bytes > 0) this.#thinOutBacklog()
      },
      ended: (session) => this.#onEnded(session),
    }
  }

  /** Listens on every address, and returns the ports, which matter where one was 0. */
  async listen(): Promise<number[]> {
    const ports: number[] = []
    for (const address of this.#options.settings.listen) ports.push(await this.#listenOn(address))
    this.#ticker = setInterval(() => {
      for (const session of this.#context.wheel.advance(this.#context.now())) session.onDeadline()
    }, tickMs)
    return ports
  }

  get connections(): number {
    return this.#context.sessions.size
  }

  /** Accepts no more, and resolves when the last connection is over; those that are left after `drainMs` are closed. */
  async drain(drainMs: number): Promise<{ readonly cut: number }> {
    for (const port of this.#listening) port.close()
    for (const session of this.#context.sessions) session.drain()
    let cut = 0
    const timer = setTimeout(() => {
      cut = this.connections
      for (const session of this.#context.sessions) session.cut()
    }, drainMs)
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
      if (this.connections === 0) resolve()
    })
    clearTimeout(timer)
    clearInterval(this.#ticker)
    return { cut }
  }

  metrics(): Promise<MetricObject[]> {
    for (const port of ['tls', 'plain'] as const) this.#metrics.connectionsOpen.set({ port }, this.#open[port])
    this.#metrics.backlog.set(this.#context.backlog.bytes)
    return this.#metrics.registry.getMetricsAsJSON()
  }

  #tallyOf(port: ListenAddress['kind']): ByteTally {
    const { bytes } = this.#metrics
    return {
      received: bytes.tally({ port, direction: 'received' }),
      sent: bytes.tally({ port, direction: 'sent' }),
    }
  }

  async #listenOn(address: ListenAddress): Promise<number> {
    const { network, reusePort, log } = this.#options
    const { host, port } = address
    const listening = await network.listen(
      { host, port, reusePort, readInto: this.#context.readInto },
      {
        onConnection: (socket) => this.#accept(socket, address),
        onFault: (error) => log.error('accept failed', { error: errorText(error) }),
      },
    )
    this.#listening.push(listening)
    return listening.port
  }

  #accept(socket: AcceptedSocket, address: ListenAddress): void {
    const { kind } = address
    this.#metrics.connections.inc({ port: kind })
    if (!this.#makeRoom()) {
      this.#metrics.connectionsRejected.inc({ port: kind })
      socket.reset()
      return
    }
    const engine = kind === 'plain' ? new PassThrough(this.#plainMemory) : this.#options.openTls()
    if (engine === undefined) {
      this.#metrics.connectionsClosed.inc({ port: kind, reason: 'no-certificate' })
      socket.destroy()
      return
    }
    const session = new Session(socket, address, engine, this.#context)
    this.#context.sessions.add(session)
    this.#open[kind]++
    this.#thinOutHandshakes()
  }

  /** Closes the longest idle connection where there are too many; false where even that one is busy. */
  #makeRoom(): boolean {
    const { sessions, now } = this.#context
    const { maxConnections, busyMs = 1000 } = this.#options
    while (sessions.size >= maxConnections) {
      const session = sessions.longestIdle
      if (session === undefined || now() - session.lastActive < busyMs) return false
      this.#release(session)
      session.evict('evicted')
    }
    return true
  }

  /**
   * Closes the oldest handshakes where there are too many in flight, or too much of them is kept: a ClientHello may have
   * 128 KiB, and two thousand that never end would take all the memory that a sidecar has. The oldest, because an honest
   * client is done in a few round trips: whoever has taken longer than all the others is the likeliest not to mean it.
   */
  #thinOutHandshakes(): void {
    const { handshaking, now } = this.#context
    const { maxHandshakes, maxHandshakeBytes = mostHandshakeBytes, log } = this.#options
    for (const session of handshaking) {
      if (handshaking.size <= maxHandshakes && handshaking.bytes <= maxHandshakeBytes) return
      this.#release(session)
      session.evict('crowded-out')
      if (now() - this.#lastWarned.crowd < warnEveryMs) continue
      this.#lastWarned.crowd = now()
      log.warn('too many handshakes in flight; the oldest are closed', { maxHandshakes, maxHandshakeBytes })
    }
  }

  /**
   * Closes the connections for which something is kept the longest: a peer who reads at all has taken what was read at once
   * long before one who does not. With a RST, for what stands in front of any other end is what is not taken; and the
   * kernel, too, keeps what was to be sent for somebody who is gone.
   */
  #thinOutBacklog(): void {
    const { backlog, now } = this.#context
    const { maxBacklogBytes, log } = this.#options
    for (const { owner } of backlog) {
      if (!backlog.isOver) return
      this.#release(owner)
      owner.abort('stalled', { reset: true })
      if (now() - this.#lastWarned.backlog < warnEveryMs) continue
      this.#lastWarned.backlog = now()
      log.warn('too much is kept for peers who do not take it, or do not go on; the slowest are closed', {
        maxBacklogBytes,
      })
    }
  }

  #onEnded(session: Session): void {
    this.#release(session)
    if (this.connections === 0) this.#onEmpty?.()
  }

  /** Once for each session: an evicted one gives up its place before its sockets are closed. */
  #release(session: Session): void {
    if (session.released) return
    session.released = true
    this.#context.sessions.remove(session)
    this.#open[session.listen.kind]--
  }
}

/** Deadlines are in seconds; a quarter of one is exact enough, and costs nothing. */
const tickMs = 250
/** A flood is worth a line now and then; the counter knows the rest. */
const warnEveryMs = 60_000
/** Of one worker; two of them hold it twice. A thousand hellos of browsers have 2 MB. */
const mostHandshakeBytes = 8 * 1024 * 1024
