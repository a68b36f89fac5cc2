/**
 * What the chapters of the story share: one cluster with the shop in it, the operator and the policy "edge". The
 * chapters are told in order; each begins where the one before it ended.
 */
import { test, type TestContext } from 'node:test'
import type { Cluster } from '../cluster.ts'
import { diagnose } from '../diagnose.ts'
import { answersEverywhere } from '../everywhere.ts'
import { startLoad, type Load } from '../load.ts'
import { Operator } from '../operator.ts'
import { Edge, isInjected, isReady, type LivePod } from '../policy.ts'
import { eventually } from '../shell.ts'
import { startShop, type Shop } from '../shop.ts'

export class Scene {
  #shop: Shop | undefined
  #failed: string | undefined

  async open(): Promise<void> {
    this.#shop = await startShop({ name: 'test' })
  }

  async close(): Promise<void> {
    const shop = this.#shop
    this.#shop = undefined
    await shop?.cluster.stop()
  }

  get shop(): Shop {
    if (this.#shop === undefined) throw new Error('the scene is not open')
    return this.#shop
  }

  get cluster(): Cluster {
    return this.shop.cluster
  }

  get edge(): Edge {
    return new Edge(this.cluster)
  }

  get operator(): Operator {
    return new Operator(this.cluster)
  }

  /** One test of the story. After one that failed nothing that follows would tell anything: it fails without a try. */
  step(name: string, work: (t: TestContext) => Promise<void>): void {
    test(name, async (t) => {
      if (this.#failed !== undefined) throw new Error(`not tried, because this failed: ${this.#failed}`)
      try {
        await work(t)
      } catch (error) {
        this.#failed = name
        if (this.#shop !== undefined) process.stderr.write(`${await diagnose(this.cluster)}\n`)
        throw error
      }
    })
  }

  /** A constant load of requests to a host, from outside, once every pod answers for it. */
  async load(host: string): Promise<Load> {
    await answersEverywhere(this.shop, host)
    const { address, caFile } = this.shop
    return await startLoad(`${this.cluster.namespace}-out`, { host, address, caFile, workers: 4 })
  }

  /** Waits until there are exactly so many ingress pods, all of them ready, all with the sidecar or all without. */
  async ingressPods(count: number, injected: boolean): Promise<LivePod[]> {
    return await eventually(
      `${count} ingress pods ${injected ? 'with' : 'without'} the sidecar`,
      async () => {
        const pods = await this.edge.pods()
        if (pods.length === count && pods.every((pod) => isReady(pod) && isInjected(pod) === injected)) return pods
        throw new Error(
          pods.map((pod) => `${pod.metadata.name} injected=${isInjected(pod)} ready=${isReady(pod)}`).join('; '),
        )
      },
      240_000,
      500,
    )
  }

  /** Helm as a user runs it, in the operator's namespace. */
  async helm(...arguments_: readonly string[]): Promise<string> {
    return await this.cluster.helm([...arguments_, '--namespace', 'chitin-system'])
  }

  /** `kubectl scale` of ingress-nginx. */
  async scale(replicas: number): Promise<void> {
    await this.cluster.kubectl([...ingressNginx, 'scale', ingressDeployment, `--replicas=${replicas}`])
    await this.cluster.kubectl([...ingressNginx, 'rollout', 'status', ingressDeployment, '--timeout=180s'])
  }
}

export const ingressNginx = ['-n', 'ingress-nginx'] as const
export const ingressDeployment = 'deployment/ingress-nginx-controller'
export const ingressWorkload = ['deployment', 'ingress-nginx-controller'] as const

/** Seconds since a moment, for a person. */
export function secondsSince(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`
}
