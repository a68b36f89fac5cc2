import http from 'node:http'
import https from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import { errorFromAnswer, KubeError } from './kube-error.ts'

export interface ConnectOptions {
  /** A kubeconfig file. Left out: $KUBECONFIG, ~/.kube/config, or the pod's own service account, in this order. */
  readonly kubeconfig?: string | undefined
  /** A kubeconfig's text, instead of a file. */
  readonly kubeconfigText?: string | undefined
  /** The context to use instead of the current one. */
  readonly context?: string | undefined
  readonly userAgent?: string | undefined
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  readonly contentType?: string
  readonly accept?: string
  readonly signal?: AbortSignal | undefined
  /** The whole call must be over by then; for `open`, the answer's headers must be there. */
  readonly timeoutMs?: number | undefined
}

/**
 * HTTP to one API server. client-node's KubeConfig knows where it is and how to authenticate (files, exec plugins,
 * service accounts); the requests are our own, because its agents open a connection for each request.
 */
export class Transport {
  readonly #config: KubeConfig
  readonly #server: URL
  readonly #agent: http.Agent | undefined
  readonly #userAgent: string

  constructor({ kubeconfig, kubeconfigText, context, userAgent = 'chitin' }: ConnectOptions = {}) {
    const config = new KubeConfig()
    if (kubeconfigText !== undefined) config.loadFromString(kubeconfigText)
    else if (kubeconfig !== undefined) config.loadFromFile(kubeconfig)
    else config.loadFromDefault()
    if (context !== undefined) config.setCurrentContext(context)
    const cluster = config.getCurrentCluster()
    if (cluster === null)
      throw new Error(`no cluster for the context ${JSON.stringify(config.getCurrentContext() ?? 'none')}`)
    this.#config = config
    this.#server = new URL(cluster.server)
    this.#userAgent = userAgent
    // A proxy needs client-node's own agent. Otherwise one pool serves all: it keeps connections apart by CA and client
    // certificate, so that a renewed certificate gets connections of its own. After a rush most of them are let go again.
    if (cluster.proxyUrl !== undefined && cluster.proxyUrl !== '') this.#agent = undefined
    else if (this.#server.protocol === 'http:') this.#agent = new http.Agent(kept)
    else this.#agent = new https.Agent(kept)
  }

  /** The namespace that the context, or the service account, stands for. */
  get namespace(): string | undefined {
    return this.#config.getContextObject(this.#config.getCurrentContext())?.namespace
  }

  /** One call; the answer's JSON, or a KubeError. */
  async request(call: Call): Promise<unknown> {
    const { answer, finish } = await this.#exchange({ timeoutMs: defaultTimeoutMs, ...call })
    try {
      const text = await readText(answer)
      return text === '' ? undefined : JSON.parse(text)
    } catch (error) {
      throw finish.explain(error)
    } finally {
      finish()
    }
  }

  /** One call whose answer is a stream: resolves with it as soon as the headers say that all is well. */
  async open(call: Call): Promise<{ readonly answer: http.IncomingMessage; readonly close: () => void }> {
    const { answer, finish } = await this.#exchange(call)
    finish.stopClock()
    const close = (): void => {
      finish()
      answer.destroy()
    }
    return { answer, close }
  }

  /** Ends idle connections. Calls under way go on. */
  close(): void {
    this.#agent?.destroy()
  }

  async #exchange(call: Call, isRetry = false): Promise<Exchange> {
    const url = this.#url(call)
    const what = `${call.method} ${url.pathname}`
    const options: https.RequestOptions = {}
    await this.#config.applyToHTTPSOptions(options)
    call.signal?.throwIfAborted()
    if (this.#agent !== undefined) options.agent = this.#agent
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body))
    options.method = call.method
    options.headers = {
      ...(options.headers as http.OutgoingHttpHeaders | undefined),
      accept: call.accept ?? 'application/json',
      'user-agent': this.#userAgent,
      ...(body === undefined
        ? {}
        : { 'content-type': call.contentType ?? 'application/json', 'content-length': body.length }),
    }

    const request = url.protocol === 'http:' ? http.request(url, options) : https.request(url, options)
    const finish = watchOver(request, what, call)
    try {
      const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
        request.once('response', resolve)
        request.on('error', reject)
        request.end(body)
      })
      // The stream's own errors reach whoever reads it; a listener here keeps a late one from being uncaught.
      answer.on('error', () => undefined)
      const status = answer.statusCode ?? 0
      if (status >= 200 && status < 300) return { answer, finish }
      const text = await readText(answer)
      throw errorFromAnswer(what, status, text, answer.headers['retry-after'])
    } catch (error) {
      finish()
      // The server closed a connection that had been idle while our request was on its way: it was never looked at.
      const explained = finish.explain(error)
      const wasReset = explained instanceof KubeError && explained.reason === 'Unreachable' && request.reusedSocket
      if (wasReset && errorCode(error) === 'ECONNRESET' && !isRetry && call.method === 'GET')
        return this.#exchange(call, true)
      throw explained
    }
  }

  #url({ path, query = {} }: Call): URL {
    const url = new URL(this.#server)
    url.pathname = url.pathname.replace(/\/$/, '') + path
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value))
    return url
  }
}

interface Exchange {
  readonly answer: http.IncomingMessage
  readonly finish: Finish
}

interface Finish {
  (): void
  stopClock(): void
  explain(error: unknown): unknown
}

/** Ties a request to the caller's signal and to its deadline, and turns what goes wrong into one kind of error. */
function watchOver(request: http.ClientRequest, what: string, { signal, timeoutMs }: Call): Finish {
  let timedOut = false
  const abort = (): void => void request.destroy()
  const late = (): void => {
    timedOut = true
    request.destroy()
  }
  const timer = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs)
  signal?.addEventListener('abort', abort, { once: true })

  const finish = (): void => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
  }
  finish.stopClock = (): void => clearTimeout(timer)
  finish.explain = (error: unknown): unknown => {
    if (signal?.aborted === true) return signal.reason
    if (timedOut)
      return new KubeError({ status: 0, reason: 'Timeout', message: `${what}: no answer in ${timeoutMs} ms` })
    return explain(what, error)
  }
  return finish
}

/** What a failed exchange or a broken stream comes to, as a KubeError. */
export function explain(what: string, error: unknown): KubeError {
  if (error instanceof KubeError) return error
  if (error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError)
    return new KubeError({ status: 0, reason: 'Malformed', message: `${what}: ${error.message}` })
  const message = error instanceof Error ? error.message : String(error)
  return new KubeError({ status: 0, reason: 'Unreachable', message: `${what}: ${message}` })
}

function errorCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

async function readText(answer: http.IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of answer as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > maxAnswerBytes) throw new RangeError(`the answer is longer than ${maxAnswerBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const defaultTimeoutMs = 30_000
const maxAnswerBytes = 256 * 1024 * 1024
/** Idle ones: each costs some 60 KiB. There may be more that are busy, or the Lease could wait behind a rush of others. */
const kept = { keepAlive: true, maxFreeSockets: 8 }
