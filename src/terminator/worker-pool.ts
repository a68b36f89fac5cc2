import { Worker } from 'node:worker_threads'
import type { MetricObject } from 'prom-client'
import type { Log, LogLevel } from '../telemetry/log.ts'
import { errorText } from '../telemetry/error-text.ts'
import type { TerminatorMetrics } from '../telemetry/metrics.ts'
import type { TerminatorSettings } from './settings.ts'
import type { Snapshot } from './snapshot.ts'
import { work } from './work.ts'
import type { Order, Report, WorkerStart } from './worker-messages.ts'

/**
 * The workers. Several are threads, each of which listens on the same ports; the kernel shares out the connections
 * (SO_REUSEPORT). One that dies by a fault of ours takes its own connections with it, and nobody else's, and is started
 * again. A single one works in the main thread, for a thread costs some 20 MiB: there, such a fault ends the process, and
 * whoever started that starts it again.
 */
export class WorkerPool {
  readonly #log: Log
  readonly #logLevel: LogLevel
  readonly #metrics: TerminatorMetrics
  readonly #members = new Set<Member>()
  readonly #restarts = new Set<NodeJS.Timeout>()
  #settings: TerminatorSettings
  #snapshot: Snapshot | undefined
  #stopping = false
  #nextId = 0

  constructor(settings: TerminatorSettings, log: Log, logLevel: LogLevel, metrics: TerminatorMetrics) {
    this.#settings = settings
    this.#log = log
    this.#logLevel = logLevel
    this.#metrics = metrics
  }

