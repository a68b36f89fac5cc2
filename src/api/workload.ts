import type { LabelSelector } from './label-selector.ts'
import type { ObjectMeta } from './object-meta.ts'
import type { PodSpec } from './pod.ts'

/** The kinds of workload that a policy can govern. */
export const workloadKinds = ['Deployment', 'DaemonSet', 'StatefulSet'] as const
export type WorkloadKind = (typeof workloadKinds)[number]

/** A Deployment, DaemonSet or StatefulSet of group `apps`: the parts that we read or write. */
export interface Workload {
  readonly apiVersion: 'apps/v1'
  readonly kind: WorkloadKind
  readonly metadata: ObjectMeta
  readonly spec: {
    readonly replicas?: number
    readonly selector: LabelSelector
    readonly template: PodTemplate
  }
  readonly status?: WorkloadStatus
}

export interface PodTemplate {
  readonly metadata?: ObjectMeta
  readonly spec: PodSpec
}

export interface WorkloadStatus {
  readonly observedGeneration?: number
  readonly replicas?: number
  readonly readyReplicas?: number
  readonly updatedReplicas?: number
  readonly availableReplicas?: number
  readonly desiredNumberScheduled?: number
  readonly updatedNumberScheduled?: number
  readonly numberReady?: number
}
