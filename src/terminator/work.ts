import type { Log, LogLevel } from '../telemetry/log.ts'
import { logThrough } from '../telemetry/log.ts'
import { loadCrypto } from '../crypto/load.ts'
import { Listener } from './listener.ts'
import { nodeNetwork } from './node-sockets.ts'
import { lentMemory } from './record-pool.ts'
import { serverConfig, type TerminatorConfig } from './server-config.ts'
import { TlsEngine } from './tls-engine.ts'
import type { Order, Report, WorkerStart } from './worker-messages.ts'

/**
 * What a worker does, in a thread of its own or in the main one: a Listener, and the messages that steer it. Reports that
 * it listens, and resolves with whom to give orders to.
 */
export async function work(
  { settings, logLevel, maxConnections, maxHandshakes, maxBacklogBytes, snapshot }: WorkerStart,
  report: (message: Report) => void,
): Promise<(order: Order) => Promise<void>> {
  const log = forwardingLog(logLevel, report)
  const crypto = await loadCrypto(settings.crypto)
  const memory = lentMemory()
  let config: TerminatorConfig | undefined = snapshot && serverConfig(snapshot, crypto, settings, memory)
  const listener = new Listener({
    settings,
    network: nodeNetwork,
    log,
    maxConnections,
    maxHandshakes,
    maxBacklogBytes,
    reusePort: settings.workers > 1,
    openTls: () => (config === undefined ? undefined : new TlsEngine(config)),
  })

  const follow = async (order: Order): Promise<void> => {
    switch (order.do) {
      case 'serve':
        config = serverConfig(order.snapshot, crypto, settings, memory)
        return report({ is: 'serving' })
      case 'report-metrics':
        report({ is: 'metrics', id: order.id, metrics: await listener.metrics() })
        return
      case 'drain':
        report({ is: 'drained', ...(await listener.drain(order.drainMs)) })
    }
  }
  report({ is: 'listening', ports: await listener.listen() })
  return follow
}

function forwardingLog(level: LogLevel, report: (message: Report) => void): Log {
  return logThrough(level, (level, message, fields) => report({ is: 'log', level, message, fields }))
}
