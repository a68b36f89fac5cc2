/**
 * Gathers all that there is to see about one policy. Objects come out of the caches; the policy itself, and the content
 * of Secrets and ConfigMaps, are fetched by name. Private keys are held only while a bundle is compiled.
 */
import { createHash, randomBytes } from 'node:crypto'
import { manifestFile, parseManifest } from '../../api/bundle.ts'
import type { ConfigMap } from '../../api/config-map.ts'
import type { HostClientAuth, ObjectName } from '../../api/nginx-plan.ts'
import {
  bundleSecretName,
  derivedConfigMapName,
  generationAnnotation,
  policyAnnotation,
  rolloutAnnotation,
} from '../../api/names.ts'
import type { Secret } from '../../api/secret.ts'
import { InvalidPolicyError, parseTlsPolicy, type TLSPolicy } from '../../api/tls-policy.ts'
import type { Workload } from '../../api/workload.ts'
import type { CryptoProvider } from '../../crypto/provider.ts'
import type { KubeClient } from '../../kube/client.ts'
import { keyFor, resources, type KubeObject, type ObjectRef } from '../../kube/resource.ts'
import type { ClientAuthInput } from '../certificates/client-auth.ts'
import { compileStepwise } from '../certificates/compile.ts'
import type { Compiled } from '../certificates/compiled.ts'
import type { SecretInput } from '../certificates/secret-input.ts'
import { unchangedSecrets } from '../certificates/unchanged.ts'
import { inTurns } from '../in-turns.ts'
import { limited } from '../limited.ts'
import { workloadsIn, type Live, type RawPolicy, type World } from '../world.ts'
import { isEqual } from './apply.ts'
import { govern, type Governed, type Surroundings } from './govern.ts'
import type { Certificates, Seen } from './seen.ts'
import { dependencyOn, type Dependency } from './triggers.ts'

export interface ObserverOptions {
  readonly client: KubeClient
  readonly world: World
  readonly around: Surroundings
  readonly crypto: CryptoProvider
  readonly now: () => number
}

/** What one look finds; what pods and the webhook say is added by the caller. */
export type Sight = Omit<Seen, 'webhook' | 'answers' | 'generationSince'> & {
  readonly dependencies: ReadonlySet<Dependency>
}

interface Memo {
  /** A hash of what was compiled: groups and versions of Secrets. */
  readonly of: string
  /** When time alone changes the outcome. */
  readonly until: number
  /** Without the bundle's data: no keys are kept. */
  readonly outcome: Outcome
  /** The version of the bundle Secret that holds it, or `none` where there is nothing to hold; absent: it is not there. */
  readonly inPlaceAs?: string
}

/** What is said of a compilation again and again. */
type Outcome = Omit<Certificates, 'fallbackMissing'>

export class Observer {
  readonly #options: ObserverOptions
  readonly #fetch: (ref: ObjectName, signal: AbortSignal) => Promise<Live<Secret> | undefined>
  /** What the last compilation of each policy gave. */
  readonly #memo = new Map<string, Memo>()

  constructor(options: ObserverOptions) {
    this.#options = options
    const { client } = options
    this.#fetch = limited(async (ref, signal) => client.find(resources.secrets, ref, { signal }), secretsAtOnce)
  }

  /** Forgets a policy that is gone. */
  forget(key: string): void {
    this.#memo.delete(key)
  }

  /** Told of the version of a bundle that was just written as compiled: it need not be compiled again to see that. */
  wrote(key: string, bundleVersion: string): void {
    const known = this.#memo.get(key)
    if (known !== undefined) this.#memo.set(key, { ...known, inPlaceAs: bundleVersion })
  }

