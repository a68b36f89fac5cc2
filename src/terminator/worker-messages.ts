import type { MetricObject } from 'prom-client'
import type { LogFields, LogLevel } from '../telemetry/log.ts'
import type { TerminatorSettings } from './settings.ts'
import type { Snapshot } from './snapshot.ts'

/** What a worker thread is started with. */
export interface WorkerStart {
  readonly settings: TerminatorSettings
  readonly logLevel: LogLevel
  /** Its share of the connections, of those that are still shaking hands, and of what may be kept for all of them. */
  readonly maxConnections: number
  readonly maxHandshakes: number
  readonly maxBacklogBytes: number
  readonly snapshot: Snapshot | undefined
}

/** From the main thread to a worker. */
export type Order =
  | { readonly do: 'serve'; readonly snapshot: Snapshot }
  | { readonly do: 'report-metrics'; readonly id: number }
  | { readonly do: 'drain'; readonly drainMs: number }

/** From a worker to the main thread. */
export type Report =
  | { readonly is: 'listening'; readonly ports: readonly number[] }
  /** It has taken a bundle: new handshakes are served. */
  | { readonly is: 'serving' }
  | { readonly is: 'log'; readonly level: LogLevel; readonly message: string; readonly fields: LogFields }
  | { readonly is: 'metrics'; readonly id: number; readonly metrics: MetricObject[] }
  | { readonly is: 'drained'; readonly cut: number }
