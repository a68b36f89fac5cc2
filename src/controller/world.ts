/** What the operator sees of the cluster: one cache for each kind, kept equal to the API server by a reflector. */
import type { Ingress, IngressClass } from '../api/ingress.ts'
import type { Pod } from '../api/pod.ts'
import type { Workload } from '../api/workload.ts'
import { Cache } from '../kube/cache.ts'
import type { KubeClient } from '../kube/client.ts'
import { Reflector, type ReflectorOptions, type Trouble } from '../kube/reflector.ts'
import { resources, type KubeObject, type ResourceType } from '../kube/resource.ts'
import { matches } from '../policy/label-selector.ts'
import { keptContent, keptIngress, keptPod, keptPolicy, keptWorkload } from './kept.ts'
import { ingressDependencies } from './tls-policy/triggers.ts'
import { configurationLabel } from './webhook-configuration/configuration.ts'
import type { LiveConfiguration } from './webhook-configuration/configurator.ts'

/** An object of ours as the API server gives it: with a name. */
export type Live<T> = T & KubeObject

/** A pod as it is kept here. */
export type LivePod = Live<Omit<Pod, 'spec'>>

/** A TLSPolicy before it is parsed. */
export type RawPolicy = KubeObject & { readonly spec?: unknown; readonly status?: unknown }

type ByNamespace<T extends KubeObject> = Cache<T, 'namespace'>

export interface World {
  readonly policies: ByNamespace<RawPolicy>
  readonly workloads: readonly ByNamespace<Live<Workload>>[]
  readonly pods: ByNamespace<LivePod>
  readonly ingresses: Cache<Live<Ingress>, 'class'>
  readonly ingressClasses: Cache<Live<IngressClass>>
  /** Metadata only: what is in them is fetched by name when it is needed, and not kept. */
  readonly secrets: Cache
  readonly configMaps: Cache
  readonly webhookConfigurations: Cache<LiveConfiguration>
  readonly reflectors: readonly { readonly type: ResourceType; run(signal: AbortSignal): Promise<void> }[]
  readonly all: readonly { readonly synced: boolean; readonly whenSynced: Promise<void> }[]
}

/** Makes the caches and the reflectors that fill them; nothing runs yet. */
export function createWorld(
  client: KubeClient,
  on: {
    readonly trouble: (type: ResourceType, trouble: Trouble) => void
    readonly error: (error: unknown) => void
  },
): World {
  const reflectors: World['reflectors'][number][] = []
  const watch = <T extends KubeObject, I extends string>(
    type: ResourceType,
    cache: Cache<T, I>,
    selection: Pick<ReflectorOptions<T, I>, 'metadataOnly' | 'labelSelector' | 'keep'> = {},
  ): Cache<T, I> => {
    const onTrouble = (trouble: Trouble): void => on.trouble(type, trouble)
    reflectors.push(new Reflector<T, I>({ client, type, cache, onTrouble, ...selection }))
    return cache
  }
  const byNamespace = <T extends KubeObject>(): ByNamespace<T> =>
    new Cache({ indexes: { namespace: (object: T) => [object.metadata.namespace ?? ''] }, onError: on.error })

  const workloads = [resources.deployments, resources.daemonSets, resources.statefulSets] as const
  const world = {
    policies: watch(resources.tlsPolicies, byNamespace<RawPolicy>(), { keep: keptPolicy }),
    workloads: workloads.map((type) => watch(type, byNamespace<Live<Workload>>(), { keep: keptWorkload })),
    pods: watch(resources.pods, byNamespace<LivePod>(), { keep: keptPod }),
    ingresses: watch(
      resources.ingresses,
      new Cache({ indexes: { class: (ingress: Live<Ingress>) => ingressDependencies(ingress) }, onError: on.error }),
      { keep: keptIngress },
    ),
    ingressClasses: watch(resources.ingressClasses, new Cache<Live<IngressClass>>({ onError: on.error })),
    secrets: watch(resources.secrets, new Cache({ onError: on.error }), { metadataOnly: true, keep: keptContent }),
    configMaps: watch(resources.configMaps, new Cache({ onError: on.error }), {
      metadataOnly: true,
      keep: keptContent,
    }),
    webhookConfigurations: watch(
      resources.mutatingWebhookConfigurations,
      new Cache<LiveConfiguration>({ onError: on.error }),
      { labelSelector: configurationLabel },
    ),
  }
  const { workloads: kinds, ...others } = world
  return { ...world, reflectors, all: [...Object.values(others), ...kinds] }
}

/** All workloads of a namespace, of all three kinds. */
export function workloadsIn(world: World, namespace: string): Live<Workload>[] {
  return world.workloads.flatMap((cache) => cache.by('namespace', namespace))
}

/** The workloads whose selector takes a pod for their own. */
export function workloadsOf({ metadata }: LivePod, world: World): Live<Workload>[] {
  return workloadsIn(world, metadata.namespace ?? '').filter(({ spec }) => matches(spec.selector, metadata.labels))
}
