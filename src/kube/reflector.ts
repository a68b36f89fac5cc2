import type { Cache } from './cache.ts'
import { pageSize } from './client.ts'
import type { WatchEvent } from './calls.ts'
import type { KubeClient } from './client.ts'
import { isExpired, KubeError } from './kube-error.ts'
import { pause } from './pause.ts'
import { keyOf } from './resource.ts'
import type { Key, KubeObject, ResourceType } from './resource.ts'

export interface ReflectorOptions<T extends KubeObject, I extends string> {
  readonly client: KubeClient
  readonly type: ResourceType
  readonly cache: Cache<T, I>
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  /** Keep metadata only; the data is never sent to us. For Secrets. */
  readonly metadataOnly?: boolean | undefined
  /** What is kept of an object; left out: all but what nobody reads of any kind. Its metadata's identity must stay. */
  readonly keep?: ((object: T) => T) | undefined
  /**
   * After so long a silence the watch is begun again where it was. The connection may be dead; or the kind is quiet:
   * the API server sends bookmarks, about once a minute, only when it has seen an event of the kind.
   */
  readonly idleMs?: number | undefined
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number; readonly healthyMs: number } | undefined
  readonly timeoutSeconds?: { readonly min: number; readonly max: number } | undefined
  readonly random?: (() => number) | undefined
  /** Told whenever a list or a watch failed, and how long it waits; for a log line and a metric. */
  readonly onTrouble?: ((trouble: Trouble) => void) | undefined
}

export interface Trouble {
  readonly during: 'list' | 'watch'
  readonly reason: string
  readonly message: string
  readonly delayMs: number
}

/** Counters of one reflector, as they stand. */
export interface ReflectorStats {
  readonly lists: number
  readonly watches: number
  readonly failures: number
  /** Watches that were begun again because nothing had come for long; in itself no failure. */
  readonly silences: number
  /** Events, bookmarks included. */
  readonly events: number
  /** Differences that a list other than the first one found: what the watch had not told yet. */
  readonly drift: number
  /** When the last list, event or bookmark came, as Date.now(); 0 before the first. */
  readonly lastContactAt: number
}

/**
 * Keeps a cache equal to what the API server has of one kind: list, watch, resume, and list again when the thread is
 * lost; for ever, whatever fails. A new list is applied as a difference, so nobody downstream sees more than changes.
 */
export class Reflector<T extends KubeObject, I extends string = never> {
  readonly #options: ReflectorOptions<T, I>
  readonly #random: () => number
  readonly #backoff: { readonly baseMs: number; readonly maxMs: number; readonly healthyMs: number }
  readonly #stats = { lists: 0, watches: 0, failures: 0, silences: 0, events: 0, drift: 0, lastContactAt: 0 }
  /** Where to resume; undefined: only a list can tell. */
  #resourceVersion: string | undefined
  /** Failures in a row, for the backoff. */
  #attempt = 0
  /** Watches in a row that the server refused, or that made no sense: perhaps it cannot digest our version. */
  #barren = 0

  constructor(options: ReflectorOptions<T, I>) {
    this.#options = options
    this.#random = options.random ?? Math.random
    this.#backoff = options.backoff ?? { baseMs: 800, maxMs: 30_000, healthyMs: 60_000 }
  }

  get type(): ResourceType {
    return this.#options.type
  }

  get cache(): Cache<T, I> {
    return this.#options.cache
  }

