import { keyOf } from './resource.ts'
import type { Key, KubeObject } from './resource.ts'

export interface CacheOptions<T extends KubeObject, I extends string> {
  /** Secondary indexes: under which values each object is to be found. Must not throw for any object of the kind. */
  readonly indexes?: Readonly<Record<I, (object: T) => Iterable<string>>>
  /** Told of exceptions of subscribers; they never reach the stream that changes the cache. */
  readonly onError?: (error: unknown) => void
}

/**
 * The latest object of one kind by key, plus secondary indexes. A reflector writes it; everybody else reads it and is
 * told keys. What is in it is shared: never change it.
 */
export class Cache<T extends KubeObject = KubeObject, I extends string = never> {
  readonly #objects = new Map<Key, T>()
  readonly #indexes: readonly Index<T>[]
  readonly #subscribers = new Set<(before: T | undefined, after: T | undefined) => void>()
  readonly #onError: (error: unknown) => void
  readonly #synced = Promise.withResolvers<void>()
  #isSynced = false
  #handlerErrors = 0

  constructor({ indexes, onError }: CacheOptions<T, I> = {}) {
    this.#indexes = Object.entries<(object: T) => Iterable<string>>(indexes ?? {}).map(([name, values]) => ({
      name,
      values,
      keys: new Map(),
    }))
    this.#onError = onError ?? (() => undefined)
  }

  get(key: Key): T | undefined {
    return this.#objects.get(key)
  }

  has(key: Key): boolean {
    return this.#objects.has(key)
  }

  keys(): IterableIterator<Key> {
    return this.#objects.keys()
  }

  list(): T[] {
    return [...this.#objects.values()]
  }

  get size(): number {
    return this.#objects.size
  }

  /** The keys of the objects that the index files under this value. */
  keysBy(index: I, value: string): Key[] {
    const found = this.#indexes.find(({ name }) => name === index)
    if (found === undefined) throw new Error(`the cache has no index ${index}`)
    return [...(found.keys.get(value) ?? [])]
  }

  /** The objects that the index files under this value. */
  by(index: I, value: string): T[] {
    return this.keysBy(index, value).flatMap((key) => this.#objects.get(key) ?? [])
  }

  /** True once the first LIST is in completely. */
  get synced(): boolean {
    return this.#isSynced
  }

  /** Resolves once the first LIST is in completely. */
  get whenSynced(): Promise<void> {
    return this.#synced.promise
  }

  /** How often a subscriber threw. */
  get handlerErrors(): number {
    return this.#handlerErrors
  }

  /**
   * Calls the handler with a key after each change; returns what ends it. `keys` says which keys a change concerns: it
   * is asked for the object as it was and as it is, so that an object that moved away from an owner, or is gone, still
   * wakes the old owner. Without it, the key is the object's own. Objects that are there already are reported at once.
   */
  subscribe(handler: (key: Key) => void, keys: (object: T) => Iterable<Key> = (object) => [keyOf(object)]): () => void {
    const subscriber = (before: T | undefined, after: T | undefined): void => {
      try {
        const concerned = new Set<Key>()
        for (const object of [before, after]) {
          if (object === undefined) continue
          for (const key of keys(object)) concerned.add(key)
        }
        for (const key of concerned) handler(key)
      } catch (error) {
        this.#handlerErrors++
        this.#onError(error)
      }
    }
    this.#subscribers.add(subscriber)
    for (const object of this.#objects.values()) subscriber(undefined, object)
    return () => this.#subscribers.delete(subscriber)
  }

  /** Puts an object in its place; true when that changed something. */
  put(object: T): boolean {
    const key = keyOf(object)
    const before = this.#objects.get(key)
    if (before !== undefined && sameVersion(before, object)) return false
    this.#objects.set(key, object)
    this.#changed(key, before, object)
    return true
  }

  /** Takes an object out; true when it was there. */
  remove(key: Key): boolean {
    const before = this.#objects.get(key)
    if (before === undefined) return false
    this.#objects.delete(key)
    this.#changed(key, before, undefined)
    return true
  }

  /** The reflector's word that everything listed is in. */
  markSynced(): void {
    this.#isSynced = true
    this.#synced.resolve()
  }

  #changed(key: Key, before: T | undefined, after: T | undefined): void {
    for (const { values, keys } of this.#indexes) {
      const old = new Set(before === undefined ? [] : values(before))
      const now = new Set(after === undefined ? [] : values(after))
      // What stays where it was keeps its place in the order: an order that changed would look like news.
      for (const value of old) if (!now.has(value)) take(keys, value, key)
      for (const value of now) if (!old.has(value)) file(keys, value, key)
    }
    for (const subscriber of this.#subscribers) subscriber(before, after)
  }
}

interface Index<T> {
  readonly name: string
  readonly values: (object: T) => Iterable<string>
  readonly keys: Map<string, Set<Key>>
}

/** Versions are opaque: equal or not is all that can be said. The uid tells an object from its namesake. */
function sameVersion(a: KubeObject, b: KubeObject): boolean {
  const { uid, resourceVersion } = a.metadata
  return resourceVersion !== undefined && resourceVersion === b.metadata.resourceVersion && uid === b.metadata.uid
}

function file(keys: Map<string, Set<Key>>, value: string, key: Key): void {
  const set = keys.get(value)
  if (set === undefined) keys.set(value, new Set([key]))
  else set.add(key)
}

function take(keys: Map<string, Set<Key>>, value: string, key: Key): void {
  const set = keys.get(value)
  if (set === undefined) return
  set.delete(key)
  if (set.size === 0) keys.delete(value)
}
