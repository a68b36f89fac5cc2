/** What the operator says of a policy, in its status. */
import type { Condition } from './condition.ts'

export interface TLSPolicyStatus {
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
  readonly summary?: StatusSummary
  readonly targets?: readonly TargetStatus[]
  readonly certificates?: readonly CertificateStatus[]
  /** How many certificates more there are than the list above may hold. */
  readonly certificatesOmitted?: number
  /** Names of policies, `namespace/name`, that this one gives way to. */
  readonly conflictsWith?: readonly string[]
  /** The earliest notAfter of all certificates served. */
  readonly nextExpiry?: string
}

export interface StatusSummary {
  readonly targets: number
  readonly pods: number
  readonly injected: number
  readonly stale: number
  /** `injected/pods`, for the printer column. */
  readonly coverage: string
  /** `verified/certificates`, for the printer column. */
  readonly served: string
}

export interface TargetStatus {
  readonly kind: string
  readonly name: string
  readonly flavour?: string
  readonly desired: number
  readonly injected: number
  readonly ready: number
  /** The fingerprint of the plan that its pods should carry. */
  readonly configHash?: string
  readonly message?: string
}

export interface CertificateStatus {
  readonly host: string
  readonly secret: { readonly namespace: string; readonly name: string; readonly resourceVersion?: string }
  readonly fingerprintSHA256?: string
  readonly served?: readonly { readonly fingerprintSHA256: string; readonly pods: number }[]
  readonly notAfter?: string
  readonly verifiedAt?: string
  readonly heldBack?: { readonly fingerprintSHA256?: string; readonly reason: string; readonly message: string }
}

/** The status lists no more certificates than this; the metrics have them all. */
export const maxCertificatesInStatus = 256
