/**
 * Keeps the MutatingWebhookConfigurations equal to what the policies ask for. Each policy hands in its own entries and is
 * told since when the API server has them; one write is under way at a time, and whoever comes meanwhile shares the next.
 *
 * An object in etcd may have 1.5 MiB, and an entry has 2 KiB: a cluster's policies are spread over several objects. A
 * policy stays where it is, and only the object that holds it is looked at and written when it changes.
 */
import type { Cache } from '../../kube/cache.ts'
import type { KubeClient } from '../../kube/client.ts'
import { resources, type KubeObject } from '../../kube/resource.ts'
import {
  configurationNames,
  encodeBundle,
  webhookConfiguration,
  type WebhookAddress,
  type WebhookConfiguration,
  type WebhookEntry,
} from './configuration.ts'

export type LiveConfiguration = KubeObject & Partial<Pick<WebhookConfiguration, 'webhooks'>>

export interface ConfiguratorOptions {
  readonly client: KubeClient
  /** The live configurations, watched. */
  readonly cache: Cache<LiveConfiguration>
  readonly ownNamespace: string
  /** Whether there is a policy of this key: entries of one that has not spoken yet are left as they are. */
  readonly exists: (policy: string) => boolean
  readonly now: () => number
}

export class Configurator {
  readonly #options: ConfiguratorOptions
  readonly #wanted = new Map<string, readonly WebhookEntry[]>()
  /** Which policies each configuration holds, and the other way round. */
  readonly #holds = new Map<string, Set<string>>(configurationNames.map((name) => [name, new Set()]))
  readonly #home = new Map<string, string>()
  /** Since when each policy's entries are in place, and which. */
  readonly #since = new Map<string, { readonly text: string; readonly at: number }>()
  #address: WebhookAddress | undefined
  #isSettled = false
  readonly #dirty = new Set<string>()
  #turn: Promise<void> = Promise.resolve()
  #next: Promise<void> | undefined

  constructor(options: ConfiguratorOptions) {
    this.#options = options
  }

  /** Puts a configuration right where somebody else changed it, and drops entries of policies that are gone. */
  async sync(name: string): Promise<void> {
    if (this.#holds.has(name)) await this.#write([name])
  }

  /** The CA bundle and where the webhook is; until it is known nothing is written. */
  async setAddress(address: WebhookAddress): Promise<void> {
    this.#address = address
    await this.#write(configurationNames)
  }

  /** Sets the entries of one policy; returns since when (in ms) the API server has had them, where it has. */
  async set(policy: string, entries: readonly WebhookEntry[]): Promise<number | undefined> {
    this.#settle()
    const home = this.#home.get(policy)
    if (home === undefined && entries.length === 0) return undefined
    this.#wanted.set(policy, entries)
    await this.#write([home ?? this.#moveIn(policy)])
    return this.#since.get(policy)?.at
  }

  /** Takes a policy's entries out; they are gone when this resolves. */
  async remove(policy: string): Promise<void> {
    await this.set(policy, [])
    this.#wanted.delete(policy)
    this.#since.delete(policy)
    const home = this.#home.get(policy)
    if (home === undefined) return
    this.#home.delete(policy)
    this.#holds.get(home)?.delete(policy)
  }

  /** Once: where earlier operators have put the policies that there are. */
  #settle(): void {
    const { cache, exists } = this.#options
    if (this.#isSettled) return
    this.#isSettled = true
    for (const name of configurationNames)
      for (const entry of cache.get(name)?.webhooks ?? []) {
        const policy = policyOf(entry.name, exists)
        if (policy !== undefined && !this.#home.has(policy)) this.#moveIn(policy, name)
      }
  }

  /** The first configuration with room; when all are full, the last one. */
  #moveIn(policy: string, name = configurationNames.find((one) => this.#room(one) > 0) ?? last): string {
    this.#home.set(policy, name)
    this.#holds.get(name)?.add(policy)
    return name
  }

  #room(name: string): number {
    return policiesEach - (this.#holds.get(name)?.size ?? 0)
  }

  async #write(names: Iterable<string>): Promise<void> {
    for (const name of names) this.#dirty.add(name)
    this.#next ??= this.#begin(this.#turn)
    await this.#next
  }

