/** Which workload to roll, when, and which only a person can. Pure. */
import { rolloutAnnotation } from '../../api/names.ts'
import type { TLSPolicy } from '../../api/tls-policy.ts'
import type { Workload } from '../../api/workload.ts'
import type { Write } from './decision.ts'
import { isUpToDate, isCurrent, isBeingReplaced, isSettled, annotation } from './progress.ts'
import type { Seen } from './seen.ts'

/** How far the pods are. */
export interface Rollout {
  readonly writes: readonly Write[]
  /** Workloads whose pods are being replaced, or will be as soon as their turn comes. */
  readonly moving: readonly string[]
  /** Workloads whose pods are not as they should be, and for which we do nothing more. */
  readonly stuck: readonly string[]
  readonly waitMs?: number
}

/** One workload at a time, and none before the webhook is known to answer. */
export function rolloutOf(seen: Seen, policy: TLSPolicy, now: Date): Rollout {
  const moving: string[] = []
  const stuck: string[] = []
  let next: Write | undefined
  let busy = false
  for (const target of seen.targets) {
    const { workload, plan, pods } = target
    if (plan === undefined) continue
    const value = rolloutValue(workload)
    const attempt = attemptOf(value, plan.fingerprint)
    const name = `${workload.kind} ${workload.metadata.name}`
    if (isCurrent(target)) {
      if (attempt === undefined || !isBeingReplaced(workload)) continue
      moving.push(name)
      busy = true
      continue
    }
    // A pod made from the rolled template, and still without the sidecar, slipped past the webhook.
    const slipped = pods.some((pod) => !isUpToDate(pod, target) && annotation(pod, rolloutAnnotation) === value)
    if (attempt !== undefined && !(isSettled(workload) && slipped)) {
      moving.push(name)
      busy = true
      continue
    }
    if (policy.spec.rollout.strategy === 'OnDelete' || (attempt ?? 0) >= maxAttempts) {
      stuck.push(name)
      continue
    }
    moving.push(name)
    const again = attempt === undefined ? plan.fingerprint : `${plan.fingerprint}-${attempt + 1}`
    next ??= { do: 'roll', workload, value: again }
  }
  if (next === undefined || busy || seen.certificates.generation === undefined) return { writes: [], moving, stuck }
  const settledAt = (seen.webhook.since ?? now.getTime()) + settleMs
  if (!seen.webhook.answers || seen.webhook.since === undefined || settledAt > now.getTime()) {
    return { writes: [], moving, stuck, waitMs: Math.max(100, settledAt - now.getTime()) }
  }
  return { writes: [next], moving, stuck }
}

export function rolloutValue(workload: Workload): string | undefined {
  const value = workload.spec.template.metadata?.annotations?.[rolloutAnnotation]
  return value === '' ? undefined : value
}

/** How often the workload was rolled for this fingerprint, the first time being 0; undefined: not yet. */
function attemptOf(value: string | undefined, fingerprint: string): number | undefined {
  if (value === fingerprint) return 0
  if (value?.startsWith(`${fingerprint}-`) !== true) return undefined
  const attempt = Number(value.slice(fingerprint.length + 1))
  return Number.isInteger(attempt) ? attempt : undefined
}

/** API servers read webhook configurations by a watch of their own; this is many times what that takes. */
const settleMs = 2000
const maxAttempts = 2