  /** Undefined where there is no such policy. */
  async observe(ref: ObjectRef, signal: AbortSignal): Promise<Sight | undefined> {
    const { client, world, around } = this.#options
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

    // What is in force goes on getting its certificates, whatever the policy is refused for now.
    const inForce = governed.refusal === undefined || own.bundle !== undefined
    const compiles =
      raw.metadata.deletionTimestamp === undefined && inForce && governed.refusal?.reason !== 'Conflicted'
    const certificates = compiles ? await this.#compile(policy, governed, own.bundle, signal) : undefined
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

  /** Compiles the bundle, or says again what the last compilation gave where nothing has changed since. */
  async #compile(
    policy: TLSPolicy,
    governed: Governed,
    bundle: KubeObject | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly certificates: Certificates; readonly inPlace: boolean }> {
    const { client, world, crypto, now } = this.#options
    const { namespace, name } = policy.metadata
    const key = keyFor(policy.metadata)
    const version = (ref: ObjectRef): string | undefined => world.secrets.get(keyFor(ref))?.metadata.resourceVersion
    const { clientAuth, sessionTickets, alpn: _planned, ...tls } = policy.spec.tls
    const refs = [
      ...governed.groups.flatMap(({ secrets }) => secrets),
      ...governed.fallback,
      ...authoritySecrets(policy, governed),
    ]
    const compiledFrom = [
      governed.groups,
      governed.fallback,
      governed.alpn,
      governed.clientAuth,
      policy.spec.tls,
      refs.map(version),
    ]
    const of = createHash('sha256').update(JSON.stringify(compiledFrom)).digest('base64')
    const known = this.#memo.get(key)
    if (known?.of === of && known.until > now() && known.inPlaceAs === (bundle?.metadata.resourceVersion ?? 'none'))
      return { certificates: certificatesOf(known.outcome, bundle, governed), inPlace: true }

    const previous = await client.find<Live<Secret>>(
      resources.secrets,
      { namespace, name: bundleSecretName(name) },
      { signal },
    )
    // A bundle that is just as it was left vouches for the Secrets that it was made of, but not for whom to believe.
    const isAsLeft = known?.inPlaceAs !== undefined && known.inPlaceAs === previous?.metadata.resourceVersion
    const unchanged = isAsLeft
      ? unchangedSecrets(previous?.data ?? {}, known.outcome.status, version)
      : new Map<string, SecretInput>()
    for (const ref of authoritySecrets(policy, governed)) unchanged.delete(keyFor(ref))
    const fetched = await this.#fetchAll(refs, unchanged, signal)
    const input = (ref: ObjectName): SecretInput => fetched.get(keyFor(ref)) ?? ref
    const inputs = (names: readonly ObjectName[]): SecretInput[] => names.map(input)
    const steps = compileStepwise({
      groups: governed.groups.map((group) => ({ ...group, secrets: inputs(group.secrets) })),
      ...(governed.fallback.length === 0 ? {} : { fallback: inputs(governed.fallback) }),
      tls: { ...tls, alpn: governed.alpn ?? alpnOf(previous?.data) },
      ...(clientAuth.mode === 'None'
        ? {}
        : { clientAuth: policyClientAuth(clientAuth, (name) => input({ namespace, name })) }),
      ...(governed.clientAuth === undefined
        ? {}
        : { hostClientAuth: new Map(governed.clientAuth.map((one) => [one.host, hostClientAuth(one, input)])) }),
      ...(sessionTickets.enabled ? { tickets: { ...sessionTickets, random: (length) => randomBytes(length) } } : {}),
      ...(previous?.data === undefined ? {} : { previous: previous.data }),
      now: new Date(now()),
      crypto,
    })
    const compiled = await inTurns(steps)
    const inPlace =
      compiled.bundle === undefined ||
      (isEqual(previous?.data, compiled.bundle.data) &&
        previous?.metadata.annotations?.[generationAnnotation] === compiled.bundle.generation)
    const outcome = outcomeOf(compiled)
    this.#memo.set(key, {
      of,
      until: compiled.nextChange?.getTime() ?? Infinity,
      outcome: { ...outcome, data: {} },
      ...(inPlace ? { inPlaceAs: previous?.metadata.resourceVersion ?? 'none' } : {}),
    })
    return { certificates: certificatesOf(outcome, previous, governed), inPlace }
  }

  /** Each Secret once, but for those that are `there` already. */
  async #fetchAll(
    refs: readonly ObjectName[],
    there: ReadonlyMap<string, SecretInput>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, SecretInput>> {
    const fetched = new Map(there)
    const left = new Map(refs.map((ref) => [keyFor(ref), ref] as const).filter(([key]) => !there.has(key)))
    await Promise.all(
      [...left].map(async ([key, ref]) => {
        const secret = await this.#fetch(ref, signal)
        if (secret === undefined) return
        const { resourceVersion } = secret.metadata
        const version = resourceVersion === undefined ? {} : { resourceVersion }
        fetched.set(key, { ...ref, ...version, data: secret.data ?? {} })
      }),
    )
    return fetched
  }
}

function outcomeOf({ bundle, status, expectations, missing, issues }: Compiled): Outcome {
  const problem = issues.find(
    ({ severity, host, secret }) => severity === 'error' && host === undefined && secret === undefined,
  )
  return {
    ...(bundle === undefined ? {} : { generation: bundle.generation }),
    data: bundle?.data ?? {},
    status,
    expectations: bundle === undefined ? [] : expectations,
    missing,
    ...(problem === undefined ? {} : { problem: { reason: problem.reason, message: problem.message } }),
  }
}

function certificatesOf(outcome: Outcome, bundle: KubeObject | undefined, { fallbackMissing }: Governed): Certificates {
  // Where no bundle can be made, the one that is there stays in force.
  const generation = outcome.generation ?? bundle?.metadata.annotations?.[generationAnnotation]
  return { ...outcome, ...(generation === undefined ? {} : { generation }), fallbackMissing }
}

/** The Secrets that say whom to believe of clients. */
function authoritySecrets({ metadata: { namespace }, spec }: TLSPolicy, governed: Governed): ObjectName[] {
  const { clientAuth } = spec.tls
  const own = clientAuth.mode === 'None' ? [] : [clientAuth.caRef, clientAuth.crlRef ?? []].flat()
  return [
    ...own.map(({ name }) => ({ namespace, name })),
    ...(governed.clientAuth ?? []).flatMap(({ secret }) => secret ?? []),
  ]
}

function policyClientAuth(
  { mode, caRef, crlRef }: Exclude<TLSPolicy['spec']['tls']['clientAuth'], { mode: 'None' }>,
  input: (name: string) => SecretInput,
): ClientAuthInput {
  return { mode, authorities: input(caRef.name), ...(crlRef === undefined ? {} : { crls: input(crlRef.name) }) }
}

function hostClientAuth(
  { mode, secret, maxIntermediates }: HostClientAuth,
  input: (ref: ObjectName) => SecretInput,
): ClientAuthInput {
  return { mode, ...(secret === undefined ? {} : { authorities: input(secret) }), maxIntermediates }
}

/** What the present bundle says of ALPN, for a policy whose nginx can not be planned for at the moment. */
function alpnOf(data: Secret['data']): readonly string[] {
  try {
    return parseManifest(Buffer.from(data?.[manifestFile] ?? '', 'base64').toString()).committed.tls.alpn
  } catch {
    return []
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

/** Of all policies together: each that is under way has a connection to the API server. */
const secretsAtOnce = 32
