/** How a connection and its handshake are counted: each exactly once, whatever the order in which its ends come. */
import type { ConnectionMetrics } from '../telemetry/metrics.ts'
import type { ConnectionFailed } from '../tls/events.ts'
import type { JudgedHandshake } from './engine.ts'

/** How a connection ended, as the metric and the log say it. */
export type EndReason =
  | 'finished'
  | 'truncated'
  | 'reset'
  | 'fault'
  | 'abandoned'
  | 'timeout'
  | 'crowded-out' // of the handshakes, by --max-handshakes
  | 'stalled' // one of its sides does not go on, and memory is short
  | 'idle'
  | 'evicted'
  | 'drained'
  | 'upstream-unreachable'
  | 'upstream-reset'
  | 'proxy-header-refused'
  | 'internal-error'

export function countCompleted(
  { handshakes }: ConnectionMetrics,
  { version, suite, group = '' }: JudgedHandshake,
): void {
  handshakes.inc({ outcome: 'completed', version, suite, group, alert: '', reason: '' })
}

export function countFailed({ handshakes }: ConnectionMetrics, { by, alert, reason }: ConnectionFailed): void {
  const outcome = by === 'sent' ? 'failed' : 'refused'
  handshakes.inc({ outcome, version: '', suite: '', group: '', alert, reason })
}

/** Of a connection that ended with its handshake, and without an alert. */
export function countAbandoned({ handshakes }: ConnectionMetrics, reason: EndReason | undefined): void {
  if (reason === undefined || reason === 'fault') return // counted with its alert
  handshakes.inc({ outcome: 'abandoned', version: '', suite: '', group: '', alert: '', reason })
}
