/** A worker thread: a Listener, and the messages that steer it. It reads no file but its own source. */
import type { MessagePort } from 'node:worker_threads'
import { parentPort, workerData } from 'node:worker_threads'
import type { Log, LogLevel } from '../telemetry/log.ts'
import { logThrough } from '../telemetry/log.ts'
import type { ServerConfig } from '../tls/config.ts'
import { ServerConnection } from '../tls/connection.ts'
import { loadCrypto } from '../crypto/load.ts'
import { Listener } from './listener.ts'
import { serverConfig } from './server-config.ts'
import type { Order, Report, WorkerStart } from './worker-messages.ts'

if (parentPort === null) throw new Error('worker.ts: is started by run.ts as a worker thread, not by itself')
await work(parentPort, workerData as WorkerStart) // run.ts hands over exactly this

async function work(port: MessagePort, start: WorkerStart): Promise<void> {
  const { settings, logLevel, maxConnections, maxHandshakes, snapshot } = start
  const report = (message: Report): void => port.postMessage(message)
  const log = forwardingLog(logLevel, report)
  const crypto = await loadCrypto(settings.crypto)
  let config: ServerConfig | undefined = snapshot && serverConfig(snapshot, crypto, settings)
  const listener = new Listener({
    settings,
    log,
    maxConnections,
    maxHandshakes,
    reusePort: true,
    openTls: () => (config === undefined ? undefined : new ServerConnection(config)),
  })

  const follow = async (order: Order): Promise<void> => {
    switch (order.do) {
      case 'serve':
        config = serverConfig(order.snapshot, crypto, settings)
        return
      case 'report-metrics':
        report({ is: 'metrics', id: order.id, metrics: await listener.metrics() })
        return
      case 'drain':
        report({ is: 'drained', ...(await listener.drain(order.drainMs)) })
    }
  }
  port.on('message', (order: Order) => void follow(order))
  report({ is: 'listening', ports: await listener.listen() })
}

function forwardingLog(level: LogLevel, report: (message: Report) => void): Log {
  return logThrough(level, (level, message, fields) => report({ is: 'log', level, message, fields }))
}
