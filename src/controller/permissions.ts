/**
 * Everything the operator asks of the API server, one line for each kind: what the chart's ClusterRole (and, where
 * `ownNamespace` is set, its Role in the operator's namespace) must allow, and nothing more. No wildcards.
 */
import { configurationNames } from './webhook-configuration/configuration.ts'

export interface Permission {
  readonly apiGroup: string
  readonly resource: string
  readonly verbs: readonly string[]
  /** Only objects of these names. `create` can't be limited by name and is listed apart. */
  readonly resourceNames?: readonly string[]
  /** True: a Role in the operator's own namespace is enough. */
  readonly ownNamespace?: true
  readonly why: string
}

export const permissions: readonly Permission[] = [
  {
    apiGroup: 'tls.chitin.dev',
    resource: 'tlspolicies',
    verbs: ['get', 'list', 'watch', 'patch'],
    why: 'read policies; add and remove the restore finalizer',
  },
  { apiGroup: 'tls.chitin.dev', resource: 'tlspolicies/status', verbs: ['get', 'patch'], why: 'report' },
  {
    apiGroup: 'tls.chitin.dev',
    resource: 'tlspolicies/finalizers',
    verbs: ['update'],
    why: 'own the bundle where OwnerReferencesPermissionEnforcement is on (OpenShift)',
  },
  {
    apiGroup: '',
    resource: 'secrets',
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
    why: 'metadata-only watch; certificates by name; write bundles',
  },
  {
    apiGroup: '',
    resource: 'configmaps',
    verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'],
    why: "read the nginx ConfigMap; write the derived one that the pods' nginx reads",
  },
  {
    apiGroup: '',
    resource: 'pods',
    verbs: ['get', 'list', 'watch', 'patch'],
    why: 'count and verify; annotate with the bundle generation',
  },
  {
    apiGroup: 'apps',
    resource: 'deployments',
    verbs: ['get', 'list', 'watch', 'patch'],
    why: 'targets; roll them by an annotation in the pod template',
  },
  { apiGroup: 'apps', resource: 'daemonsets', verbs: ['get', 'list', 'watch', 'patch'], why: 'as Deployments' },
  { apiGroup: 'apps', resource: 'statefulsets', verbs: ['get', 'list', 'watch', 'patch'], why: 'as Deployments' },
  {
    apiGroup: 'networking.k8s.io',
    resource: 'ingresses',
    verbs: ['get', 'list', 'watch'],
    why: 'certificates.fromIngress; features that cannot be served',
  },
  {
    apiGroup: 'networking.k8s.io',
    resource: 'ingressclasses',
    verbs: ['get', 'list', 'watch'],
    why: 'which controller serves a class',
  },
  {
    apiGroup: 'admissionregistration.k8s.io',
    resource: 'mutatingwebhookconfigurations',
    verbs: ['list', 'watch', 'create'],
    why: 'create ours; see it (list and watch are filtered by label)',
  },
  {
    apiGroup: 'admissionregistration.k8s.io',
    resource: 'mutatingwebhookconfigurations',
    resourceNames: configurationNames,
    verbs: ['get', 'patch', 'delete'],
    why: 'keep one narrow entry per policy in them',
  },
  {
    apiGroup: 'authorization.k8s.io',
    resource: 'subjectaccessreviews',
    verbs: ['create'],
    why: "ask what a workload's ServiceAccount may read in other namespaces, before reading it for the workload",
  },
  { apiGroup: 'events.k8s.io', resource: 'events', verbs: ['create', 'patch'], why: 'events on policies' },
  {
    apiGroup: 'coordination.k8s.io',
    resource: 'leases',
    verbs: ['get', 'create', 'update', 'patch'],
    ownNamespace: true,
    why: 'leader election',
  },
]
