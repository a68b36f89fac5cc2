import type { Pod } from '../api/pod.ts'
import type { Reason } from '../api/reasons.ts'
import type { InjectionPlan } from '../inject/plan.ts'

/**
 * What is to be done with a pod that is about to be made: asked of whoever holds the caches. It is given the namespace
 * beside the pod, for a pod need not carry its own yet. Throws where the answer is not known (caches not filled yet):
 * then the policy's failurePolicy decides.
 */
export type Lookup = (pod: Pod, namespace: string) => Promise<Verdict>

export type Verdict =
  /** An enforced policy governs the pod. The plan is that of its workload, so that the fingerprint is, too. */
  | { readonly do: 'inject'; readonly plan: InjectionPlan }
  /** A policy in Audit governs the pod. `notices` are what would be different behind the sidecar. */
  | { readonly do: 'audit'; readonly plan: InjectionPlan; readonly notices: readonly string[] }
  /** Nothing is to be done. */
  | { readonly do: 'leave'; readonly reason: Reason; readonly message: string }
