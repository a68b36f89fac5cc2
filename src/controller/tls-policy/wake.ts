/** A change of an object wakes the policies that looked at it, and no others. */
import { policyAnnotation } from '../../api/names.ts'
import { refOf, type Key } from '../../kube/resource.ts'
import { workloadsOf, type World } from '../world.ts'
import { dependencyOn, ingressDependencies, workloadDependency, type Dependencies } from './triggers.ts'

/** Calls `enqueue` with the key of each policy to look at again. Returns what ends it. */
export function wakePolicies(world: World, dependencies: Dependencies, enqueue: (key: Key) => void): () => void {
  const isNews = news()
  const isNewsToOthers = news()
  const ends = [
    world.policies.subscribe((key) => {
      // Status is ours: a change of it alone is no reason to look again.
      const { generation, deletionTimestamp, finalizers, annotations, uid } = world.policies.get(key)?.metadata ?? {}
      if (!isNews(key, [uid, generation, deletionTimestamp, finalizers, annotations])) return
      enqueue(key)
      // Its neighbours may have to give way to it, or may come into their right.
      if (!isNewsToOthers(key, [uid, generation, deletionTimestamp])) return
      const [namespace = ''] = key.split('/')
      for (const neighbour of world.policies.keysBy('namespace', namespace)) enqueue(neighbour)
    }),
    ...world.workloads.flatMap((cache) => {
      const isNews = news()
      return [
        cache.subscribe(enqueue, (workload) => dependencies.on(workloadDependency(workload))),
        // Its status moves many times in a roll-out; only another spec can change who governs what.
        cache.subscribe((key) => {
          const { uid, generation } = cache.get(key)?.metadata ?? {}
          if (!isNews(key, [uid, generation])) return
          for (const policy of dependencies.on(dependencyOn.namespace(refOf(key).namespace ?? ''))) enqueue(policy)
        }),
      ]
    }),
    world.pods.subscribe(enqueue, (pod) => [
      ...workloadsOf(pod, world).flatMap((workload) => dependencies.on(workloadDependency(workload))),
      ...[pod.metadata.annotations?.[policyAnnotation] ?? ''].filter((policy) => world.policies.has(policy)),
    ]),
    world.ingresses.subscribe(enqueue, (ingress) =>
      ingressDependencies(ingress).flatMap((dependency) => dependencies.on(dependency)),
    ),
    world.ingressClasses.subscribe(enqueue, () => dependencies.on(dependencyOn.anyIngressClass)),
    world.secrets.subscribe(enqueue, ({ metadata }) =>
      dependencies.on(dependencyOn.secret(metadata.namespace ?? '', metadata.name)),
    ),
    world.configMaps.subscribe(enqueue, ({ metadata }) =>
      dependencies.on(dependencyOn.configMap(metadata.namespace ?? '', metadata.name)),
    ),
  ]
  return () => {
    for (const end of ends) end()
  }
}

/** Whether what is said of a key differs from what was said the last time. Keys whose facts are all undefined are gone. */
function news(): (key: Key, facts: readonly unknown[]) => boolean {
  const known = new Map<Key, string>()
  return (key, facts) => {
    const text = JSON.stringify(facts)
    if (known.get(key) === text) return false
    if (facts.every((fact) => fact === undefined)) known.delete(key)
    else known.set(key, text)
    return true
  }
}
