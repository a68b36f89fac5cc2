/**
 * Talks to one API server: objects in, objects out, as plain JSON. It knows verbs and addresses, never what an object
 * means, and it retries nothing: callers are reconcilers, which look again anyway.
 */
import type {
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  Draft,
  Page,
  PageOptions,
  PatchOptions,
  ReadOptions,
  Selection,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './calls.ts'
import { isNotFound, KubeError } from './kube-error.ts'
import { accept, deadlines, deleteOptions, malformed, selectors, typed, writeQuery } from './request-parts.ts'
import { pathOf, resources, type KubeObject, type ListMeta, type ObjectRef, type ResourceType } from './resource.ts'
import { Transport, type ConnectOptions } from './transport.ts'
import { watch } from './watch.ts'

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

  watch<T extends KubeObject>(type: ResourceType, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    return watch<T>(this.#transport, type, options)
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

const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const

function named(type: ResourceType, { metadata }: Draft): ObjectRef {
  if (metadata.name === undefined) throw new Error(`a ${type.kind} is to be written without a name`)
  return { namespace: metadata.namespace, name: metadata.name }
}
