/** What a user sees of a TLSPolicy, and how long they wait for it. */
import type { Condition } from '../../src/api/condition.ts'
import type { CertificateStatus, TLSPolicyStatus } from '../../src/api/tls-policy-status.ts'
import type { Cluster } from './cluster.ts'
import { eventually } from './shell.ts'

/** A TLSPolicy as kubectl shows it. */
export interface LivePolicy {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly generation: number }
  readonly spec: unknown
  readonly status?: TLSPolicyStatus
}

/** The little of a pod that tests look at. */
export interface LivePod {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly deletionTimestamp?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly spec: {
    readonly initContainers?: readonly { readonly name: string; readonly image: string }[]
    readonly containers: readonly { readonly name: string; readonly args?: readonly string[] }[]
  }
  readonly status: {
    readonly podIP?: string
    readonly podIPs?: readonly { readonly ip: string }[]
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}

/** What the kubelet says of a container. */
export interface ContainerStatus {
  readonly name: string
  readonly restartCount: number
  /** `containerd://` and the id; absent before it was started. */
  readonly containerID?: string
}

/** The policy "edge" of ingress-nginx. */
export class Edge {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  async apply(spec: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#cluster.apply({
      apiVersion: 'tls.chitin.dev/v1alpha1',
      kind: 'TLSPolicy',
      metadata: { name: 'edge', namespace: 'ingress-nginx' },
      spec: { targetRefs: [{ kind: 'Deployment', name: 'ingress-nginx-controller' }], ...spec },
    })
  }

  async read(): Promise<LivePolicy> {
    return await this.#cluster.read<LivePolicy>('-n', 'ingress-nginx', 'tlspolicies.tls.chitin.dev', 'edge')
  }

  async delete(): Promise<void> {
    await this.#cluster.kubectl([
      '-n',
      'ingress-nginx',
      'delete',
      'tlspolicies.tls.chitin.dev',
      'edge',
      '--timeout=180s',
    ])
  }

  /** Waits until a condition has a status, for the generation that is there now. */
  async condition(type: string, status: string, reason?: string, limitMs = 240_000): Promise<Condition> {
    let last = 'no status'
    try {
      return await eventually(
        `condition ${type}=${status}`,
        async () => {
          const policy = await this.read()
          const found = policy.status?.conditions?.find((condition) => condition.type === type)
          last = JSON.stringify(policy.status?.conditions)
          if (policy.status?.observedGeneration !== policy.metadata.generation) return undefined
          return found?.status === status && (reason === undefined || found.reason === reason) ? found : undefined
        },
        limitMs,
        500,
      )
    } catch (error) {
      throw new Error(`the policy did not get ${type}=${status}${reason === undefined ? '' : `/${reason}`}: ${last}`, {
        cause: error,
      })
    }
  }

  /** Waits until the status of a host's certificate is as wanted. */
  async certificate(
    host: string,
    what: string,
    wanted: (certificate: CertificateStatus) => boolean,
    limitMs = 60_000,
  ): Promise<CertificateStatus> {
    let last: CertificateStatus | undefined
    try {
      return await eventually(
        what,
        async () => {
          last = (await this.read()).status?.certificates?.find((certificate) => certificate.host === host)
          return last !== undefined && wanted(last) ? last : undefined
        },
        limitMs,
        250,
      )
    } catch (error) {
      throw new Error(`${host}: ${what}: ${JSON.stringify(last)}`, { cause: error })
    }
  }

  /** The ingress pods that are not on their way out. */
  async pods(): Promise<LivePod[]> {
    const list = await this.#cluster.read<{ readonly items: readonly LivePod[] }>(
      '-n',
      'ingress-nginx',
      'pods',
      '-l',
      'app.kubernetes.io/name=ingress-nginx',
    )
    return list.items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
  }
}

/** True when every pod of the certificate was seen to serve it. */
export function isServed(certificate: CertificateStatus, fingerprint: string, pods: number): boolean {
  const served = certificate.served ?? []
  return served.length === 1 && served[0]?.fingerprintSHA256.toLowerCase() === fingerprint && served[0].pods === pods
}

/** True when the sidecar is in the pod. */
export function isInjected(pod: LivePod): boolean {
  return pod.spec.initContainers?.some(({ name }) => name === 'chitin') === true
}

/** True when the pod takes requests. */
export function isReady(pod: LivePod): boolean {
  return pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
}
