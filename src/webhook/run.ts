import type { CryptoProvider } from '../crypto/provider.ts'
import type { Log } from '../telemetry/log.ts'
import type { Lookup } from './lookup.ts'
import { route, type Admission } from './routes.ts'
import { WebhookServer, type ServingCertificate } from './server.ts'

export interface WebhookOptions {
  readonly host?: string
  readonly port: number
  /** The certificate to begin with; `useCertificate` replaces it. */
  readonly certificate: ServingCertificate
  readonly crypto: CryptoProvider
  readonly lookup: Lookup
  /** Told of each pod that was asked about: for metrics. */
  readonly onAdmission?: (admission: Admission) => void
  /** Aborted: no more requests are taken, and those under way are finished. */
  readonly signal: AbortSignal
  readonly log: Log
}

export interface RunningWebhook {
  readonly port: number
  useCertificate(certificate: ServingCertificate): void
  /** Resolves when the last request after the abort is over. */
  readonly done: Promise<void>
}

/** Starts the webhook; resolves once it takes connections. */
export async function runWebhook(options: WebhookOptions): Promise<RunningWebhook> {
  const { host, certificate, crypto, lookup, onAdmission, signal, log } = options
  const server = new WebhookServer({
    ...(host === undefined ? {} : { host }),
    port: options.port,
    certificate,
    crypto,
    log,
    async handle(request) {
      const response = await route(request, lookup)
      const { admission } = response
      if (admission !== undefined) {
        log.info('pod admitted', { ...admission })
        onAdmission?.(admission)
      }
      return response
    },
  })
  const port = await server.listen()
  log.info('webhook listens', { port })
  const done = new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  }).then(async () => server.close())
  return { port, useCertificate: (next) => server.useCertificate(next), done }
}