  /** How many are listening. */
  get listening(): number {
    return [...this.#members].filter(({ listening }) => listening).length
  }

  /** How many of these have no bundle yet, and turn TLS connections away. */
  get unserved(): number {
    return [...this.#members].filter(({ listening, serving }) => listening && !serving).length
  }

  /** Starts all workers; resolves with the ports when each is listening. Rejects where the first one cannot. */
  async start(): Promise<readonly number[]> {
    // The first one says which port a 0 became, and whether the ports are free at all.
    const ports = await this.#startOne()
    const listen = this.#settings.listen.map((address, i) => ({ ...address, port: ports[i] ?? address.port }))
    this.#settings = { ...this.#settings, listen }
    await Promise.all(Array.from({ length: this.#settings.workers - 1 }, () => this.#startOne()))
    return ports
  }

  /** New handshakes take this from now on; open connections are untouched. */
  serve(snapshot: Snapshot): void {
    this.#snapshot = snapshot
    for (const member of this.#members) member.order({ do: 'serve', snapshot })
  }

  /** The metrics of all workers that answer in time; one that is busy is left out rather than waited for. */
  async metrics(timeoutMs = 2000): Promise<MetricObject[][]> {
    const answers = [...this.#members].map(
      (member) =>
        new Promise<MetricObject[] | undefined>((resolve) => {
          const id = this.#nextId++
          const done = (metrics: MetricObject[] | undefined): void => {
            clearTimeout(timer)
            member.awaited.delete(id)
            if (metrics !== undefined) member.lastMetrics = metrics
            // Counters that vanish for one scrape would look like a restart: rather the old ones than none.
            resolve(metrics ?? member.lastMetrics)
          }
          const timer = setTimeout(() => done(undefined), timeoutMs)
          member.awaited.set(id, done)
          member.order({ do: 'report-metrics', id })
        }),
    )
    return (await Promise.all(answers)).filter((answer) => answer !== undefined)
  }

  /** Stops accepting, waits for connections to finish, and ends all threads. Resolves with how many were cut off. */
  async drain(drainMs: number): Promise<number> {
    this.#stopping = true
    for (const timer of this.#restarts) clearTimeout(timer)
    const drained = [...this.#members].map(
      (member) =>
        new Promise<number>((resolve) => {
          member.onDrained = resolve
          member.order({ do: 'drain', drainMs })
          // A thread that does not even answer is ended all the same.
          setTimeout(() => resolve(0), drainMs + 1000).unref()
        }),
    )
    const cut = await Promise.all(drained)
    await Promise.all([...this.#members].map((member) => member.end()))
    return cut.reduce((sum, one) => sum + one, 0)
  }

  #startOne(): Promise<readonly number[]> {
    const start: WorkerStart = {
      settings: this.#settings,
      logLevel: this.#logLevel,
      maxConnections: Math.ceil(this.#settings.maxConnections / this.#settings.workers),
      maxHandshakes: Math.ceil(this.#settings.maxHandshakes / this.#settings.workers),
      maxBacklogBytes: Math.ceil(this.#settings.maxBacklogBytes / this.#settings.workers),
      snapshot: this.#snapshot,
    }
    return this.#settings.workers === 1 ? this.#startHere(start) : this.#startThread(start)
  }

  async #startHere(start: WorkerStart): Promise<readonly number[]> {
    const member = newMember()
    let ports: readonly number[] = []
    const follow = await work(start, (report) => {
      if (report.is === 'listening') ports = report.ports
      else this.#onReport(member, report)
    })
    member.order = (order) => void follow(order)
    this.#members.add(member)
    this.#onListening(member, start)
    return ports
  }

  #startThread(start: WorkerStart): Promise<readonly number[]> {
    // dist/ holds .js, the sources .ts; the compiler rewrites imports, but not this.
    const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js'
    const worker = new Worker(new URL(file, import.meta.url), { workerData: start, resourceLimits })
    const member = newMember()
    member.order = (order) => worker.postMessage(order, [])
    member.end = () => worker.terminate()
    this.#members.add(member)
    return new Promise((resolve, reject) => {
      worker.on('message', (report: Report) => {
        if (report.is !== 'listening') return this.#onReport(member, report)
        this.#onListening(member, start)
        resolve(report.ports)
      })
      worker.on('error', (error) => {
        // Rejected once; a promise that is settled does not mind a second time.
        reject(error)
        if (member.listening) this.#log.error('a worker broke', { error: errorText(error, { stack: true }) })
      })
      worker.on('exit', () => this.#onExit(member))
    })
  }

  #onListening(member: Member, { snapshot }: WorkerStart): void {
    member.listening = true
    member.serving = snapshot !== undefined
    this.#metrics.workers.set(this.listening)
    // A bundle may have come while it started.
    if (this.#snapshot !== undefined && this.#snapshot !== snapshot)
      member.order({ do: 'serve', snapshot: this.#snapshot })
  }

  #onReport(member: Member, report: Exclude<Report, { is: 'listening' }>): void {
    switch (report.is) {
      case 'log':
        return this.#log.write(report.level, report.message, report.fields)
      case 'serving':
        member.serving = true
        return
      case 'metrics':
        return member.awaited.get(report.id)?.(report.metrics)
      case 'drained':
        return member.onDrained?.(report.cut)
    }
  }

  #onExit(member: Member): void {
    this.#members.delete(member)
    this.#metrics.workers.set(this.listening)
    for (const done of member.awaited.values()) done(undefined)
    member.onDrained?.(0)
    // One that never listened has been reported to whoever started it.
    if (this.#stopping || !member.listening) return
    this.#metrics.workerRestarts.inc()
    this.#restartLater()
  }

  #restartLater(): void {
    const timer = setTimeout(() => {
      this.#restarts.delete(timer)
      this.#startOne().catch((error: unknown) => {
        this.#log.error('a worker does not start', { error: errorText(error) })
        if (!this.#stopping) this.#restartLater()
      })
    }, restartDelayMs)
    this.#restarts.add(timer)
  }
}

interface Member {
  order: (order: Order) => void
  /** Ends it, drained or not. */
  end: () => unknown
  listening: boolean
  /** It has a bundle. */
  serving: boolean
  readonly awaited: Map<number, (metrics: MetricObject[] | undefined) => void>
  onDrained: ((cut: number) => void) | undefined
  lastMetrics: MetricObject[] | undefined
}

function newMember(): Member {
  return {
    order: () => {},
    end: () => {},
    listening: false,
    serving: false,
    awaited: new Map(),
    onDrained: undefined,
    lastMetrics: undefined,
  }
}

const restartDelayMs = 1000
/**
 * Connections make short-lived garbage by the megabyte: a small nursery is emptied often and cheaply, where the default
 * would let each thread keep tens of megabytes of it.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 12 }
