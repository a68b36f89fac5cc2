/**
 * Talks to one API server: objects in, objects out, as plain JSON. It knows verbs and addresses, never what an object
 * means, and it retries nothing: callers are reconcilers, which look again anyway.
 */
import { fieldManager } from '../api/names.ts'
import { errorFromStatus, isNotFound, KubeError } from './kube-error.ts'
import { LineSplitter } from './line-splitter.ts'
import { pathOf, resources } from './resource.ts'
import type { KubeObject, ListMeta, ObjectRef, ResourceType } from './resource.ts'
import { explain, Transport } from './transport.ts'
import type { ConnectOptions } from './transport.ts'

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

/** The verbs. Every failure is a KubeError, except that an aborted signal throws its reason. */
export interface KubeClient {
  /** The namespace that the kubeconfig's context or the service account stands for. */
  readonly namespace: string | undefined
  get<T extends KubeObject>(type: ResourceType, ref: ObjectRef, options?: ReadOptions): Promise<T>
  /** Like get, but undefined when it is not there. */
  find<T extends KubeObject>(type: ResourceType, ref: ObjectRef, options?: ReadOptions): Promise<T | undefined>
  /** One page. */
  page<T extends KubeObject>(type: ResourceType, options?: PageOptions): Promise<Page<T>>
  /** All pages, 500 objects each; starts again when the list expires in the middle. */
  list<T extends KubeObject>(type: ResourceType, options?: Selection): Promise<Page<T>>
  /** Ends when the server ends it; throws a KubeError for an ERROR event, a broken stream, or silence. */
  watch<T extends KubeObject>(type: ResourceType, options: WatchOptions): AsyncIterable<WatchEvent<T>>
  /** Server-side apply with the field manager `chitin`. */
  apply<T extends KubeObject>(type: ResourceType, object: Draft, options?: ApplyOptions): Promise<T>
  patch<T extends KubeObject>(type: ResourceType, ref: ObjectRef, patch: unknown, options?: PatchOptions): Promise<T>
  create<T extends KubeObject>(type: ResourceType, object: Draft, options?: WriteOptions): Promise<T>
  /** PUT; a resourceVersion in the object makes it conditional. */
  replace<T extends KubeObject>(type: ResourceType, object: Draft, options?: WriteOptions): Promise<T>
  /** False when it was not there. */
  delete(type: ResourceType, ref: ObjectRef, options?: DeleteOptions): Promise<boolean>
  /** Asks for a pod's eviction; 429 TooManyRequests when a disruption budget forbids it now. False when it is gone. */
  evict(pod: ObjectRef, options?: DeleteOptions): Promise<boolean>
  /** A GET of any path, for /version, /readyz and the like. */
  raw(path: string, options?: CallOptions): Promise<unknown>
  /** Ends idle connections. */
  close(): void
}

/** A client for the cluster that the options, the environment or the pod's service account say. */
export function connect(options: ConnectOptions = {}): KubeClient {
  return new HttpKubeClient(new Transport(options))
}

