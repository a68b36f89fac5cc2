/** Every label, annotation, finalizer, port and path that Chitin owns, each with its meaning. */

export const group = 'tls.chitin.dev'
export const version = 'v1alpha1'
export const plural = 'tlspolicies'

/** Field manager of every server-side apply. */
export const fieldManager = 'chitin'

/** On a TLSPolicy: its pods are brought back as they were before the policy goes. */
export const restoreFinalizer = `${group}/restore`

/** On a pod: `namespace/name` of the policy that injected it. */
export const policyAnnotation = `${group}/policy`
/** On a pod: hash of the effective plan. A pod is stale when this is not what would be stamped now. */
export const fingerprintAnnotation = `${group}/fingerprint`
/** On a pod: JSON of what was changed, so that uninject() can put it back. */
export const originalAnnotation = `${group}/original`
/** On a pod, as a label: `true` once the sidecar is in. */
export const injectedLabel = `${group}/injected`
/** On a pod: the bundle generation. Patched when the bundle changes, which makes the kubelet sync its volumes at once. */
export const generationAnnotation = `${group}/bundle-generation`
/** On a pod: changed when it still serves an old bundle, so that the kubelet looks at its volumes once more. */
export const nudgeAnnotation = `${group}/nudge`
/** In a workload's pod template: the plan's fingerprint; a change of it is what rolls the workload. */
export const rolloutAnnotation = `${group}/rollout`
/** On Secrets and ConfigMaps made for a policy, as a label: the policy's name. */
export const policyLabel = `${group}/policy-name`
/** On a TLSPolicy being deleted: skip the wait for pods to be restored. */
export const forceDeleteAnnotation = `${group}/force-delete`

/** Name of the injected container, its volumes, and where they are mounted in it. */
export const sidecarName = 'chitin'
export const bundleVolume = 'chitin-bundle'
export const bundlePath = '/var/run/chitin/bundle'
/** Downward-API volume with the pod's annotations, for the generation to serve. */
export const podInfoVolume = 'chitin-podinfo'
export const podInfoPath = '/var/run/chitin/podinfo'

/** The sidecar's admin port: /livez, /readyz, /metrics. */
export const adminPort = 15900
export const adminPortName = 'chitin-admin'

/** Name of the bundle Secret of a policy, and of the derived ConfigMap that points ingress-nginx at loopback. */
export function bundleSecretName(policy: string): string {
  return `chitin-${policy}-bundle`
}
export function derivedConfigMapName(policy: string): string {
  return `chitin-${policy}-nginx`
}
