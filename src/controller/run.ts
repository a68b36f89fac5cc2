/**
 * The operator: policies, workloads, pods, Ingresses and Secrets come in by watch; bundles, derived ConfigMaps,
 * rollouts, the webhook configuration and status go out by server-side apply. It never writes a Secret or ConfigMap
 * that somebody else made, and never holds a private key longer than it takes to compile a bundle.
 *
 * RBAC: permissions.ts lists every verb on every resource, as data. The chart's ClusterRole is held against it.
 */
export { permissions } from './permissions.ts'
