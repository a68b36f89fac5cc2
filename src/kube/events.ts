import type { KubeClient } from './client.ts'
import { isNotFound } from './kube-error.ts'
import { resources } from './resource.ts'
import type { KubeObject } from './resource.ts'

/** What an event is about: the address of an object, with its uid where it is known. */
export interface Regarding {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string | undefined
  readonly name: string
  readonly uid?: string | undefined
}

export interface Occurrence {
  readonly type: 'Normal' | 'Warning'
  /** CamelCase, one of the project's reasons. */
  readonly reason: string
  /** CamelCase: what was being done. */
  readonly action: string
  /** For a person; cut at 1024 bytes, as the schema demands. */
  readonly note: string
  readonly related?: Regarding | undefined
}

export interface EventRecorderOptions {
  readonly client: KubeClient
  /** Domain-prefixed name of the controller. */
  readonly controller: string
  /** This replica, such as the pod's name. */
  readonly instance: string
  readonly now?: () => number
  /** Told of events that could not be written. Nothing else comes of it. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/**
 * Writes events (events.k8s.io/v1). What repeats within six minutes becomes one event with a series, whose count is
 * written at most every half minute. Recording never throws, never waits, and never holds up a reconcile.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #now: () => number
  readonly #series = new Map<string, Series>()
  #writing: Promise<void> = Promise.resolve()
  #waiting = 0
  #dropped = 0
  #serial = 0

  constructor(options: EventRecorderOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
  }

  /** How many events were let go because too many were waiting to be written. */
  get dropped(): number {
    return this.#dropped
  }

  record(regarding: Regarding, occurrence: Occurrence): void {
    const now = this.#now()
    this.#expire(now)
    const key = JSON.stringify([regarding, occurrence])
    const known = this.#series.get(key)
    if (known === undefined) {
      const namespace = regarding.namespace ?? 'default'
      const name = `${regarding.name.slice(0, 200)}.${now.toString(16)}${(this.#serial++).toString(16)}`
      const series: Series = { namespace, name, regarding, occurrence, count: 1, seenAt: now, writtenAt: now }
      this.#series.set(key, series)
      this.#enqueue(() => this.#create(series))
      return
    }
    known.count++
    known.seenAt = now
    if (known.isDirty === true || (known.count > 2 && now - known.writtenAt < seriesWriteEveryMs)) return
    known.isDirty = true
    known.writtenAt = now
    this.#enqueue(() => this.#update(known))
  }

  /** Resolves when everything recorded so far is written, or has failed. */
  async flush(): Promise<void> {
    await this.#writing
  }

  #enqueue(write: () => Promise<void>): void {
    if (this.#waiting >= maxWaiting) {
      this.#dropped++
      return
    }
    this.#waiting++
    this.#writing = this.#writing.then(async () => {
      try {
        await write()
      } catch (error) {
        this.#options.onError?.(error)
      }
      this.#waiting--
    })
  }

  async #create(series: Series): Promise<void> {
    const { client, controller, instance } = this.#options
    const { namespace, name, regarding, occurrence } = series
    series.isDirty = false
    const event: EventObject = {
      metadata: { namespace, name },
      eventTime: microTime(series.seenAt),
      type: occurrence.type,
      reason: occurrence.reason,
      action: occurrence.action,
      note: cut(occurrence.note),
      regarding,
      reportingController: controller,
      reportingInstance: instance.slice(0, 128),
      ...(occurrence.related === undefined ? {} : { related: occurrence.related }),
      ...(series.count > 1 ? { series: seriesOf(series) } : {}),
    }
    await client.create(resources.events, event, { timeoutMs: writeTimeoutMs })
  }

  async #update(series: Series): Promise<void> {
    const { client } = this.#options
    series.isDirty = false
    const patch = { series: seriesOf(series) }
    try {
      await client.patch(resources.events, series, patch, { timeoutMs: writeTimeoutMs })
    } catch (error) {
      // Events live for an hour or so: this one is gone, or was never written.
      if (!isNotFound(error)) throw error
      await this.#create(series)
    }
  }

  #expire(now: number): void {
    for (const [key, { seenAt }] of this.#series)
      if (now - seenAt > seriesEndsAfterMs || this.#series.size > maxSeries) this.#series.delete(key)
  }
}

interface Series {
  readonly namespace: string
  readonly name: string
  readonly regarding: Regarding
  readonly occurrence: Occurrence
  count: number
  seenAt: number
  writtenAt: number
  isDirty?: boolean
}

interface EventObject extends KubeObject {
  readonly eventTime: string
  readonly type: string
  readonly reason: string
  readonly action: string
  readonly note: string
  readonly regarding: Regarding
  readonly related?: Regarding
  readonly reportingController: string
  readonly reportingInstance: string
  readonly series?: { readonly count: number; readonly lastObservedTime: string }
}

function seriesOf({ count, seenAt }: Series): { count: number; lastObservedTime: string } {
  return { count, lastObservedTime: microTime(seenAt) }
}

function microTime(at: number): string {
  return new Date(at).toISOString().replace(/Z$/, '000Z')
}

/** At most 1024 bytes of UTF-8, never half a character. */
function cut(note: string): string {
  const bytes = new TextEncoder().encode(note)
  if (bytes.length <= maxNoteBytes) return note
  const short = new TextDecoder().decode(bytes.subarray(0, maxNoteBytes - ellipsisBytes)).replace(/\uFFFD+$/, '')
  return `${short}…`
}

const seriesEndsAfterMs = 6 * 60_000
const seriesWriteEveryMs = 30_000
const writeTimeoutMs = 10_000
const maxSeries = 1000
const maxWaiting = 200
const maxNoteBytes = 1024
const ellipsisBytes = 3
