import type { Pod } from '../api/pod.ts'
import { apply, restore } from './edit-pod.ts'
import type { InjectionPlan } from './plan.ts'

/**
 * The pod with the sidecar that the plan describes. Pure, and idempotent: what an earlier injection did is taken back
 * first, so `inject(inject(x)) = inject(x)`, whoever else has changed the pod in between.
 */
export function inject(pod: Pod, plan: InjectionPlan): Pod {
  return apply(restore(pod), plan)
}

/** The pod as it was: `uninject(inject(x)) = x`. */
export function uninject(pod: Pod): Pod {
  return restore(pod)
}