class HttpKubeClient implements KubeClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  get namespace(): string | undefined {
    return this.#transport.namespace
  }

  async get<T extends KubeObject>(type: ResourceType, ref: ObjectRef, options: ReadOptions = {}): Promise<T> {
    const object = await this.#transport.request({
      method: 'GET',
      path: pathOf(type, ref),
      accept: accept(options, 'PartialObjectMetadata'),
      ...deadlines(options),
    })
    return typed(type, object) as T
  }

  async find<T extends KubeObject>(type: ResourceType, ref: ObjectRef, options?: ReadOptions): Promise<T | undefined> {
    try {
      return await this.get<T>(type, ref, options)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  async page<T extends KubeObject>(type: ResourceType, options: PageOptions = {}): Promise<Page<T>> {
    const answer = await this.#transport.request({
      method: 'GET',
      path: pathOf(type, { namespace: options.namespace }),
      query: { ...selectors(options), limit: options.limit, continue: options.continue },
      accept: accept(options, 'PartialObjectMetadataList'),
      ...deadlines(options),
    })
    const { metadata, items } = answer as { metadata?: ListMeta; items?: unknown[] | null }
    if (typeof metadata?.resourceVersion !== 'string')
      throw malformed(`a list of ${type.plural} came without a resourceVersion`)
    return { metadata, items: (items ?? []).map((item) => typed(type, item) as T) }
  }

  async list<T extends KubeObject>(type: ResourceType, options: Selection = {}): Promise<Page<T>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#listOnce<T>(type, options)
      } catch (error) {
        const expired = error instanceof KubeError && error.status === 410
        if (!expired || attempt === 3) throw error
      }
    }
  }

  async #listOnce<T extends KubeObject>(type: ResourceType, options: Selection): Promise<Page<T>> {
    const items: T[] = []
    let next: string | undefined
    for (;;) {
      const page = await this.page<T>(type, { ...options, limit: pageSize, continue: next })
      for (const item of page.items) items.push(item)
      next = page.metadata.continue
      if (next === undefined || next === '') return { metadata: page.metadata, items }
    }
  }

  async *watch<T extends KubeObject>(type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    const { resourceVersion, timeoutSeconds, idleMs, maxLineBytes, signal } = options
    const path = pathOf(type, { namespace: options.namespace })
    const what = `WATCH ${path}`
    const { answer, close } = await this.#transport.open({
      method: 'GET',
      path,
      query: {
        ...selectors(options),
        watch: true,
        allowWatchBookmarks: true,
        resourceVersion,
        timeoutSeconds,
      },
      accept: accept(options, 'PartialObjectMetadata'),
      signal,
      timeoutMs: options.timeoutMs ?? Math.min(idleMs ?? openTimeoutMs, openTimeoutMs),
    })
    let isIdle = false
    const timer =
      idleMs === undefined
        ? undefined
        : setTimeout(() => {
            isIdle = true
            close()
          }, idleMs)
    try {
      const lines = new LineSplitter(maxLineBytes)
      for await (const chunk of answer as AsyncIterable<Uint8Array>) {
        timer?.refresh()
        for (const line of lines.push(chunk)) yield watchEvent<T>(what, type, line)
      }
      // Destroying the answer ends this loop with an error or without one, as the bytes happened to come.
      if (isIdle || signal?.aborted === true) throw new Error('the watch was given up')
      if (lines.held > 0) throw malformed(`${what}: the stream ended ${lines.held} bytes into a line`)
    } catch (error) {
      signal?.throwIfAborted()
      if (isIdle) throw new KubeError({ status: 0, reason: 'Idle', message: `${what}: silent for ${idleMs} ms` })
      throw explain(what, error)
    } finally {
      clearTimeout(timer)
      close()
    }
  }

  async apply<T extends KubeObject>(type: ResourceType, object: Draft, options: ApplyOptions = {}): Promise<T> {
    return this.#write<T>(type, 'PATCH', named(type, object), object, options, {
      contentType: 'application/apply-patch+yaml',
      query: { force: options.force ?? true },
    })
  }

  async patch<T extends KubeObject>(
    type: ResourceType,
    ref: ObjectRef,
    patch: unknown,
    options: PatchOptions = {},
  ): Promise<T> {
    const answer = await this.#transport.request({
      method: 'PATCH',
      path: pathOf(type, ref, options.subresource),
      query: writeQuery(options),
      body: patch,
      contentType: patchTypes[options.type ?? 'merge'],
      ...deadlines(options),
    })
    return typed(type, answer) as T
  }

  async create<T extends KubeObject>(type: ResourceType, object: Draft, options: WriteOptions = {}): Promise<T> {
    return this.#write<T>(type, 'POST', { namespace: object.metadata.namespace }, object, options)
  }

  async replace<T extends KubeObject>(type: ResourceType, object: Draft, options: WriteOptions = {}): Promise<T> {
    return this.#write<T>(type, 'PUT', named(type, object), object, options)
  }

  async delete(type: ResourceType, ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    return this.#unlessGone({
      method: 'DELETE',
      path: pathOf(type, ref),
      body: deleteOptions(options),
      ...deadlines(options),
    })
  }

  async evict(pod: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    return this.#unlessGone({
      method: 'POST',
      path: pathOf(resources.pods, pod, 'eviction'),
      body: {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { namespace: pod.namespace, name: pod.name },
        deleteOptions: deleteOptions(options),
      },
      ...deadlines(options),
    })
  }

  async raw(path: string, options: CallOptions = {}): Promise<unknown> {
    return this.#transport.request({ method: 'GET', path, ...deadlines(options) })
  }

  close(): void {
    this.#transport.close()
  }

  async #write<T extends KubeObject>(
    type: ResourceType,
    method: 'POST' | 'PUT' | 'PATCH',
    ref: Partial<ObjectRef>,
    object: Draft,
    options: WriteOptions,
    more: { contentType?: string; query?: Record<string, boolean> } = {},
  ): Promise<T> {
    if (type.namespaced && ref.namespace === undefined)
      throw new Error(`a ${type.kind} is to be written without a namespace`)
    const answer = await this.#transport.request({
      method,
      path: pathOf(type, ref, options.subresource),
      query: { ...writeQuery(options), ...more.query },
      body: { ...object, apiVersion: type.apiVersion, kind: type.kind },
      contentType: more.contentType ?? 'application/json',
      ...deadlines(options),
    })
    return typed(type, answer) as T
  }

  async #unlessGone(call: Parameters<Transport['request']>[0]): Promise<boolean> {
    try {
      await this.#transport.request(call)
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }
}

