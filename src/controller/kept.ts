/**
 * What the caches keep of each object: what somebody reads of it there. The rest is most of it, and in a cluster with
 * thousands of them it would be most of the operator's memory. Each of these is handed a whole object, and makes a new one.
 */
import type { Ingress } from '../api/ingress.ts'
import { fingerprintAnnotation, generationAnnotation, policyAnnotation } from '../api/names.ts'
import type { Pod } from '../api/pod.ts'
import type { Workload, WorkloadStatus } from '../api/workload.ts'
import { hasSidecar } from '../inject/sidecar.ts'
import type { KubeObject } from '../kube/resource.ts'
import type { Live, LivePod, RawPolicy } from './world.ts'

/**
 * A pod's spec is asked of its workload's template, but for one thing: what the pod says of its sidecar counts only where it
 * has one. Anybody may copy an annotation.
 */
export function keptPod({ apiVersion, kind, metadata, status, ...pod }: LivePod & Partial<Pick<Pod, 'spec'>>): LivePod {
  const { phase, podIP, conditions } = status ?? {}
  const ready = conditions?.filter(({ type }) => type === 'Ready').map(({ type, status }) => ({ type, status }))
  return {
    ...type(apiVersion, kind),
    metadata: pod.spec !== undefined && hasSidecar(pod.spec) ? metadata : unsaid(metadata),
    status: {
      ...(phase === undefined ? {} : { phase }),
      ...(podIP === undefined ? {} : { podIP }),
      ...(ready === undefined ? {} : { conditions: ready }),
    },
  }
}

function unsaid(metadata: LivePod['metadata']): LivePod['metadata'] {
  if (metadata.annotations === undefined) return metadata
  const { [policyAnnotation]: _policy, [fingerprintAnnotation]: _fingerprint, ...annotations } = metadata.annotations
  return { ...metadata, annotations }
}

/** Its conditions say in sentences what the counts say. */
export function keptWorkload({ status, ...workload }: Live<Workload>): Live<Workload> {
  if (status === undefined) return workload
  const { conditions: _said, ...counts } = status as WorkloadStatus & { readonly conditions?: unknown }
  return { ...workload, status: counts }
}

/** Paths and backends are nginx's business. */
export function keptIngress({ apiVersion, kind, metadata, spec }: Live<Ingress>): Live<Ingress> {
  const rules = spec.rules?.map(({ host }) => (host === undefined ? {} : { host }))
  const { rules: _whole, ...rest } = spec
  return { ...type(apiVersion, kind), metadata, spec: { ...rest, ...(rules === undefined ? {} : { rules }) } }
}

/** Whoever writes a status fetches the policy first. */
export function keptPolicy({ status: _ours, ...policy }: RawPolicy): RawPolicy {
  return policy
}

/** Of Secrets and ConfigMaps: that they are there, in which version, and in a bundle of ours its generation. */
export function keptContent({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  const { namespace, name, uid, resourceVersion, annotations } = metadata
  const generation = annotations?.[generationAnnotation]
  return {
    ...type(apiVersion, kind),
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(generation === undefined ? {} : { annotations: { [generationAnnotation]: generation } }),
    },
  }
}

function type(apiVersion: string | undefined, kind: string | undefined): Pick<KubeObject, 'apiVersion' | 'kind'> {
  return { ...(apiVersion === undefined ? {} : { apiVersion }), ...(kind === undefined ? {} : { kind }) }
}
