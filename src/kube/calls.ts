/** What the verbs of the client take, and what they give. */
import type { ListMeta } from './resource.ts'

export interface CallOptions {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
}

export interface ReadOptions extends CallOptions {
  /** Only metadata is sent, and nothing else can be in the answer: for Secrets. */
  readonly metadataOnly?: boolean | undefined
}

export interface Selection extends ReadOptions {
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
}

export interface PageOptions extends Selection {
  readonly limit?: number | undefined
  readonly continue?: string | undefined
}

export interface WatchOptions extends Selection {
  readonly resourceVersion: string
  /** When the server ends the watch by itself. */
  readonly timeoutSeconds?: number | undefined
  /** No event and no bookmark for so long: the connection is taken for dead, and the iteration throws `Idle`. */
  readonly idleMs?: number | undefined
  readonly maxLineBytes?: number | undefined
}

export interface WriteOptions extends CallOptions {
  readonly subresource?: 'status' | 'scale' | undefined
  readonly dryRun?: boolean | undefined
  readonly fieldManager?: string | undefined
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict' | undefined
}

export interface ApplyOptions extends WriteOptions {
  /** Take fields over from other managers. Default true: we only ever apply fields that are ours. */
  readonly force?: boolean | undefined
}

export interface PatchOptions extends WriteOptions {
  readonly type?: 'merge' | 'json' | 'strategic' | undefined
}

export interface DeleteOptions extends CallOptions {
  /** Delete only this very object, not its namesake or a later version. */
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan' | undefined
  readonly gracePeriodSeconds?: number | undefined
  readonly dryRun?: boolean | undefined
}

export interface Page<T> {
  readonly metadata: ListMeta
  readonly items: readonly T[]
}

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: T
}

/** What a caller may write: the address is in the object; apiVersion and kind are filled in from the type. */
export interface Draft {
  readonly metadata: { readonly name?: string; readonly generateName?: string; readonly namespace?: string }
}