  get stats(): ReflectorStats {
    return { ...this.#stats }
  }

  /** Runs until the signal is aborted, then resolves; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const during = this.#resourceVersion === undefined ? 'list' : 'watch'
      const started = performance.now()
      try {
        if (during === 'list') await this.#list(signal)
        else await this.#watch(signal)
        const elapsedMs = performance.now() - started
        if (elapsedMs >= this.#backoff.healthyMs) this.#attempt = 0
        // A server that ends each watch at once must not be asked in a tight loop.
        if (during === 'watch' && elapsedMs < 1000) await pause(this.#random() * this.#backoff.baseMs, signal)
      } catch (error) {
        if (signal.aborted) return
        if (performance.now() - started >= this.#backoff.healthyMs) this.#attempt = 0
        if (error instanceof KubeError && error.reason === 'Idle') this.#stats.silences++
        else await this.#recover(during, error, signal)
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, type, cache, namespace, labelSelector, fieldSelector, metadataOnly } = this.#options
    const isFirst = !cache.synced
    const seen = new Set<Key>()
    let differences = 0
    let next: string | undefined
    this.#stats.lists++
    for (;;) {
      const page = await client.page<T>(type, {
        namespace,
        labelSelector,
        fieldSelector,
        metadataOnly,
        limit: pageSize,
        continue: next,
        signal,
      })
      for (const item of page.items) {
        const object = this.#lean(item)
        seen.add(keyOf(object))
        if (cache.put(object)) differences++
      }
      next = page.metadata.continue
      if (next !== undefined && next !== '') continue

      for (const key of cache.keys()) if (!seen.has(key) && cache.remove(key)) differences++
      this.#resourceVersion = page.metadata.resourceVersion
      break
    }
    if (!isFirst) this.#stats.drift += differences
    this.#barren = 0
    this.#stats.lastContactAt = Date.now()
    cache.markSynced()
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, type, namespace, labelSelector, fieldSelector, metadataOnly, idleMs = 150_000 } = this.#options
    const { min, max } = this.#options.timeoutSeconds ?? { min: 300, max: 600 }
    this.#stats.watches++
    const events = client.watch<T>(type, {
      namespace,
      labelSelector,
      fieldSelector,
      metadataOnly,
      resourceVersion: this.#resourceVersion ?? '',
      // Spread, so that the watches of many replicas do not all end in the same second.
      timeoutSeconds: Math.round(min + this.#random() * (max - min)),
      idleMs,
      signal,
    })
    for await (const event of events) {
      this.#barren = 0
      this.#take(event)
    }
    this.#barren = 0
  }

  #take({ type, object }: WatchEvent<T>): void {
    const { cache } = this.#options
    this.#stats.events++
    this.#stats.lastContactAt = Date.now()
    if (type === 'DELETED') cache.remove(keyOf(object))
    else if (type !== 'BOOKMARK') cache.put(this.#lean(object))
    // Only after the cache has it: whatever is lost between the two is asked for again.
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion
  }

  #lean(object: T): T {
    const { keep } = this.#options
    return keep === undefined ? lean(object) : keep(lean(object))
  }

  async #recover(during: 'list' | 'watch', error: unknown, signal: AbortSignal): Promise<void> {
    this.#stats.failures++
    const expired = isExpired(error)
    if (isRefusal(error)) this.#barren++
    if (expired || this.#barren >= barrenWatchesBeforeList) this.#resourceVersion = undefined

    const { baseMs, maxMs } = this.#backoff
    // Losing the thread once is no fault of the server: list at once. Losing it again and again is.
    const ceiling = expired && this.#attempt === 0 ? 0 : Math.min(maxMs, baseMs * 2 ** Math.min(this.#attempt, 20))
    const asked = error instanceof KubeError ? Math.min(error.retryAfterMs ?? 0, maxRetryAfterMs) : 0
    const delayMs = Math.max(this.#random() * ceiling, asked)
    this.#attempt++
    this.#options.onTrouble?.({
      during,
      reason: error instanceof KubeError ? error.reason : 'Internal',
      message: error instanceof Error ? error.message : String(error),
      delayMs,
    })
    await pause(delayMs, signal)
  }
}

/** A server that is down or overloaded has said nothing about our version; listing would only add to its load. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof KubeError)) return true
  if (error.status === 0) return error.reason === 'Malformed'
  return error.status !== 429 && error.status !== 503
}

const barrenWatchesBeforeList = 10
/** No server's wish keeps us blind for longer. */
const maxRetryAfterMs = 300_000
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/**
 * Without what nobody here reads: managedFields, often half of an object, and kubectl's copy of the whole object, which
 * in a Secret is the data that a metadata-only cache must not hold.
 */
function lean<T extends KubeObject>(object: T): T {
  const { managedFields: _managedFields, ...metadata } = object.metadata as T['metadata'] & { managedFields?: unknown }
  if (metadata.annotations?.[lastApplied] === undefined) return { ...object, metadata }
  const { [lastApplied]: _lastApplied, ...annotations } = metadata.annotations
  return { ...object, metadata: { ...metadata, annotations } }
}