/** Objects of each page of a LIST, as client-go has it. */
export const pageSize = 500

/** The API server sends a watch's headers at once, also when it has nothing to tell yet. */
const openTimeoutMs = 30_000

const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const

// No `application/json` behind it: a server that cannot reduce Secrets to metadata must refuse, not send them whole.
function accept({ metadataOnly }: ReadOptions, as: 'PartialObjectMetadata' | 'PartialObjectMetadataList'): string {
  return metadataOnly === true ? `application/json;as=${as};g=meta.k8s.io;v=v1` : 'application/json'
}

function selectors({ labelSelector, fieldSelector }: Selection): Record<string, string | undefined> {
  return { labelSelector, fieldSelector }
}

function deadlines({ signal, timeoutMs }: CallOptions): CallOptions {
  return timeoutMs === undefined ? { signal } : { signal, timeoutMs }
}

function writeQuery(options: WriteOptions): Record<string, string | undefined> {
  return {
    fieldManager: options.fieldManager ?? fieldManager,
    dryRun: options.dryRun === true ? 'All' : undefined,
    fieldValidation: options.fieldValidation,
  }
}

function deleteOptions(options: DeleteOptions): Record<string, unknown> {
  const { uid, resourceVersion, propagationPolicy, gracePeriodSeconds, dryRun } = options
  const preconditions = uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion }
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions,
    propagationPolicy,
    gracePeriodSeconds,
    dryRun: dryRun === true ? ['All'] : undefined,
  }
}

function named(type: ResourceType, { metadata }: Draft): ObjectRef {
  if (metadata.name === undefined) throw new Error(`a ${type.kind} is to be written without a name`)
  return { namespace: metadata.namespace, name: metadata.name }
}

/** Items of a list come without apiVersion and kind, metadata-only ones with another kind: say what they are. */
function typed(type: ResourceType, object: unknown): KubeObject {
  if (typeof object !== 'object' || object === null || !('metadata' in object))
    throw malformed(`what should be a ${type.kind} has no metadata`)
  // The API server has validated the object against its kind's schema; what the schema leaves open is parsed later.
  return { ...object, apiVersion: type.apiVersion, kind: type.kind } as KubeObject
}

function watchEvent<T extends KubeObject>(what: string, type: ResourceType, line: string): WatchEvent<T> {
  const event = JSON.parse(line) as { type?: unknown; object?: unknown }
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
    case 'BOOKMARK':
      return { type: event.type, object: typed(type, event.object) as T }
    case 'ERROR':
      throw errorFromStatus(what, event.object)
    default:
      throw malformed(`${what}: an event of an unknown type`)
  }
}

function malformed(message: string): KubeError {
  return new KubeError({ status: 0, reason: 'Malformed', message })
}
