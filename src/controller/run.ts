/**
 * The operator: policies, workloads, pods, Ingresses and Secrets come in by watch; bundles, derived ConfigMaps,
 * roll-outs, the webhook configuration and status go out by server-side apply. It never writes a Secret or ConfigMap
 * that somebody else made, and never holds a private key longer than it takes to compile a bundle.
 *
 * All replicas answer the webhook; the one that holds the Lease reconciles. RBAC: permissions.ts lists every verb on
 * every resource, as data. The chart's ClusterRole is held against it.
 */
import type { CryptoProvider } from '../crypto/provider.ts'
import type { KubeClient } from '../kube/client.ts'
import { EventRecorder } from '../kube/events.ts'
import { lead } from '../kube/lease.ts'
import { pause } from '../kube/pause.ts'
import { Reconciler, type Run } from '../kube/reconciler.ts'
import { startAdminServer, type AdminServer } from '../telemetry/admin-server.ts'
import { errorText } from '../telemetry/error-text.ts'
import type { Log } from '../telemetry/log.ts'
import { expositionType } from '../telemetry/metrics.ts'
import { operatorMetrics } from '../telemetry/operator-metrics.ts'
import { garbageMetrics, processMetrics } from '../telemetry/process-metrics.ts'
import { mutatePodPath } from '../webhook/routes.ts'
import { shakeHands } from './certificates/verify.ts'
import { collectOften } from './collect-often.ts'
import { ConfigMapReader } from './config-map-reader.ts'
import { limited } from './limited.ts'
import { exposition, type Report } from './report.ts'
import { Rights } from './rights.ts'
import { ServingWebhook } from './serving-webhook.ts'
import type { Surroundings } from './tls-policy/govern.ts'
import { Bundles } from './tls-policy/bundles.ts'
import { Observer } from './tls-policy/observe.ts'
import { PolicyReconciler } from './tls-policy/reconcile.ts'
import { Dependencies } from './tls-policy/triggers.ts'
import { wakePolicies } from './tls-policy/wake.ts'
import type { ServingCertificates } from './webhook-configuration/authority.ts'
import { Configurator } from './webhook-configuration/configurator.ts'
import { createWorld, type World } from './world.ts'

export interface OperatorOptions {
  readonly client: KubeClient
  /** The operator's own namespace: the Lease and the webhook's certificates are there. */
  readonly namespace: string
  /** Different for every replica, and for two lives of one pod. */
  readonly identity: string
  /** Name of the Service in front of the webhook. */
  readonly service: string
  readonly webhook: { readonly host?: string | undefined; readonly port: number }
  /** Where the API server finds the webhook, instead of the Service: for an operator outside the cluster. */
  readonly webhookUrl?: string | undefined
  readonly admin?: { readonly host: string | undefined; readonly port: number } | undefined
  /** The image of the sidecar, for policies that name none. */
  readonly sidecarImage: string
  /** False: reconcile at once, and never ask who else does. */
  readonly leaderElect: boolean
  readonly crypto: CryptoProvider
  readonly log: Log
  /** How long the webhook goes on answering after the end, until nobody is sent to us any more. */
  readonly lingerMs?: number
}

/** Runs until the signal is aborted, or the Lease is lost: then the process must end, for another one leads. */
export async function run(options: OperatorOptions, signal: AbortSignal): Promise<'stopped' | 'lost'> {
  collectOften()
  const operator = new Operator(options)
  return operator.run(signal)
}

class Operator {
  readonly #options: OperatorOptions
  readonly #metrics = operatorMetrics()
  readonly #reports = new Map<string, Report>()
  readonly #world: World
  readonly #around: Surroundings
  readonly #webhook: ServingWebhook
  #depth: () => number = () => 0

  constructor(options: OperatorOptions) {
    this.#options = options
    const { client, log, namespace, sidecarImage } = options
    processMetrics(this.#metrics.registry)
    garbageMetrics(this.#metrics.registry)
    this.#world = createWorld(client, {
      trouble: ({ plural }, { during, reason, message, delayMs }) => {
        this.#metrics.watchRestarts.inc({ resource: plural, during, reason })
        log.warn('a list or watch failed', { resource: plural, during, reason, error: message, delayMs })
      },
      error: (error) => log.error('a change was not handled', { error: errorText(error, { stack: true }) }),
    })
    const configMaps = new ConfigMapReader(client, this.#world)
    this.#around = {
      world: this.#world,
      sidecarImage,
      configMap: configMaps.read,
      mayList: new Rights(client, Date.now).mayList,
      excluded: ['kube-system', namespace],
    }
    this.#webhook = new ServingWebhook({ ...options, around: this.#around, metrics: this.#metrics })
  }

