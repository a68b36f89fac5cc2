/**
 * An HTTPS server that stands between a client and the API server and misbehaves when it is told to. It answers under
 * the API server's own CA, and passes requests on as the administrator.
 */
import https from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'

export interface Fault {
  /** Answer this instead of asking the API server. */
  readonly answer?: { readonly status: number; readonly headers?: Record<string, string>; readonly body?: unknown }
  /** Never answer. */
  readonly silent?: boolean
  /** Pass the answer's bytes on until this says where to stop; then cut the connection. */
  readonly cutAt?: (chunk: Uint8Array) => number | undefined
  /** Pass this line on once the answer's headers are sent, and end the answer. */
  readonly line?: string
  /** Pass each byte on by itself. */
  readonly byteByByte?: boolean
}

/** Says what goes wrong with a request; undefined: nothing. */
export type Mischief = (request: { readonly url: URL; readonly isWatch: boolean }) => Fault | undefined

export interface FaultProxy {
  readonly url: string
  /** What goes wrong with requests from now on. Streams that are open already go on as they are. */
  mischief: Mischief
  readonly requests: readonly string[]
  /** Watches that are open now. */
  readonly openWatches: number
  /** Open watches get no further byte, but stay open. */
  hangWatches(): void
  /** Open watches are cut at the place in the next bytes that this says. */
  cutWatches(cutAt: (chunk: Uint8Array) => number | undefined): void
  /** Open watches get this line next, and end. */
  endWatches(line?: string): void
  /** Every connection is reset now. */
  reset(): void
  stop(): Promise<void>
}

interface Stream {
  state: 'passing' | 'hanging'
  cutAt: Fault['cutAt']
  readonly answer: ServerResponse
}

export async function startFaultProxy(
  target: string,
  tls: {
    readonly server: { readonly cert: string; readonly key: string }
    readonly admin: { readonly ca: string; readonly cert: string; readonly key: string }
  },
): Promise<FaultProxy> {
  const agent = new https.Agent({ keepAlive: true })
  const streams = new Set<Stream>()
  const requests: string[] = []
  const upstreams = new Set<IncomingMessage>()
  let mischief: Mischief = none

  const server = https.createServer({ cert: tls.server.cert, key: tls.server.key }, (request, answer) => {
    answer.on('error', () => undefined)
    request.on('error', () => undefined)
    const url = new URL(request.url ?? '/', target)
    const isWatch = url.searchParams.get('watch') === 'true'
    requests.push(`${request.method} ${isWatch ? 'WATCH ' : ''}${url.pathname}${url.search}`)
    const fault = mischief({ url, isWatch }) ?? {}
    if (fault.silent === true) return
    if (fault.answer !== undefined) {
      const { status, headers, body } = fault.answer
      answer.writeHead(status, { 'content-type': 'application/json', ...headers })
      answer.end(body === undefined ? undefined : JSON.stringify(body))
      return
    }
    const { authorization: _authorization, host: _host, ...headers } = request.headers
    const passed = https.request(url, { method: request.method, headers, agent, ...tls.admin }, (from) => {
      upstreams.add(from)
      answer.writeHead(from.statusCode ?? 502, from.headers)
      answer.flushHeaders()
      if (fault.line !== undefined) {
        answer.end(`${fault.line}\n`)
        from.destroy()
        return
      }
      const stream: Stream = { state: 'passing', cutAt: fault.cutAt, answer }
      if (isWatch) streams.add(stream)
      from.on('data', (chunk: Uint8Array) => pass(stream, chunk, fault.byteByByte === true))
      from.on('end', () => stream.state === 'passing' && answer.end())
      from.on('error', () => stream.state === 'passing' && answer.destroy())
      from.on('close', () => void upstreams.delete(from))
      answer.on('close', () => {
        streams.delete(stream)
        from.destroy()
      })
    })
    passed.on('error', () => answer.destroy())
    request.pipe(passed)
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port')

  return {
    url: `https://127.0.0.1:${address.port}`,
    requests,
    get mischief() {
      return mischief
    },
    set mischief(wanted) {
      mischief = wanted
    },
    get openWatches() {
      return streams.size
    },
    hangWatches() {
      for (const stream of streams) stream.state = 'hanging'
    },
    cutWatches(cutAt) {
      for (const stream of streams) stream.cutAt = cutAt
    },
    endWatches(line) {
      for (const { answer } of streams) answer.end(line === undefined ? undefined : `${line}\n`)
    },
    reset: () => server.closeAllConnections(),
    async stop() {
      server.closeAllConnections()
      agent.destroy()
      for (const upstream of upstreams) upstream.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const none: Mischief = () => undefined

function pass(stream: Stream, chunk: Uint8Array, byteByByte: boolean): void {
  if (stream.state === 'hanging' || stream.answer.writableEnded) return
  const cut = stream.cutAt?.(chunk)
  const bytes = cut === undefined ? chunk : chunk.subarray(0, cut)
  if (byteByByte) for (let i = 0; i < bytes.length; i++) stream.answer.write(bytes.subarray(i, i + 1))
  else stream.answer.write(bytes)
  if (cut === undefined) return
  stream.state = 'hanging'
  // What was written must leave before the connection is cut, or nothing is cut in the middle.
  stream.answer.write('', () => setImmediate(() => stream.answer.destroy()))
}

/** In the middle of the next line. */
export function middleOfLine(chunk: Uint8Array): number | undefined {
  return chunk.length < 2 ? undefined : Math.floor(chunk.length / 2)
}

/** Behind the first byte of the next character that has more than one. */
export function middleOfCharacter(chunk: Uint8Array): number | undefined {
  const at = chunk.findIndex((byte) => byte >= 0xc0)
  return at < 0 ? undefined : at + 1
}
