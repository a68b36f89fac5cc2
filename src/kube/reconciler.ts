import { KubeError } from './kube-error.ts'
import { Queue, type Cause } from './queue.ts'
import type { Key } from './resource.ts'

/** What a reconcile asks for: look again later, or (nothing) only when something changes. */
export interface Outcome {
  readonly requeueAfterMs?: number | undefined
}

export interface ReconcilerOptions {
  readonly name: string
  /** Looks at everything that the key stands for, and sets it right. Runs once per key at a time. */
  readonly reconcile: (key: Key, signal: AbortSignal) => Promise<Outcome | void>
  /** No key is worked on before all of these are synced. */
  readonly caches?: readonly { readonly whenSynced: Promise<void> }[]
  readonly workers?: number
  /** After many failures a key is tried again at least this often. */
  readonly maxDelayMs?: number
  /** Told of each run, for a log line and metrics. `error` is what it threw. */
  readonly onRun?: ((run: Run) => void) | undefined
}

export interface Run {
  readonly reconciler: string
  readonly key: Key
  readonly cause: Cause
  readonly durationMs: number
  readonly error?: unknown
  readonly retryInMs?: number
}

/** Keys in, reconciles out: deduplicated, serial per key, backed off when they fail, again when they ask for it. */
export class Reconciler {
  readonly #options: ReconcilerOptions
  readonly #queue: Queue
  #wake: () => void = () => undefined

  constructor(options: ReconcilerOptions) {
    this.#options = options
    const { maxDelayMs } = options
    this.#queue = new Queue(maxDelayMs === undefined ? {} : { maxDelayMs })
  }

  get queue(): { readonly depth: number; readonly delayed: number; readonly running: number } {
    return this.#queue
  }

  /** Look at this key as soon as possible. */
  readonly enqueue = (key: Key): void => {
    this.#queue.add(key)
    this.#wake()
  }

  /** Look at this key after a while, unless something makes it look earlier. */
  enqueueAfter(key: Key, delayMs: number): void {
    this.#queue.addAt(key, performance.now() + delayMs)
    this.#wake()
  }

  /** Runs until the signal is aborted; resolves when nothing is under way any more. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.race([aborted, Promise.all((this.#options.caches ?? []).map(({ whenSynced }) => whenSynced))])
    void aborted.then(() => this.#wake())

    const underWay = new Set<Promise<void>>()
    const workers = this.#options.workers ?? 4
    while (!signal.aborted) {
      const isBusy = underWay.size >= workers
      const key = isBusy ? undefined : this.#queue.take(performance.now())
      if (key === undefined) {
        await this.#sleep(isBusy ? undefined : this.#queue.nextAt())
        continue
      }
      const work = this.#work(key, signal).then(() => {
        underWay.delete(work)
        this.#wake()
      })
      underWay.add(work)
    }
    await Promise.all(underWay)
  }

  async #work(key: Key, signal: AbortSignal): Promise<void> {
    const { name, reconcile, onRun } = this.#options
    const started = performance.now()
    const cause = this.#queue.cause(key)
    try {
      const outcome = await reconcile(key, signal)
      this.#queue.forget(key)
      if (outcome?.requeueAfterMs !== undefined) this.#queue.addAt(key, performance.now() + outcome.requeueAfterMs)
      onRun?.({ reconciler: name, key, cause, durationMs: performance.now() - started })
    } catch (error) {
      if (signal.aborted) return
      const askedMs = error instanceof KubeError ? error.retryAfterMs : undefined
      const retryInMs = this.#queue.retry(key, performance.now(), askedMs)
      onRun?.({ reconciler: name, key, cause, durationMs: performance.now() - started, error, retryInMs })
    } finally {
      this.#queue.done(key)
    }
  }

  /** Until something is added, a worker is through, the time has come, or all is over. */
  async #sleep(until: number | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const timer = until === undefined ? undefined : setTimeout(resolve, delayUntil(until))
    await promise
    clearTimeout(timer)
  }
}

/** Node turns a delay above 2^31-1 ms into 1 ms; waking too early is harmless. */
function delayUntil(at: number): number {
  return Math.min(Math.max(at - performance.now(), 1), 2 ** 31 - 1)
}