  async run(signal: AbortSignal): Promise<'stopped' | 'lost'> {
    const { log, leaderElect, lingerMs = 5000 } = this.#options
    // Watches, webhook and certificates outlive the work: a pod that starts while we stop is still injected.
    const after = new AbortController()
    const background: Promise<unknown>[] = this.#world.reflectors.map((reflector) => reflector.run(after.signal))
    const admin = await this.#startAdmin()
    try {
      await this.#webhook.start(after.signal)
      background.push(this.#webhook.keepCertificates(after.signal))
      const work = async (signal: AbortSignal): Promise<void> => this.#lead(signal)
      const ending = leaderElect ? await this.#elect(work, signal) : await work(signal).then(() => 'released' as const)
      if (ending === 'lost') {
        log.error('the Lease is lost: the process ends, for another replica leads')
        return 'lost'
      }
      log.info('stopping', { ending })
      await pause(lingerMs, after.signal)
      return 'stopped'
    } finally {
      after.abort()
      await this.#webhook.done()
      await admin?.close()
      await Promise.allSettled(background)
    }
  }

  async #elect(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal) {
    const { client, namespace, identity, log } = this.#options
    return lead(
      {
        client,
        namespace,
        name: 'chitin',
        identity,
        onLeader: (leader) => log.info('there is a leader', { leader, self: leader === identity }),
        onError: (error) => log.warn('the Lease could not be read or written', { error: errorText(error) }),
      },
      work,
      signal,
    )
  }

  /** What the leader does, until it is told to stop or loses the Lease. */
  async #lead(signal: AbortSignal): Promise<void> {
    const { client, namespace, identity, crypto, log } = this.#options
    const world = this.#world
    const now = Date.now
    const configurator = new Configurator({
      client,
      cache: world.webhookConfigurations,
      ownNamespace: namespace,
      exists: (policy) => world.policies.has(policy),
      now,
    })
    const recorder = new EventRecorder({
      client,
      controller: 'tls.chitin.dev/operator',
      instance: identity,
      onError: (error) => log.warn('an event could not be written', { error: errorText(error) }),
    })
    const dependencies = new Dependencies()
    const bundles = new Bundles({ client, world, mayList: this.#around.mayList, crypto, now })
    const policies = new PolicyReconciler({
      client,
      observer: new Observer({ client, world, around: this.#around, bundles }),
      bundles,
      configurator,
      dependencies,
      recorder,
      shake: limited(
        async ({ pod, expectation, serverName }, signal) =>
          shakeHands({ ...pod, serverName, keyType: expectation.keyType, timeoutMs: handshakeMs, crypto }, signal),
        handshakesAtOnce,
      ),
      webhookTrouble: async () => this.#webhook.trouble(),
      metrics: this.#metrics,
      reports: this.#reports,
      log,
      now,
      random: Math.random,
    })
    const reconciler = new Reconciler({
      name: 'tls-policy',
      reconcile: policies.reconcile,
      caches: world.all,
      workers: 8,
      // When the API server comes back after a long outage, nobody wants to wait for a quarter of an hour.
      maxDelayMs: 60_000,
      onRun: (run) => this.#ran(run),
    })
    this.#depth = () => reconciler.queue.depth

    await Promise.race([Promise.all(world.all.map(({ whenSynced }) => whenSynced)), aborted(signal)])
    if (signal.aborted) return
    this.#metrics.leader.set(1)
    const address = async ({ trusted }: ServingCertificates): Promise<void> => {
      const { service, webhookUrl: url } = this.#options
      const at = url === undefined ? { service: { namespace, name: service, port: 443 } } : { url }
      await configurator.setAddress({ caBundle: trusted, path: mutatePodPath, ...at })
    }
    this.#webhook.tell(address)
    const complain = (error: unknown): void =>
      log.warn('the webhook configuration could not be written', { error: errorText(error) })
    const { certificates } = this.#webhook
    if (certificates !== undefined) await address(certificates).catch(complain)
    const ends = [
      wakePolicies(world, dependencies, reconciler.enqueue),
      world.webhookConfigurations.subscribe((name) => void configurator.sync(name).catch(complain)),
    ]
    try {
      await reconciler.run(signal)
    } finally {
      for (const end of ends) end()
      this.#webhook.tell(async () => undefined)
      this.#metrics.leader.set(0)
      await recorder.flush()
    }
  }

  #ran({ reconciler: controller, key, cause, durationMs, error, retryInMs }: Run): void {
    const { log } = this.#options
    this.#metrics.reconciles.inc({ controller, cause, result: error === undefined ? 'success' : 'error' })
    this.#metrics.reconcileDuration.observe({ controller }, durationMs / 1000)
    if (error === undefined) return
    log.error('a policy could not be reconciled', { policy: key, error: errorText(error, { stack: true }), retryInMs })
  }

  async #startAdmin(): Promise<AdminServer | undefined> {
    const { admin } = this.#options
    if (admin === undefined) return undefined
    return startAdminServer(admin, {
      live: () => true,
      notReady: async () => {
        const waiting = this.#world.all.filter(({ synced }) => !synced).length
        if (waiting > 0) return `${waiting} caches are not filled yet`
        return this.#webhook.trouble()
      },
      metrics: async () => {
        this.#metrics.queueDepth.set({ controller: 'tls-policy' }, this.#depth())
        return { type: expositionType, text: this.#exposition(await this.#metrics.registry.metrics()) }
      },
    })
  }

  *#exposition(counted: string): Generator<string> {
    yield counted
    yield* exposition(this.#reports)
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

const handshakeMs = 3000
/** Enough to keep one core busy: a pod has seconds to answer, which must not pass while it is us who are busy with others. */
const handshakesAtOnce = 64
