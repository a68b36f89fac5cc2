/**
 * A Listener, or the whole terminator, in a process of its own, so that the same tests can ask another runtime: started by
 * remote-listener.ts, told by lines of V8's structured clone in base64, and reporting by lines of JSON.
 */
import process from 'node:process'
import { createInterface } from 'node:readline'
import { deserialize } from 'node:v8'
import { loadCrypto } from '../../src/crypto/load.ts'
import { logThrough } from '../../src/telemetry/log.ts'
import { exposition } from '../../src/telemetry/metrics.ts'
import { type Engine, PassThrough } from '../../src/terminator/engine.ts'
import { Listener } from '../../src/terminator/listener.ts'
import { network } from '../../src/terminator/network.ts'
import { runTerminator } from '../../src/terminator/run.ts'
import { serverConfig } from '../../src/terminator/server-config.ts'
import type { TerminatorSettings } from '../../src/terminator/settings.ts'
import type { Snapshot } from '../../src/terminator/snapshot.ts'
import { TlsEngine } from '../../src/terminator/tls-engine.ts'
import { Broken, Chatty } from './engines.ts'

/** The first line. */
export type Start =
  | { readonly run: TerminatorSettings }
  | {
      readonly settings: TerminatorSettings
      readonly snapshot: Snapshot
      readonly engine: EngineName
      readonly limits: { readonly maxConnections: number; readonly maxHandshakes: number; readonly busyMs?: number }
    }

export type EngineName = 'tls' | 'none' | 'Broken' | 'Chatty'

/** All others. */
export type Order =
  | { readonly do: 'stop' }
  | { readonly do: 'report-metrics'; readonly id: number }
  | { readonly do: 'drain'; readonly id: number; readonly drainMs: number }

export type Report =
  | { readonly is: 'listening'; readonly ports: readonly number[]; readonly adminPort?: number | undefined }
  | { readonly is: 'log'; readonly line: string }
  | { readonly is: 'connections'; readonly count: number }
  | { readonly is: 'answer'; readonly id: number; readonly text: string; readonly cut: number }
  | { readonly is: 'exited'; readonly code: number }

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const log = logThrough('debug', (level, message, fields) =>
  report({ is: 'log', line: `${level} ${message} ${JSON.stringify(fields)}` }),
)
const start = await hear<Start>()
if ('run' in start) await run(start.run)
else await listen(start)

async function run(settings: TerminatorSettings): Promise<never> {
  const stop = new AbortController()
  void hear<Order>().then(() => stop.abort())
  const onListening = (where: { ports: readonly number[]; adminPort: number | undefined }): void =>
    report({ is: 'listening', ...where })
  const code = await runTerminator(settings, { log, logLevel: 'debug', stop: stop.signal, onListening })
  report({ is: 'exited', code })
  process.exit(code)
}

async function listen({ settings, snapshot, engine, limits }: Exclude<Start, { run: unknown }>): Promise<never> {
  const config = serverConfig(snapshot, await loadCrypto(settings.crypto), settings)
  let opened = 0
  const engines: Record<EngineName, () => Engine | undefined> = {
    tls: () => new TlsEngine(config),
    none: () => undefined,
    Broken: () => (opened++ === 0 ? new Broken() : new PassThrough()),
    Chatty: () => new Chatty(),
  }
  const listener = new Listener({ network, settings, log, openTls: engines[engine], reusePort: false, ...limits })
  report({ is: 'listening', ports: await listener.listen() })
  let reported = 0
  setInterval(() => {
    if (listener.connections === reported) return
    reported = listener.connections
    report({ is: 'connections', count: reported })
  }, 5)
  for (;;) void follow(listener, await hear<Order>())
}

async function follow(listener: Listener, order: Order): Promise<void> {
  if (order.do === 'report-metrics')
    report({ is: 'answer', id: order.id, text: await exposition([await listener.metrics()]), cut: 0 })
  if (order.do === 'drain') report({ is: 'answer', id: order.id, text: '', ...(await listener.drain(order.drainMs)) })
}

async function hear<Message>(): Promise<Message> {
  const { value, done } = await lines.next()
  if (done === true) process.exit(0)
  return deserialize(Buffer.from(value, 'base64')) as Message // remote-listener.ts sends nothing else
}

function report(message: Report): void {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}
