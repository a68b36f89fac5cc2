import type { FSWatcher } from 'node:fs'
import { watch } from 'node:fs'
import { dirname } from 'node:path'
import type { CryptoProvider } from '../crypto/provider.ts'
import type { Log } from '../telemetry/log.ts'
import { errorText } from '../telemetry/error-text.ts'
import type { TerminatorMetrics } from '../telemetry/metrics.ts'
import { readSnapshot, stamp } from './bundle-reader.ts'
import type { BundleSource } from './settings.ts'
import { isSameSnapshot, type Snapshot } from './snapshot.ts'

export interface BundleWatcherOptions {
  readonly source: BundleSource
  readonly crypto: CryptoProvider
  readonly log: Log
  readonly metrics: TerminatorMetrics
  /** Called with each snapshot that is good and new. */
  readonly onSnapshot: (snapshot: Snapshot) => void
  readonly pollMs?: number
}

/**
 * Keeps the last good snapshot of the bundle. The directory is watched, which is fast, and polled, which is certain:
 * inotify says nothing on some file systems, and a watch on a directory that was replaced stays silent for ever.
 */
export class BundleWatcher {
  readonly #options: BundleWatcherOptions
  readonly #watchers: FSWatcher[] = []
  #timer: NodeJS.Timeout | undefined
  #current: Snapshot | undefined
  #stamp = ''
  #lastError = ''
  #looking: Promise<void> | undefined
  #lookAgain = false

  constructor(options: BundleWatcherOptions) {
    this.#options = options
  }

  get current(): Snapshot | undefined {
    return this.#current
  }

  /** The last attempt's error, empty when it was good. */
  get lastError(): string {
    return this.#lastError
  }

  /** Looks once, then watches. The first look has been taken when the promise resolves, well or not. */
  async start(): Promise<void> {
    const { source, pollMs = 1000 } = this.#options
    for (const directory of new Set(directories(source))) this.#watch(directory)
    this.#timer = setInterval(() => void this.look(), pollMs)
    await this.look()
  }

  stop(): void {
    clearInterval(this.#timer)
    for (const watcher of this.#watchers) watcher.close()
  }

  /** Takes a look now, or once more behind the one that is being taken. */
  look(): Promise<void> {
    if (this.#looking !== undefined) {
      this.#lookAgain = true
      return this.#looking
    }
    this.#looking = this.#lookUntilStill().finally(() => (this.#looking = undefined))
    return this.#looking
  }

  async #lookUntilStill(): Promise<void> {
    do {
      this.#lookAgain = false
      await this.#lookOnce()
    } while (this.#lookAgain)
  }

  async #lookOnce(): Promise<void> {
    const { source, crypto, log, metrics, onSnapshot } = this.#options
    let now: string | undefined
    try {
      now = await stamp(source)
      if (now === this.#stamp && this.#lastError === '') return
      const snapshot = await readSnapshot(source, crypto)
      this.#stamp = now
      this.#lastError = ''
      if (this.#current !== undefined && isSameSnapshot(snapshot, this.#current)) {
        metrics.bundleReloads.inc({ result: 'unchanged' })
        return
      }
      const hosts = snapshot.hosts.length
      log.info('bundle loaded', { generation: snapshot.generation, before: this.#current?.generation, hosts })
      metrics.bundleReloads.inc({ result: 'loaded' })
      this.#current = snapshot
      this.#describe(snapshot)
      onSnapshot(snapshot)
    } catch (error) {
      // The kubelet takes the old files away as it brings the new: whoever was reading them reads those, and has no complaint.
      if (now !== undefined && now !== (await stamp(source).catch(() => now))) {
        this.#lookAgain = true
        return
      }
      metrics.bundleReloads.inc({ result: 'failed' })
      const text = errorText(error)
      // Every poll fails again while it lasts: the first one says so aloud.
      const level = text === this.#lastError ? 'debug' : 'error'
      log.write(level, 'bundle refused; the last good one is kept', { error: text, serving: this.#current?.generation })
      this.#lastError = text
    }
  }

  #watch(directory: string): void {
    try {
      const watcher = watch(directory, { persistent: false }, () => void this.look())
      watcher.on('error', (error) =>
        this.#options.log.warn('watch failed; polling goes on', { error: errorText(error) }),
      )
      this.#watchers.push(watcher)
    } catch (error) {
      this.#options.log.warn('cannot watch; polling goes on', { directory, error: errorText(error) })
    }
  }

  #describe({ generation, hosts, defaultCredentials }: Snapshot): void {
    const { bundle, bundleLoaded, certificateNotAfter } = this.#options.metrics
    bundle.reset()
    bundle.set({ generation }, 1)
    bundleLoaded.setToCurrentTime()
    certificateNotAfter.reset()
    const ends = new Map<string, number>()
    for (const { names, credentials } of [...hosts, { names: [''], credentials: defaultCredentials ?? [] }]) {
      for (const name of names) {
        // One series for each host is a price that somebody pays by the thousand.
        if (credentials.length === 0 || (ends.size >= mostHosts && name !== '')) continue
        ends.set(name, Math.min(...credentials.map(({ notAfter }) => notAfter.getTime())))
      }
    }
    for (const [host, end] of ends) certificateNotAfter.set({ host }, end / 1000)
  }
}

/** Where a change of the files shows. */
function directories(source: BundleSource): readonly string[] {
  if (source.kind === 'files') return [dirname(source.certificate), dirname(source.key)]
  const { directory, generationFile } = source
  return generationFile === undefined ? [directory] : [directory, dirname(generationFile)]
}

const mostHosts = 1000
