/** The kinds we talk about, how each is addressed, and the little that every Kubernetes object has in common. */
import { group, plural, version } from '../api/names.ts'

/** What a URL needs to know of a kind. Written down instead of discovered: a start needs no discovery calls. */
export interface ResourceType {
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
}

/** Says which object; `namespace` is left out for cluster-scoped kinds. */
export interface ObjectRef {
  readonly namespace?: string | undefined
  readonly name: string
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly OwnerReference[]
}

/** An object as the API server gives it. Kinds extend it with their spec and status. */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMeta
}

export interface ListMeta {
  readonly resourceVersion: string
  readonly continue?: string
}

/** A cache key: `namespace/name`, or `name` for cluster-scoped objects. */
export type Key = string

/** The cache key of an object. */
export function keyOf(object: KubeObject): Key {
  return keyFor(object.metadata)
}

/** The cache key of a reference. */
export function keyFor({ namespace, name }: ObjectRef): Key {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`
}

/** The reference in a cache key; neither part may contain a slash in Kubernetes. */
export function refOf(key: Key): ObjectRef {
  const slash = key.indexOf('/')
  if (slash < 0) return { name: key }
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

/** The URL path of a collection (no name given) or of one object, with its subresource. */
export function pathOf(type: ResourceType, ref: Partial<ObjectRef> = {}, subresource?: string): string {
  const root = type.apiVersion.includes('/') ? `/apis/${type.apiVersion}` : `/api/${type.apiVersion}`
  const namespaced = type.namespaced && ref.namespace !== undefined && ref.namespace !== ''
  const parts = [root]
  if (namespaced) parts.push('namespaces', segment(ref.namespace ?? ''))
  parts.push(type.plural)
  if (ref.name !== undefined) {
    if (type.namespaced && !namespaced) throw new Error(`${type.kind} ${ref.name} was addressed without a namespace`)
    parts.push(segment(ref.name))
  }
  if (subresource !== undefined) parts.push(subresource)
  return parts.join('/')
}

/** `.` and `..` would be folded away by URL parsing, so a name from elsewhere could address another object. */
function segment(name: string): string {
  if (name === '' || name === '.' || name === '..') throw new Error(`${JSON.stringify(name)} names no object`)
  return encodeURIComponent(name)
}

/** Every kind that Chitin reads or writes. */
export const resources = {
  pods: { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true },
  secrets: { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true },
  configMaps: { apiVersion: 'v1', kind: 'ConfigMap', plural: 'configmaps', namespaced: true },
  services: { apiVersion: 'v1', kind: 'Service', plural: 'services', namespaced: true },
  namespaces: { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
  nodes: { apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false },
  deployments: { apiVersion: 'apps/v1', kind: 'Deployment', plural: 'deployments', namespaced: true },
  daemonSets: { apiVersion: 'apps/v1', kind: 'DaemonSet', plural: 'daemonsets', namespaced: true },
  statefulSets: { apiVersion: 'apps/v1', kind: 'StatefulSet', plural: 'statefulsets', namespaced: true },
  replicaSets: { apiVersion: 'apps/v1', kind: 'ReplicaSet', plural: 'replicasets', namespaced: true },
  ingresses: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', plural: 'ingresses', namespaced: true },
  ingressClasses: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    plural: 'ingressclasses',
    namespaced: false,
  },
  leases: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', plural: 'leases', namespaced: true },
  events: { apiVersion: 'events.k8s.io/v1', kind: 'Event', plural: 'events', namespaced: true },
  clusterRoles: {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    plural: 'clusterroles',
    namespaced: false,
  },
  mutatingWebhookConfigurations: {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    plural: 'mutatingwebhookconfigurations',
    namespaced: false,
  },
  validatingWebhookConfigurations: {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    plural: 'validatingwebhookconfigurations',
    namespaced: false,
  },
  customResourceDefinitions: {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    plural: 'customresourcedefinitions',
    namespaced: false,
  },
  tlsPolicies: { apiVersion: `${group}/${version}`, kind: 'TLSPolicy', plural, namespaced: true },
} as const satisfies Record<string, ResourceType>
