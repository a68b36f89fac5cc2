/** The operator as it was installed: its Deployment, its pods, and how to hurt them. */
import type { Cluster } from './cluster.ts'
import type { LivePod } from './policy.ts'
import { eventually } from './shell.ts'

const namespace = ['-n', 'chitin-system'] as const
const label = ['-l', 'app.kubernetes.io/name=chitin'] as const

/** The Deployment "chitin" in chitin-system. */
export class Operator {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  async pods(): Promise<readonly LivePod[]> {
    return (await this.#cluster.read<{ readonly items: readonly LivePod[] }>(...namespace, 'pods', ...label)).items
  }

  /** Ends all replicas and keeps them away: nobody reconciles, and nobody answers the webhook. */
  async stop(): Promise<void> {
    await this.#cluster.kubectl([...namespace, 'scale', 'deployment/chitin', '--replicas=0'])
    await eventually('no operator', async () => ((await this.pods()).length === 0 ? true : undefined), 120_000)
  }

  async start(): Promise<void> {
    await this.#cluster.kubectl([...namespace, 'scale', 'deployment/chitin', '--replicas=2'])
    await this.ready()
  }

  async ready(): Promise<void> {
    await this.#cluster.kubectl([...namespace, 'rollout', 'status', 'deployment/chitin', '--timeout=180s'])
  }

  /** SIGKILL for the process of every replica; the kubelet starts them again. */
  async kill(): Promise<void> {
    for (const { status } of await this.pods())
      for (const { containerID } of status.containerStatuses ?? [])
        if (containerID) await this.#cluster.kill(containerID)
  }

  /** How often its processes were started again. */
  async restarts(): Promise<number> {
    const counts = (await this.pods()).flatMap(({ status }) => status.containerStatuses ?? [])
    return counts.reduce((sum, { restartCount }) => sum + restartCount, 0)
  }

  /** All that its present processes have said. */
  async log(): Promise<string> {
    return await this.#cluster.kubectl([...namespace, 'logs', ...label, '--tail=-1', '--prefix'])
  }
}