  async #begin(before: Promise<void>): Promise<void> {
    const turn = before.then(async () => {
      // Who comes from now on is not in what is being written.
      this.#next = undefined
      await this.#writeDirty()
    })
    this.#turn = turn.catch(() => undefined)
    await turn
  }

  async #writeDirty(): Promise<void> {
    if (this.#address === undefined) return
    this.#settle()
    for (const name of this.#dirty) {
      // Before it is written, for it may get dirty again meanwhile; what fails is tried again with the next write.
      this.#dirty.delete(name)
      try {
        await this.#writeOne(name, this.#address)
      } catch (error) {
        this.#dirty.add(name)
        throw error
      }
    }
  }

  async #writeOne(name: string, address: WebhookAddress): Promise<void> {
    const { client, cache, ownNamespace, exists } = this.#options
    const live = cache.get(name)
    const spoken = [...(this.#holds.get(name) ?? [])].flatMap((policy) => {
      const entries = this.#wanted.get(policy)
      return entries === undefined ? [] : [{ policy, entries, text: JSON.stringify(entries) }]
    })
    const own = webhookConfiguration(
      name,
      spoken.flatMap(({ entries }) => entries),
      address,
      ownNamespace,
    )
    const caBundle = encodeBundle(address.caBundle)
    const kept = (live?.webhooks ?? [])
      .filter((entry) => this.#isOfSilentPolicy(policyOf(entry.name, exists), name))
      .map((each) => ({ ...each, clientConfig: { ...(each['clientConfig'] as object), caBundle } }))
    const webhooks = [...(own?.webhooks ?? []), ...kept]
    if (webhooks.length === 0) {
      if (live !== undefined) await client.delete(resources.mutatingWebhookConfigurations, { name })
    } else if (!isInPlace(webhooks, live)) {
      const metadata = own?.metadata ?? { name, labels: live?.metadata.labels ?? {} }
      await client.apply(resources.mutatingWebhookConfigurations, { metadata, webhooks } as object & {
        metadata: typeof metadata
      })
    }
    for (const { policy, entries, text } of spoken) {
      if (entries.length === 0) this.#since.delete(policy)
      else if (this.#since.get(policy)?.text !== text) this.#since.set(policy, { text, at: this.#options.now() })
    }
  }

  #isOfSilentPolicy(policy: string | undefined, name: string): boolean {
    return policy !== undefined && this.#home.get(policy) === name && !this.#wanted.has(policy)
  }
}

/** The key of the policy that an entry is of: POLICY.NAMESPACE.…, where only the policy's name may have dots itself. */
function policyOf(entry: string, exists: (policy: string) => boolean): string | undefined {
  const parts = entry.split('.')
  for (let i = 1; i < parts.length; i++) {
    const key = `${parts[i]}/${parts.slice(0, i).join('.')}`
    if (exists(key)) return key
  }
  return undefined
}

/** True where the live object already says all that we would write: after a restart nothing is written again. */
function isInPlace(webhooks: readonly { readonly name: string }[], live: LiveConfiguration | undefined): boolean {
  const byName = new Map(live?.webhooks?.map((each) => [each.name, each]))
  return byName.size === webhooks.length && webhooks.every((each) => isWithin(each, byName.get(each.name)))
}

/** Whether everything in `part` is also in `whole`, which may have defaults besides. */
export function isWithin(part: unknown, whole: unknown): boolean {
  if (Array.isArray(part)) {
    return Array.isArray(whole) && part.length === whole.length && part.every((item, i) => isWithin(item, whole[i]))
  }
  if (typeof part !== 'object' || part === null) return part === whole
  if (typeof whole !== 'object' || whole === null) return false
  return Object.entries(part).every(([key, value]) => isWithin(value, (whole as Record<string, unknown>)[key]))
}

const last = configurationNames.at(-1) ?? ''
/** Policies in one configuration: with an entry each some 130 KiB, of which each change writes all. */
const policiesEach = 64
