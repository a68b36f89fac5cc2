/** What the operator last said of each policy, as metrics: filled in when somebody scrapes. */
import type { TLSPolicyStatus } from '../api/tls-policy.ts'
import { refOf } from '../kube/resource.ts'
import type { OperatorMetrics } from '../telemetry/operator-metrics.ts'

export interface Report {
  readonly enforcement: string
  readonly status: TLSPolicyStatus
  /** Handshakes that did not show the certificate that they should. */
  readonly mismatches: number
}

/** Sets every series that is about a policy; those of policies that are gone go too. */
export function fill(metrics: OperatorMetrics, reports: ReadonlyMap<string, Report>): void {
  const { policies, condition, pods, certificateNotAfter, certificatesHeldBack, servedMismatches } = metrics
  for (const gauge of [policies, condition, pods, certificateNotAfter, certificatesHeldBack, servedMismatches]) {
    gauge.reset()
  }
  for (const [key, { enforcement, status, mismatches }] of reports) {
    const { namespace = '', name: policy } = refOf(key)
    const of = { namespace, policy }
    for (const { type, status: value, reason } of status.conditions ?? []) {
      condition.set({ ...of, condition: type, status: value, reason }, 1)
      if (type === 'Ready') policies.inc({ enforcement, ready: value, reason })
    }
    const { pods: selected = 0, injected = 0, stale = 0 } = status.summary ?? {}
    pods.set({ ...of, state: 'injected' }, injected - stale)
    pods.set({ ...of, state: 'stale' }, stale)
    pods.set({ ...of, state: 'missing' }, selected - injected)
    servedMismatches.set(of, mismatches)
    for (const { host, notAfter, verifiedAt, heldBack } of status.certificates ?? []) {
      if (heldBack !== undefined) certificatesHeldBack.inc({ ...of, reason: heldBack.reason })
      if (notAfter === undefined) continue
      const seconds = Date.parse(notAfter) / 1000
      certificateNotAfter.set({ ...of, host, source: 'stored' }, seconds)
      if (verifiedAt !== undefined) certificateNotAfter.set({ ...of, host, source: 'served' }, seconds)
    }
  }
}
