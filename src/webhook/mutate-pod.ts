import type { PatchOperation } from '../api/admission.ts'
import type { Pod } from '../api/pod.ts'
import type { Reason } from '../api/reasons.ts'
import { ineligible } from '../inject/eligible.ts'
import { inject } from '../inject/inject.ts'
import { diff } from '../inject/patch.ts'
import type { InjectionPlan } from '../inject/plan.ts'
import type { Verdict } from './lookup.ts'

/** What the webhook answers about one pod. */
export interface Mutation {
  readonly reason: Reason
  /** `namespace/name` of the policy that decided, where one did. */
  readonly policy?: string
  readonly patch: readonly PatchOperation[]
  /** Shown by kubectl to whoever made the pod. */
  readonly warnings: readonly string[]
}

/** Carries out a verdict on a pod. A pod is never refused: one that cannot be injected is left as it is, and says why. */
export function mutatePod(pod: Pod, verdict: Verdict): Mutation {
  if (verdict.do === 'leave') return { reason: verdict.reason, patch: [], warnings: [] }
  const { plan } = verdict
  const { policy } = plan
  const skip = ineligible(pod, plan)
  if (skip?.skip === 'AlreadyInjected') return { reason: skip.skip, policy, patch: [], warnings: [] }
  if (skip !== undefined) {
    const warning = `TLSPolicy ${policy}: the pod is left without the Chitin sidecar: ${skip.skip}: ${skip.message}`
    return { reason: skip.skip, policy, patch: [], warnings: [warning] }
  }
  if (verdict.do === 'audit') {
    const notices = verdict.notices.map((notice) => `; ${notice}`).join('')
    const warning = `TLSPolicy ${policy} (Audit) would put the Chitin sidecar into this pod, listening on ${ports(plan)}${notices}`
    return { reason: 'AuditOnly', policy, patch: [], warnings: [shorten(warning)] }
  }
  return { reason: 'Injected', policy, patch: diff(pod, inject(pod, plan)), warnings: [] }
}

function ports({ listeners }: InjectionPlan): string {
  return listeners.map(({ port, tls }) => `${port}${tls ? ' (TLS)' : ''}`).join(' and ')
}

/** The API server cuts a warning at 256 characters; where it ends is ours to choose. */
function shorten(text: string): string {
  return text.length > 256 ? `${text.slice(0, 253)}...` : text
}
