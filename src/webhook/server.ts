/** HTTPS for the webhook: node:http over our own TLS, so that nothing of OpenSSL's reads what comes to this port. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { CryptoProvider } from '../crypto/provider.ts'
import { serve, serverContext } from '../stream/tls.ts'
import { errorText } from '../telemetry/error-text.ts'
import type { Log } from '../telemetry/log.ts'
import { Bodies, maxBody } from './bodies.ts'
import type { Request, Response } from './routes.ts'

/** A certificate and its key, both PEM. */
export interface ServingCertificate {
  readonly certificate: string
  readonly key: string
}

export interface ServerOptions {
  readonly host?: string
  /** 0 takes any that is free. */
  readonly port: number
  readonly certificate: ServingCertificate
  readonly crypto: CryptoProvider
  readonly handle: (request: Request) => Promise<Response>
  readonly log: Log
}

/** A server that can be given another certificate while it runs. */
export class WebhookServer {
  readonly #server: Server
  readonly #options: ServerOptions
  readonly #bodies = new Bodies()
  #context: ReturnType<typeof serverContext>

  constructor(options: ServerOptions) {
    this.#options = options
    this.#context = context(options)
    this.#server = createServer({ requestTimeout: 10_000, headersTimeout: 5000, keepAliveTimeout })
    this.#putTlsInFront()
    this.#server.maxConnections = 1000
    this.#server.on('request', (request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        options.log.debug('webhook request broken off', { error: errorText(error) })
        response.destroy()
      })
    })
  }

  /** Resolves with the port once connections are taken. */
  async listen(): Promise<number> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
        this.#server.off('error', reject)
        this.#server.on('error', (error) => this.#options.log.error('webhook server', { error: error.message }))
        resolve((this.#server.address() as AddressInfo).port) // a TCP server's address is never a path
      })
    })
  }

  /** New handshakes get this certificate; open connections keep the one they began with. */
  useCertificate(certificate: ServingCertificate): void {
    this.#context = context({ ...this.#options, certificate })
  }

  /** Takes no more connections, finishes what is under way, and resolves when all is over. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      // The API server keeps connections open for later; one that is still there after a while holds nothing back.
      const patience = setTimeout(() => this.#server.closeAllConnections(), closeAfterMs)
      this.#server.close(() => {
        clearTimeout(patience)
        resolve()
      })
      this.#server.closeIdleConnections()
    })
  }

  /** What node:http does with a connection, it does with the plaintext that comes of it; node:https does the same. */
  #putTlsInFront(): void {
    const takePlaintext = this.#server.listeners('connection')
    this.#server.removeAllListeners('connection')
    this.#server.on('connection', (socket: Socket) => {
      const tls = serve(socket, this.#context, { handshakeTimeoutMs })
      tls.on('error', (error) => this.#options.log.debug('webhook connection failed', { error: error.message }))
      for (const take of takePlaintext) take.call(this.#server, tls)
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await this.#bodies.read(request)
    if (body === undefined) {
      reply(response, { status: 413, contentType: 'text/plain', body: `more than ${maxBody} bytes\n` })
      request.destroy()
      return
    }
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    try {
      reply(response, await this.#options.handle({ method: request.method ?? '', path, body }))
    } catch (error) {
      // A status other than 200 makes the API server do what the failurePolicy says, which is just what is wanted.
      this.#options.log.error('webhook could not answer', { path, error: errorText(error, { stack: true }) })
      reply(response, {
        status: 500,
        contentType: 'text/plain',
        body: 'the webhook could not answer; its log says why\n',
      })
    }
  }
}

function reply(response: ServerResponse, { status, contentType, body }: Response): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

function context({ certificate, crypto }: Pick<ServerOptions, 'certificate' | 'crypto'>) {
  return serverContext({ cert: certificate.certificate, key: certificate.key, crypto, minVersion: 'TLSv1.3' })
}

const closeAfterMs = 5000
/** Above the 90 s after which an API server gives up a connection by itself: a pod must not meet one that we just closed. */
const keepAliveTimeout = 120_000
const handshakeTimeoutMs = 5000
