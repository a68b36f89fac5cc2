/** The names of all that there is in a cluster, to be compared with what there was before. */
import type { Cluster } from './cluster.ts'

/**
 * Every object as `Kind namespace/name`, in order. Left out is what comes and goes by itself: events, and what the
 * cluster's own controllers make of Deployments and Services.
 */
export async function inventory(cluster: Cluster): Promise<string[]> {
  const listed = await cluster.kubectl(['api-resources', '--verbs=list', '-o', 'name'])
  const types = listed.split('\n').filter((type) => type !== '' && !passing.has(type))
  const columns = 'custom-columns=KIND:.kind,NAMESPACE:.metadata.namespace,NAME:.metadata.name'
  const rows = await cluster.kubectl(['get', types.join(','), '-A', '-o', columns, '--no-headers'])
  return rows
    .split('\n')
    .map((row) => row.trim().split(/\s+/))
    .flatMap(([kind, namespace, name]) => (name === undefined ? [] : `${kind} ${namespace}/${name}`))
    .toSorted()
}

const passing: ReadonlySet<string> = new Set([
  'componentstatuses',
  'controllerrevisions.apps',
  'endpoints',
  'endpointslices.discovery.k8s.io',
  'events',
  'events.events.k8s.io',
  'pods',
  'replicasets.apps',
])
