/** All that there is to see about one TLSPolicy: what observe.ts gathers and decide.ts judges. */
import type { Condition } from '../../api/condition.ts'
import type { ConfigMap } from '../../api/config-map.ts'
import type { Reason } from '../../api/reasons.ts'
import type { TLSPolicy } from '../../api/tls-policy.ts'
import type { CertificateStatus, TLSPolicyStatus } from '../../api/tls-policy-status.ts'
import type { Workload } from '../../api/workload.ts'
import type { Answers, Expectation } from '../certificates/rollout.ts'
import type { Live, LivePod, RawPolicy } from '../world.ts'

export interface Seen {
  readonly raw: RawPolicy
  /** Absent where it can't be parsed; then `refusal` says why. */
  readonly policy?: TLSPolicy
  /** Why the policy as a whole can't be honoured. */
  readonly refusal?: Refusal
  readonly targets: readonly Target[]
  /** Targets that the policy names and that are not there: `Kind/name`. */
  readonly missingTargets: readonly string[]
  /** Workloads that we rolled for this policy once, and that no policy governs any more. */
  readonly abandoned: readonly Live<Workload>[]
  /** All pods that carry this policy's sidecar, also of workloads that are gone. */
  readonly injected: readonly LivePod[]
  readonly certificates: Certificates
  /** What of our own making is there now. */
  readonly own: {
    readonly bundle: boolean
    /** True where the bundle Secret holds what `certificates.data` says. */
    readonly bundleInPlace: boolean
    readonly derived: boolean
    readonly derivedInPlace: boolean
  }
  /** The derived ConfigMap to keep; undefined where the flavour needs none. */
  readonly derived?: Pick<ConfigMap, 'data' | 'binaryData'>
  readonly webhook: {
    /** Since when (ms) the API server has this policy's entries as they should be. */
    readonly since?: number
    /** Whether our own webhook answers with a certificate that its caBundle vouches for. */
    readonly answers: boolean
  }
  readonly answers: Answers
  /** When the pod, by uid, was first seen with the present generation, in ms. */
  readonly generationSince: ReadonlyMap<string, number>
}

export interface Refusal {
  readonly reason: Reason
  readonly message: string
  readonly conflictsWith?: readonly string[]
}

export interface Target {
  readonly workload: Live<Workload>
  /** Pods that the workload's selector matches and that have not ended. */
  readonly pods: readonly LivePod[]
  readonly flavour?: string
  /** What its pods should carry; undefined where `refusal` says why there is nothing to do. */
  readonly plan?: {
    readonly fingerprint: string
    readonly tlsPort: number
    /** Whether the sidecar expects a PROXY protocol header before the handshake. */
    readonly proxyProtocol: boolean
    /** What is different behind the sidecar, in sentences. */
    readonly summary: readonly string[]
  }
  readonly refusal?: Refusal
}

/** What became of the Secrets. */
export interface Certificates {
  /** The bundle's generation; undefined where not one certificate can be served. */
  readonly generation?: string
  /** Data of the bundle Secret, base64. */
  readonly data: Readonly<Record<string, string>>
  /** One for each host and Secret, without what only pods can tell. */
  readonly status: readonly CertificateStatus[]
  readonly expectations: readonly Expectation[]
  readonly missing: readonly { readonly namespace: string; readonly name: string }[]
  /** True where unknown names should get a default certificate and none is named. */
  readonly fallbackMissing: boolean
  /** What is wrong with the bundle as a whole, such as being too large. */
  readonly problem?: { readonly reason: Reason; readonly message: string }
}

export function statusBefore(seen: Seen): TLSPolicyStatus | undefined {
  return seen.raw.status as TLSPolicyStatus | undefined // written by us alone
}

export function conditionsBefore(seen: Seen): readonly Condition[] | undefined {
  return statusBefore(seen)?.conditions
}
