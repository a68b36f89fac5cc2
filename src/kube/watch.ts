/** One WATCH, from its first event to its end: lines of JSON as they come, and silence that lasts too long. */
import type { WatchEvent, WatchOptions } from './calls.ts'
import { errorFromStatus, KubeError } from './kube-error.ts'
import { LineSplitter } from './line-splitter.ts'
import { accept, malformed, selectors, typed } from './request-parts.ts'
import { pathOf, type KubeObject, type ResourceType } from './resource.ts'
import { explain, type Transport } from './transport.ts'

/** Ends when the server ends it; throws a KubeError for an ERROR event, a broken stream, or silence. */
export async function* watch<T extends KubeObject>(
  transport: Transport,
  type: ResourceType,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const { resourceVersion, timeoutSeconds, idleMs, maxLineBytes, signal } = options
  const path = pathOf(type, { namespace: options.namespace })
  const what = `WATCH ${path}`
  const { answer, close } = await transport.open({
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

/** The API server sends a watch's headers at once, also when it has nothing to tell yet. */
const openTimeoutMs = 30_000
