/** How far pods and workloads are with what they should carry. Pure. */
import { fingerprintAnnotation } from '../../api/names.ts'
import type { Workload } from '../../api/workload.ts'
import type { Live, LivePod } from '../world.ts'
import type { Seen, Target } from './seen.ts'

export function isUpToDate(pod: LivePod, { plan }: Target): boolean {
  return plan !== undefined && annotation(pod, fingerprintAnnotation) === plan.fingerprint
}

export function isCurrent(target: Target): boolean {
  return target.pods.every((pod) => isUpToDate(pod, target))
}

export function isOurs(seen: Seen, pod: LivePod): boolean {
  return seen.injected.some((one) => one.metadata.uid === pod.metadata.uid)
}

/** Whether pods of an older template are still there, or the new template has not been seen yet. */
export function isBeingReplaced({ metadata, status }: Live<Workload>): boolean {
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) return true
  const updated = status?.updatedReplicas ?? status?.updatedNumberScheduled ?? 0
  return updated < (status?.replicas ?? status?.desiredNumberScheduled ?? 0)
}

/** Whether the workload's own controller has nothing left to do. */
export function isSettled({ kind, metadata, spec, status }: Live<Workload>): boolean {
  if (status?.observedGeneration !== undefined && status.observedGeneration < (metadata.generation ?? 0)) return false
  if (kind === 'DaemonSet') {
    const desired = status?.desiredNumberScheduled ?? 0
    return status?.updatedNumberScheduled === desired && (status.numberReady ?? 0) >= desired
  }
  const desired = spec.replicas ?? 1
  return (
    (status?.updatedReplicas ?? 0) >= desired &&
    (status?.readyReplicas ?? 0) >= desired &&
    (status?.replicas ?? 0) <= desired
  )
}

export function annotation(pod: LivePod, name: string): string | undefined {
  return pod.metadata.annotations?.[name]
}
