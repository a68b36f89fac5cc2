import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate as others } from 'node:timers/promises'

// To import it by name would read all of its exports, and among them are those that load the whole of fetch: 13 MiB.
const { createServer } = process.getBuiltinModule('node:http')

/** What the admin port asks. Each answer is made when it is asked for. */
export interface AdminSource {
  /** False when the process is beyond help and should be restarted. */
  live(): boolean
  /** Undefined when ready, else a sentence why not. */
  notReady(): Promise<string | undefined>
  /** The text may come in pieces, which are made as they are sent. */
  metrics(): Promise<{ readonly type: string; readonly text: string | Iterable<string> }>
}

export interface AdminServer {
  readonly port: number
  close(): Promise<void>
}

/** Serves /livez, /readyz and /metrics in plain HTTP. Nothing here is secret, and nothing here changes anything. */
export async function startAdminServer(
  { host, port }: { readonly host: string | undefined; readonly port: number },
  source: AdminSource,
): Promise<AdminServer> {
  const server = createServer(
    { requestTimeout: 5000, headersTimeout: 5000, maxHeaderSize: 8192 },
    (request, response) => {
      const answer: Answer = async (status, text, type = 'text/plain; charset=utf-8') => {
        response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
        if (request.method === 'HEAD') response.end()
        else if (typeof text === 'string') response.end(text)
        else await pipeline(Readable.from(slices(text)), response)
      }
      respond(request, source, answer).catch((error: unknown) => {
        // The one who asks learns that it failed; what failed is ours to log elsewhere.
        if (response.headersSent) response.destroy()
        else void answer(500, `failed: ${error instanceof Error ? error.message : 'unknown'}\n`)
      })
    },
  )
  server.maxConnections = 100
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP, so the address is no pipe's name
    close: () => closeAll(server),
  }
}

type Answer = (status: number, text: string | Iterable<string>, type?: string) => Promise<void>

async function respond({ method, url }: IncomingMessage, source: AdminSource, answer: Answer): Promise<void> {
  if (method !== 'GET' && method !== 'HEAD') return answer(405, 'only GET and HEAD\n')
  const path = url?.split('?')[0] ?? ''
  if (path === '/livez') return source.live() ? answer(200, 'ok\n') : answer(503, 'not live\n')
  if (path === '/readyz') {
    const why = await source.notReady()
    return why === undefined ? answer(200, 'ok\n') : answer(503, `${why}\n`)
  }
  if (path === '/metrics') {
    const { type, text } = await source.metrics()
    return answer(200, text, type)
  }
  return answer(404, 'try /livez, /readyz or /metrics\n')
}

/** Between two slices it is the others' turn: megabytes of metrics must not hold up a webhook. */
async function* slices(pieces: Iterable<string>): AsyncGenerator<string> {
  let slice = ''
  for (const piece of pieces) {
    slice += piece
    if (slice.length < sliceLength) continue
    yield slice
    slice = ''
    await others()
  }
  yield slice
}

function closeAll(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

const sliceLength = 64 * 1024
