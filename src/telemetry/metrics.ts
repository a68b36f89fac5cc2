/**
 * Every metric that a program of ours exports, each with its help text. prom-client, because it is what Node programs
 * are scraped through, and because it can sum the registries of several threads.
 */
import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client'
import type { MetricObject } from 'prom-client'
import { TalliedCounter } from './tallied-counter.ts'

/** What one worker thread of the terminator counts. */
export type ConnectionMetrics = ReturnType<typeof connectionMetrics>

/** What the terminator's main thread knows. */
export type TerminatorMetrics = ReturnType<typeof terminatorMetrics>

export function connectionMetrics(registry: Registry = new Registry()) {
  const registers = [registry]
  return {
    registry,
    handshakes: new TalliedCounter({
      name: 'chitin_handshakes_total',
      help: 'TLS handshakes that ended. outcome: completed, failed (we sent the alert), refused (the client sent it), abandoned (no alert at all). reason: what failed, by the name it has in the log.',
      labelNames: ['outcome', 'version', 'suite', 'group', 'alert', 'reason'],
      registers,
    }),
    connectionFaults: new Counter({
      name: 'chitin_connection_faults_total',
      help: 'TLS connections that failed after the handshake, by alert and reason.',
      labelNames: ['alert', 'reason'],
      registers,
    }),
    bytes: new TalliedCounter({
      name: 'chitin_bytes_total',
      help: 'Bytes on the wire to and from clients. port: tls or plain. direction: received or sent.',
      labelNames: ['port', 'direction'],
      registers,
    }),
    connectionsOpen: new Gauge({
      name: 'chitin_connections_open',
      help: 'Client connections that are open now. port: tls or plain.',
      labelNames: ['port'],
      registers,
    }),
    backlog: new Gauge({
      name: 'chitin_backlog_bytes',
      help: 'Memory kept for peers who do not take what was said to them, or do not finish what they began. Above an eighth of the memory limit the slowest are closed: stalled.',
      registers,
    }),
    connections: new TalliedCounter({
      name: 'chitin_connections_total',
      help: 'Client connections that were accepted. port: tls or plain.',
      labelNames: ['port'],
      registers,
    }),
    connectionsClosed: new TalliedCounter({
      name: 'chitin_connections_closed_total',
      help: 'Client connections that ended, by how: finished, truncated, reset, idle, timeout, evicted (--max-connections), crowded-out (--max-handshakes), stalled (too much was kept for slow peers, and for this one the longest) and so on.',
      labelNames: ['port', 'reason'],
      registers,
    }),
    connectionsRejected: new TalliedCounter({
      name: 'chitin_connections_rejected_total',
      help: 'Client connections closed as soon as they came, because --max-connections busy ones were there.',
      labelNames: ['port'],
      registers,
    }),
    upstreamFailures: new Counter({
      name: 'chitin_upstream_failures_total',
      help: 'Connections to the upstream that failed. reason: unreachable, timeout or reset.',
      labelNames: ['reason'],
      registers,
    }),
    proxyHeadersRefused: new Counter({
      name: 'chitin_proxy_headers_refused_total',
      help: 'Connections that did not begin with a well-formed PROXY protocol header where one was required.',
      registers,
    }),
  }
}

export function terminatorMetrics(registry: Registry = new Registry()) {
  const registers = [registry]
  return {
    registry,
    bundle: new Gauge({
      name: 'chitin_bundle_info',
      help: 'Always 1; the label is the generation of the bundle that is served.',
      labelNames: ['generation'],
      registers,
    }),
    bundleLoaded: new Gauge({
      name: 'chitin_bundle_loaded_timestamp_seconds',
      help: 'When the bundle that is served was loaded.',
      registers,
    }),
    bundleReloads: new Counter({
      name: 'chitin_bundle_reloads_total',
      help: 'Attempts to load a changed bundle. result: loaded, unchanged or failed (the last good one is kept).',
      labelNames: ['result'],
      registers,
    }),
    certificateNotAfter: new Gauge({
      name: 'chitin_certificate_not_after_timestamp_seconds',
      help: 'When the certificate of a host ends: of several, the first to end. At most 1000 hosts; host "" is the default certificate.',
      labelNames: ['host'],
      registers,
    }),
    workers: new Gauge({ name: 'chitin_workers', help: 'Worker threads that are listening.', registers }),
    workerRestarts: new Counter({
      name: 'chitin_worker_restarts_total',
      help: 'Worker threads that ended by a fault of ours and were started again.',
      registers,
    }),
    ready: new Gauge({ name: 'chitin_ready', help: '1 when /readyz last said yes.', registers }),
  }
}

/** The exposition text of several registries as one, equal series summed. */
export async function exposition(parts: readonly MetricObject[][]): Promise<string> {
  return AggregatorRegistry.aggregate([...parts]).metrics()
}

export const expositionType = 'text/plain; version=0.0.4; charset=utf-8'
