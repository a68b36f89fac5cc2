/** The webhook as every replica serves it: its certificates are made, renewed and taken over, and it checks itself. */
import type { CryptoProvider } from '../crypto/provider.ts'
import type { KubeClient } from '../kube/client.ts'
import { pause } from '../kube/pause.ts'
import { keyFor } from '../kube/resource.ts'
import { errorText } from '../telemetry/error-text.ts'
import type { Log } from '../telemetry/log.ts'
import type { OperatorMetrics } from '../telemetry/operator-metrics.ts'
import { runWebhook, type RunningWebhook } from '../webhook/run.ts'
import { verdictOnPod, type Surroundings } from './tls-policy/govern.ts'
import { leafNotAfter, renewalTime, type ServingCertificates } from './webhook-configuration/authority.ts'
import { certificatesSecretName, ensureCertificates } from './webhook-configuration/certificates-secret.ts'
import { selfCheck } from './webhook-configuration/self-check.ts'

export interface ServingWebhookOptions {
  readonly client: KubeClient
  /** The operator's own namespace: the certificates are there. */
  readonly namespace: string
  /** Name of the Service in front of the webhook. */
  readonly service: string
  readonly webhook: { readonly host?: string | undefined; readonly port: number }
  /** Where the API server finds the webhook, instead of the Service: for an operator outside the cluster. */
  readonly webhookUrl?: string | undefined
  readonly crypto: CryptoProvider
  readonly log: Log
  readonly around: Surroundings
  readonly metrics: OperatorMetrics
}

export class ServingWebhook {
  readonly #options: ServingWebhookOptions
  #certificates: ServingCertificates | undefined
  #server: RunningWebhook | undefined
  #onCertificates: (certificates: ServingCertificates) => Promise<void> = async () => undefined
  #checked: { readonly at: number; readonly trouble: string | undefined } | undefined

  constructor(options: ServingWebhookOptions) {
    this.#options = options
  }

  /** What it serves with, as soon as it serves. */
  get certificates(): ServingCertificates | undefined {
    return this.#certificates
  }

  /** Has somebody told of each new set of certificates; whoever was told before is told no more. */
  tell(onCertificates: (certificates: ServingCertificates) => Promise<void>): void {
    this.#onCertificates = onCertificates
  }

  /** Resolves when it serves. */
  async start(signal: AbortSignal): Promise<void> {
    const { webhook, crypto, log, around, metrics } = this.#options
    const { leaf, leafKey } = await this.#ensureCertificates()
    this.#server = await runWebhook({
      port: webhook.port,
      ...(webhook.host === undefined ? {} : { host: webhook.host }),
      certificate: { certificate: leaf, key: leafKey },
      crypto,
      lookup: async (pod, namespace) => {
        // What is not known yet would look as if no policy selected the pod.
        if (!around.world.all.every(({ synced }) => synced)) throw new Error('the caches are not filled yet')
        return verdictOnPod(pod, namespace, around)
      },
      onAdmission: ({ reason, dryRun }) => {
        if (!dryRun) metrics.admissions.inc({ reason })
      },
      signal,
      log,
    })
  }

  /** Resolves when the signal has ended it. */
  async done(): Promise<void> {
    await this.#server?.done
  }

  /** Renews what is due, and takes over what another replica has renewed. */
  async keepCertificates(signal: AbortSignal): Promise<void> {
    const { log, namespace, around } = this.#options
    const own = keyFor({ namespace, name: certificatesSecretName })
    let changed = Promise.withResolvers<void>()
    const end = around.world.secrets.subscribe((key) => {
      if (key === own) changed.resolve()
    })
    while (!signal.aborted) {
      const before = this.#certificates
      const dueMs = before === undefined ? 0 : renewalTime(before).getTime() - Date.now()
      await Promise.race([pause(Math.min(Math.max(dueMs, 1000), 60_000), signal), changed.promise])
      if (signal.aborted) break
      changed = Promise.withResolvers<void>()
      try {
        await this.#ensureCertificates()
      } catch (error) {
        log.warn("the webhook's certificates could not be renewed", { error: errorText(error) })
        await pause(1000, signal)
      }
    }
    end()
  }

  async #ensureCertificates(): Promise<ServingCertificates> {
    const { client, namespace, service, webhook, webhookUrl, metrics, log } = this.#options
    const names = [`${service}.${namespace}.svc`, `${service}.${namespace}.svc.cluster.local`]
    if (webhookUrl !== undefined) names.push(new URL(webhookUrl).hostname.replaceAll(/[[\]]/g, ''))
    const before = this.#certificates
    const certificates = await ensureCertificates(client, namespace, names, new Date())
    if (before?.leaf !== certificates.leaf || before.trusted !== certificates.trusted) {
      this.#certificates = certificates
      this.#checked = undefined
      // The old configuration trusts the new leaf too, for a CA is trusted before it signs.
      this.#server?.useCertificate({ certificate: certificates.leaf, key: certificates.leafKey })
      metrics.webhookNotAfter.set(leafNotAfter(certificates).getTime() / 1000)
      log.info('the webhook has its certificates', { port: webhook.port, notAfter: leafNotAfter(certificates) })
      await this.#onCertificates(certificates)
    }
    return certificates
  }

  /** Undefined where it answers with what its caBundle vouches for; asked at most every five seconds. */
  async trouble(): Promise<string | undefined> {
    const { namespace, service, webhook, crypto } = this.#options
    if (this.#checked !== undefined && Date.now() - this.#checked.at < 5000) return this.#checked.trouble
    if (this.#certificates === undefined || this.#server === undefined) return 'the webhook is not up yet'
    const host = webhook.host === undefined || webhook.host === '0.0.0.0' ? '127.0.0.1' : webhook.host
    const serverName = `${service}.${namespace}.svc`
    const ca = this.#certificates.trusted
    const trouble = await selfCheck({ host, port: this.#server.port, serverName, ca, crypto })
    this.#checked = { at: Date.now(), trouble }
    return trouble
  }
}
