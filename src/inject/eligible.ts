import { adminPort, bundleVolume, fingerprintAnnotation, podInfoVolume, sidecarName } from '../api/names.ts'
import type { Container, Pod } from '../api/pod.ts'
import type { Reason } from '../api/reasons.ts'
import { restore } from './edit-pod.ts'
import { fingerprint } from './fingerprint.ts'
import type { InjectionPlan } from './plan.ts'
import { hasSidecar } from './sidecar.ts'

/** Why a pod is left as it is. */
export interface Skip {
  readonly skip: Reason
  readonly message: string
}

/** Whether the plan can be carried out on this pod; undefined where it can. */
export function ineligible(pod: Pod, plan: InjectionPlan): Skip | undefined {
  const { metadata, spec } = pod
  if (metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined)
    return skip('MirrorPod', 'a static pod cannot be changed through the API')
  if (metadata.ownerReferences?.some(({ kind, controller }) => kind === 'Job' && controller === true) === true)
    return skip('Job', 'the pod belongs to a Job')
  if (spec.hostNetwork === true)
    return skip('HostNetwork', 'hostNetwork is true; the sidecar needs a network namespace of the pod')
  const os = spec.os?.name ?? spec.nodeSelector?.['kubernetes.io/os'] ?? 'linux'
  if (os !== 'linux') return skip('UnsupportedOS', `the pod is for ${os}`)
  if (metadata.annotations?.[fingerprintAnnotation] === fingerprint(plan) && hasSidecar(pod.spec))
    return skip('AlreadyInjected', 'the pod carries the current fingerprint')

  const plain = restore(pod)
  const containers = [...plain.spec.containers, ...(plain.spec.initContainers ?? [])]
  const nginx = plain.spec.containers.find(({ name }) => name === plan.container)
  if (nginx === undefined) return skip('NoNginxContainer', `the pod has no container ${plan.container}`)
  if (containers.some(({ name }) => name === sidecarName))
    return skip('ForeignSidecar', `the pod has a container ${sidecarName} of its own`)
  const volume = plain.spec.volumes?.find(({ name }) => name === bundleVolume || name === podInfoVolume)
  if (volume !== undefined) return skip('ForeignSidecar', `the pod has a volume ${volume.name} of its own`)
  return takenPort(containers, nginx, plan) ?? encryptedProbe(nginx, plan)
}

function takenPort(containers: readonly Container[], nginx: Container, plan: InjectionPlan): Skip | undefined {
  const ours = new Set([adminPort, ...plan.listeners.map(({ port }) => port)])
  for (const container of containers) {
    for (const { containerPort, protocol } of container.ports ?? []) {
      if ((protocol ?? 'TCP') !== 'TCP' || !ours.has(containerPort)) continue
      if (container === nginx && containerPort !== adminPort) continue
      return skip('PortTaken', `container ${container.name} uses port ${containerPort}`)
    }
  }
  return undefined
}

// A probe by HTTPS sends no name the sidecar could choose a certificate by, so it would never succeed.
function encryptedProbe(nginx: Container, plan: InjectionPlan): Skip | undefined {
  for (const field of ['startupProbe', 'readinessProbe', 'livenessProbe'] as const) {
    const probe = nginx[field]?.httpGet
    if (probe?.scheme !== 'HTTPS') continue
    const number = nginx.ports?.find(({ name }) => name === probe.port)?.containerPort ?? probe.port
    if (plan.listeners.some(({ port, tls }) => tls && port === number))
      return skip('UnsupportedFeature', `${field} of container ${nginx.name} uses HTTPS; let it use HTTP`)
  }
  return undefined
}

function skip(reason: Reason, message: string): Skip {
  return { skip: reason, message }
}
