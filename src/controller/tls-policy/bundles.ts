/**
 * What the Secrets of each policy come to: fetched by name and compiled, or said again as long as nothing has changed.
 * Private keys are held only while a bundle is compiled.
 */
import { createHash, randomBytes } from 'node:crypto'
import { manifestFile, parseManifest } from '../../api/bundle.ts'
import { bundleSecretName, generationAnnotation } from '../../api/names.ts'
import type { HostClientAuth, ObjectName } from '../../api/nginx-plan.ts'
import type { Secret } from '../../api/secret.ts'
import type { TLSPolicy } from '../../api/tls-policy.ts'
import type { CryptoProvider } from '../../crypto/provider.ts'
import type { KubeClient } from '../../kube/client.ts'
import { keyFor, resources, type Key, type KubeObject, type ObjectRef } from '../../kube/resource.ts'
import type { ClientAuthInput } from '../certificates/client-auth.ts'
import { compileStepwise } from '../certificates/compile.ts'
import type { Compiled } from '../certificates/compiled.ts'
import type { SecretInput } from '../certificates/secret-input.ts'
import { unchangedSecrets } from '../certificates/unchanged.ts'
import { inTurns } from '../in-turns.ts'
import { limited } from '../limited.ts'
import type { Rights } from '../rights.ts'
import type { Live, World } from '../world.ts'
import { isEqual } from './apply.ts'
import type { Governed } from './govern.ts'
import type { Certificates } from './seen.ts'

export interface BundlesOptions {
  readonly client: KubeClient
  readonly world: World
  /** Whether a ServiceAccount may list the Secrets of a namespace. */
  readonly mayList: Rights['mayList']
  readonly crypto: CryptoProvider
  readonly now: () => number
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

export class Bundles {
  readonly #options: BundlesOptions
  readonly #fetch: (ref: ObjectName, signal: AbortSignal) => Promise<Live<Secret> | undefined>
  /** What the last compilation of each policy gave. */
  readonly #memo = new Map<Key, Memo>()

  constructor(options: BundlesOptions) {
    this.#options = options
    const { client } = options
    this.#fetch = limited(async (ref, signal) => client.find(resources.secrets, ref, { signal }), secretsAtOnce)
  }

  /** Compiles the bundle, or says again what the last compilation gave where nothing has changed since. */
  async compile(
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
    const authorities = authoritySecrets(policy, governed)
    const refs = [...governed.groups.flatMap(({ secrets }) => secrets), ...governed.fallback, ...authorities]
    const denied = await this.#denied(refs, namespace, governed.accounts)
    const compiledFrom = [
      governed.groups,
      governed.fallback,
      governed.alpn,
      governed.clientAuth,
      policy.spec.tls,
      refs.map(version),
      [...denied.values()],
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
    for (const ref of authorities) unchanged.delete(keyFor(ref))
    for (const [secret, input] of denied) unchanged.set(secret, input)
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

  /** The Secrets of other namespaces that none of the workloads may read by itself, by key, each with the reason. */
  async #denied(
    refs: readonly ObjectName[],
    home: string,
    accounts: readonly ObjectName[],
  ): Promise<ReadonlyMap<Key, SecretInput>> {
    const { mayList } = this.#options
    const isAllowed = new Map([[home, true]])
    for (const { namespace } of refs) {
      if (isAllowed.has(namespace)) continue
      const answers = await Promise.all(accounts.map(async (account) => mayList(account, 'secrets', namespace)))
      isAllowed.set(namespace, answers.includes(true))
    }
    const names = accounts.map(keyFor).join(', ')
    return new Map(
      refs
        .filter(({ namespace }) => isAllowed.get(namespace) !== true)
        .map((ref) => {
          const denied = `ServiceAccount ${names} may not list Secrets in namespace ${ref.namespace}`
          return [keyFor(ref), { ...ref, denied }]
        }),
    )
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

  /** Told of the version of a bundle that was just written as compiled: it need not be compiled again to see that. */
  wrote(policy: Key, bundleVersion: string): void {
    const known = this.#memo.get(policy)
    if (known !== undefined) this.#memo.set(policy, { ...known, inPlaceAs: bundleVersion })
  }

  /** Forgets a policy that is gone. */
  forget(policy: Key): void {
    this.#memo.delete(policy)
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
export function authoritySecrets({ metadata: { namespace }, spec }: TLSPolicy, governed: Governed): ObjectName[] {
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

/** Of all policies together: each that is under way has a connection to the API server. */
const secretsAtOnce = 32
