import type { Log } from '../telemetry/log.ts'
import type { ConnectionMetrics } from '../telemetry/metrics.ts'
import type { Tally } from '../telemetry/tallied-counter.ts'
import type { Backlog, Kept } from './backlog.ts'
import type { Handshakes } from './handshakes.ts'
import type { IdleList } from './idle-list.ts'
import type { Session } from './session.ts'
import type { ListenAddress, TerminatorSettings } from './settings.ts'
import type { Network, ReadInto } from './socket.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** What all sessions of a worker share. */
export interface SessionContext {
  readonly settings: TerminatorSettings
  readonly network: Network
  readonly metrics: ConnectionMetrics
  readonly log: Log
  readonly wheel: TimerWheel<Session>
  readonly sessions: IdleList<Session>
  /** Those of the sessions whose handshake is not over. */
  readonly handshaking: Handshakes<Session>
  /** What is kept for peers of all sessions who do not go on. */
  readonly backlog: Backlog<Session>
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number
  /**
   * Where all bytes are read into, the clients' and the upstreams': what is read is encrypted, deciphered or copied before
   * anybody else reads, so that one buffer serves all, instead of a fresh one for each read. A part of it, where memory is
   * short.
   */
  readonly readInto: ReadInto
  readonly tally: Readonly<Record<ListenAddress['kind'], ByteTally>>
  /** Called for all that a session says before its handshake is over; the session may be over when this returns. */
  readonly heard: (session: Session, length: number) => void
  /** Called whenever so much is kept for a session, and before it was not; the session may be over when this returns. */
  readonly keep: (item: Kept<Session>, bytes: number) => void
  /** Called once, when the session is over and both sockets are closed. */
  readonly ended: (session: Session) => void
}

/** Bytes on the wire. */
export interface ByteTally {
  readonly received: Tally
  readonly sent: Tally
}
