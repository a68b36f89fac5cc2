import type { Key } from './resource.ts'

/** Why a key is worked on: something added it, or the time that it was to be done at has come. */
export type Cause = 'change' | 'time'

export interface QueueOptions {
  readonly baseDelayMs?: number
  readonly maxDelayMs?: number
}

/**
 * Keys to do. A key is in it once however often it is added; it is never given to two workers at once; added while it
 * is being worked on, it comes again afterwards. Pure: it is told the time, in milliseconds of any steady clock.
 */
export class Queue {
  readonly #baseDelayMs: number
  readonly #maxDelayMs: number
  readonly #ready = new Map<Key, Cause>()
  readonly #running = new Map<Key, Cause>()
  readonly #delayed = new Map<Key, number>()
  readonly #failures = new Map<Key, number>()
  #earliest = Infinity

  constructor({ baseDelayMs = 5, maxDelayMs = 1_000_000 }: QueueOptions = {}) {
    this.#baseDelayMs = baseDelayMs
    this.#maxDelayMs = maxDelayMs
  }

  /** To be done as soon as possible; takes the place of a delay. */
  add(key: Key): void {
    this.#delayed.delete(key)
    this.#ready.set(key, 'change')
  }

  /** To be done at `at`; of two times the earlier one holds, and a key that is ready already stays so. */
  addAt(key: Key, at: number): void {
    if (this.#ready.has(key)) return
    const time = Math.min(at, this.#delayed.get(key) ?? Infinity)
    this.#delayed.set(key, time)
    this.#earliest = Math.min(this.#earliest, time)
  }

  /** To be done again after a failure, later each time; returns the delay. A longer `atLeastMs` is honoured. */
  retry(key: Key, now: number, atLeastMs = 0): number {
    const failures = this.failures(key)
    this.#failures.set(key, failures + 1)
    const delay = Math.max(atLeastMs, Math.min(this.#maxDelayMs, this.#baseDelayMs * 2 ** Math.min(failures, 60)))
    this.addAt(key, now + delay)
    return delay
  }

  /** It went well: the next failure is the first one again. */
  forget(key: Key): void {
    this.#failures.delete(key)
  }

  /** The next key to work on, in the order in which they became ready; the caller owes a `done`. */
  take(now: number): Key | undefined {
    this.#promote(now)
    for (const [key, cause] of this.#ready) {
      if (this.#running.has(key)) continue
      this.#ready.delete(key)
      this.#running.set(key, cause)
      return key
    }
    return undefined
  }

  /** Why a key that was taken was to be done. */
  cause(key: Key): Cause {
    const cause = this.#running.get(key)
    if (cause === undefined) throw new Error(`${key} was not taken`)
    return cause
  }

  /** The worker is through with the key, well or not. */
  done(key: Key): void {
    if (!this.#running.delete(key)) throw new Error(`${key} is done, but was not taken`)
  }

  /** When the next delayed key becomes ready; undefined when none is waiting for a time. */
  nextAt(): number | undefined {
    let next = Infinity
    for (const at of this.#delayed.values()) next = Math.min(next, at)
    return next === Infinity ? undefined : next
  }

  /** How often in a row the key has failed. */
  failures(key: Key): number {
    return this.#failures.get(key) ?? 0
  }

  /** Ready to be taken now, whether or not the same key is still being worked on. */
  get depth(): number {
    return this.#ready.size
  }

  get delayed(): number {
    return this.#delayed.size
  }

  get running(): number {
    return this.#running.size
  }

  #promote(now: number): void {
    if (now < this.#earliest) return
    const due = [...this.#delayed].filter(([, at]) => at <= now).toSorted(([, a], [, b]) => a - b)
    for (const [key] of due) {
      this.#delayed.delete(key)
      this.#ready.set(key, 'time')
    }
    this.#earliest = this.nextAt() ?? Infinity
  }
}
