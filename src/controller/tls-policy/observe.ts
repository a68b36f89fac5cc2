/**
 * Gathers all that there is to see about one policy. Objects come out of the caches; the policy itself, and the content
 * of ConfigMaps, are fetched by name; what its Secrets come to, bundles.ts says.
 */
import type { ConfigMap } from '../../api/config-map.ts'
import { bundleSecretName, derivedConfigMapName, policyAnnotation, rolloutAnnotation } from '../../api/names.ts'
import { InvalidPolicyError, parseTlsPolicy, type TLSPolicy } from '../../api/tls-policy.ts'
import type { Workload } from '../../api/workload.ts'
import type { KubeClient } from '../../kube/client.ts'
import { keyFor, resources, type KubeObject, type ObjectRef } from '../../kube/resource.ts'
import { workloadsIn, type Live, type RawPolicy, type World } from '../world.ts'
import { isEqual } from './apply.ts'
import { authoritySecrets, type Bundles } from './bundles.ts'
import { govern, type Surroundings } from './govern.ts'
import type { Seen } from './seen.ts'
import { dependencyOn, type Dependency } from './triggers.ts'

export interface ObserverOptions {
  readonly client: KubeClient
  readonly world: World
  readonly around: Surroundings
  readonly bundles: Bundles
}

/** What one look finds; what pods and the webhook say is added by the caller. */
export type Sight = Omit<Seen, 'webhook' | 'answers' | 'generationSince'> & {
  readonly dependencies: ReadonlySet<Dependency>
}

export class Observer {
  readonly #options: ObserverOptions

  constructor(options: ObserverOptions) {
    this.#options = options
  }

  /** Undefined where there is no such policy. */
  async observe(ref: ObjectRef, signal: AbortSignal): Promise<Sight | undefined> {
    const { client, world, around, bundles } = this.#options
    // Fetched, not cached: what we wrote ourselves a moment ago must be in it.
    const raw = await client.find<RawPolicy>(resources.tlsPolicies, ref, { signal })
    if (raw === undefined) return undefined
    const { name, namespace = '' } = raw.metadata
    const dependencies = new Set<Dependency>([dependencyOn.namespace(namespace)])
    const injected = world.pods
      .by('namespace', namespace)
      .filter((pod) => pod.metadata.annotations?.[policyAnnotation] === `${namespace}/${name}` && !hasEnded(pod))
    const own = await this.#own(raw)
    const nothing: Sight = {
      raw,
      targets: [],
      missingTargets: [],
      abandoned: [],
      injected,
      certificates: { data: {}, status: [], expectations: [], missing: [], fallbackMissing: false },
      own: {
        bundle: own.bundle !== undefined,
        bundleInPlace: true,
        derived: own.derived !== undefined,
        derivedInPlace: true,
      },
      dependencies,
    }
    const parsed = parse(raw)
    if ('invalid' in parsed) return { ...nothing, refusal: { reason: 'Invalid', message: parsed.invalid } }

    const { policy } = parsed
    const governed = await govern(policy, around)
    for (const dependency of governed.dependencies) dependencies.add(dependency)
    for (const { secrets } of governed.groups)
      for (const { namespace, name } of secrets) dependencies.add(dependencyOn.secret(namespace, name))
    for (const { namespace, name } of [...governed.fallback, ...authoritySecrets(policy, governed)])
      dependencies.add(dependencyOn.secret(namespace, name))
    dependencies.add(dependencyOn.secret(namespace, bundleSecretName(name)))
    dependencies.add(dependencyOn.configMap(namespace, derivedConfigMapName(name)))

    // What is in force goes on getting its certificates, whatever the policy is refused for now; but not fewer of them,
    // because it is its nginx that is not found.
    const inForce = governed.refusal === undefined || (own.bundle !== undefined && governed.knowsHosts)
    const compiles =
      raw.metadata.deletionTimestamp === undefined && inForce && governed.refusal?.reason !== 'Conflicted'
    const certificates = compiles ? await bundles.compile(policy, governed, own.bundle, signal) : undefined
    const governedNames = new Set(governed.targets.map(({ workload }) => workload.metadata.uid))
    return {
      ...nothing,
      policy,
      targets: governed.targets,
      missingTargets: governed.missingTargets,
      ...(governed.refusal === undefined ? {} : { refusal: governed.refusal }),
      abandoned: workloadsIn(world, namespace).filter(
        (workload) =>
          !governedNames.has(workload.metadata.uid) &&
          !governed.elsewhere.has(workload.metadata.uid ?? '') &&
          wasOurs(raw, workload, injected),
      ),
      ...(certificates === undefined ? {} : { certificates: certificates.certificates }),
      ...(governed.derived === undefined ? {} : { derived: governed.derived }),
      own: {
        bundle: own.bundle !== undefined,
        bundleInPlace: certificates?.inPlace ?? true,
        derived: own.derived !== undefined,
        derivedInPlace: governed.derived === undefined || isSameConfig(own.derived, governed.derived),
      },
    }
  }

  async #own(raw: RawPolicy): Promise<{ bundle: KubeObject | undefined; derived: ConfigMap | undefined }> {
    const { world, around } = this.#options
    const { namespace = '', name } = raw.metadata
    const derived = { namespace, name: derivedConfigMapName(name) }
    return {
      bundle: world.secrets.get(keyFor({ namespace, name: bundleSecretName(name) })),
      derived: world.configMaps.has(keyFor(derived)) ? await around.configMap(derived) : undefined,
    }
  }
}

function parse(raw: RawPolicy): { readonly policy: TLSPolicy } | { readonly invalid: string } {
  try {
    return { policy: parseTlsPolicy(raw) }
  } catch (error) {
    if (error instanceof InvalidPolicyError) return { invalid: error.message }
    throw error
  }
}

/** A workload that carries our roll-out annotation for this policy, as its pods or our last status say. */
function wasOurs(raw: RawPolicy, workload: Live<Workload>, injected: Seen['injected']): boolean {
  if (workload.spec.template.metadata?.annotations?.[rolloutAnnotation] === undefined) return false
  const { targets = [] } = (raw.status ?? {}) as NonNullable<TLSPolicy['status']>
  if (targets.some(({ kind, name }) => kind === workload.kind && name === workload.metadata.name)) return true
  const labels = Object.entries(workload.spec.selector.matchLabels ?? {})
  return (
    labels.length > 0 && injected.some((pod) => labels.every(([key, value]) => pod.metadata.labels?.[key] === value))
  )
}

function hasEnded(pod: { readonly status?: { readonly phase?: string } }): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

function isSameConfig(there: ConfigMap | undefined, wanted: NonNullable<Seen['derived']>): boolean {
  return isEqual(there?.data ?? {}, wanted.data ?? {}) && isEqual(there?.binaryData ?? {}, wanted.binaryData ?? {})
}
