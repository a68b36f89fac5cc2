/**
 * The terminator, from settings to exit code. The main thread reads the bundle, answers the admin port and listens to
 * signals; workers hold all connections. It has no credentials for any API, and calls out to nobody but the
 * upstream.
 */
import type { AdminServer } from '../telemetry/admin-server.ts'
import { startAdminServer } from '../telemetry/admin-server.ts'
import type { Log, LogLevel } from '../telemetry/log.ts'
import { errorText } from '../telemetry/error-text.ts'
import { exposition, expositionType, terminatorMetrics } from '../telemetry/metrics.ts'
import { processMetrics } from '../telemetry/process-metrics.ts'
import { BundleWatcher } from './bundle-watcher.ts'
import { loadCrypto } from '../crypto/load.ts'
import { nodeNetwork } from './node-sockets.ts'
import { permissionModel } from './permissions.ts'
import type { TerminatorSettings } from './settings.ts'
import { optimizeSoon } from './tier-up.ts'
import { UpstreamProbe } from './upstream-probe.ts'
import { WorkerPool } from './worker-pool.ts'

export interface TerminatorSurroundings {
  readonly log: Log
  readonly logLevel: LogLevel
  /** Aborted when it should drain and end. */
  readonly stop: AbortSignal
  /** Called when all workers listen. */
  readonly onListening?: (where: { readonly ports: readonly number[]; readonly adminPort: number | undefined }) => void
}

/** Runs until `stop`, and returns the exit code. */
export async function runTerminator(
  settings: TerminatorSettings,
  { log, logLevel, stop, onListening }: TerminatorSurroundings,
): Promise<number> {
  const metrics = terminatorMetrics()
  processMetrics(metrics.registry)
  const crypto = await loadCrypto(settings.crypto).catch((error: unknown) => {
    log.error('the cryptographic primitives cannot be loaded', { crypto: settings.crypto, error: errorText(error) })
  })
  if (crypto === undefined) return 1
  const pool = new WorkerPool(settings, log, logLevel, metrics)
  const probe = new UpstreamProbe(settings, nodeNetwork)
  const watcher =
    settings.source === undefined
      ? undefined
      : new BundleWatcher({
          source: settings.source,
          crypto,
          log,
          metrics,
          onSnapshot: (snapshot) => pool.serve(snapshot),
        })

  const notReady = async (): Promise<string | undefined> => {
    if (stop.aborted) return 'shutting down'
    if (watcher !== undefined && watcher.current === undefined)
      return `no bundle is loaded: ${watcher.lastError === '' ? 'not read yet' : watcher.lastError}`
    if (pool.listening === 0) return 'no worker is listening'
    // A worker takes the first bundle when its turn comes; until then the kernel would give it connections in vain.
    if (watcher !== undefined && pool.unserved > 0) return 'a worker has not taken the bundle yet'
    return probe.unreachable()
  }
  let admin: AdminServer | undefined
  try {
    await watcher?.start()
    // A pod waits for its bundle; a person at a keyboard wants to hear at once that the file is not there.
    if (settings.source?.kind === 'files' && watcher?.current === undefined) return 1
    if (settings.admin !== undefined)
      admin = await startAdminServer(settings.admin, {
        live: () => true,
        async notReady() {
          const why = await notReady()
          metrics.ready.set(why === undefined ? 1 : 0)
          return why
        },
        async metrics() {
          const parts = [await metrics.registry.getMetricsAsJSON(), ...(await pool.metrics())]
          return { type: expositionType, text: await exposition(parts) }
        },
      })
    const ports = await pool.start()
    optimizeSoon()
    const { workers, upstream } = settings
    log.info('listening', {
      ports: settings.listen.map(({ kind }, i) => `${ports[i]}/${kind}`),
      upstream: `${upstream.host}:${upstream.port}`,
      admin: admin?.port,
      workers,
      crypto: crypto.name,
      permissionModel: permissionModel(),
    })
    onListening?.({ ports, adminPort: admin?.port })

    await aborted(stop)
    log.info('draining', { drainMs: settings.drainMs })
    const cut = await pool.drain(settings.drainMs)
    log.info('stopped', { cut })
    return 0
  } catch (error) {
    log.error('the terminator cannot run', { error: error instanceof Error ? error.message : String(error) })
    await pool.drain(0)
    return 1
  } finally {
    watcher?.stop()
    await admin?.close()
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
