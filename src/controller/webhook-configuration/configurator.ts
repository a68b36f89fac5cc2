/**
 * Keeps the MutatingWebhookConfiguration equal to what the policies ask for. Each policy hands in its own entries and is
 * told since when the API server has them; one write is under way at a time.
 */
import type { Cache } from '../../kube/cache.ts'
import type { KubeClient } from '../../kube/client.ts'
import { resources, type KubeObject } from '../../kube/resource.ts'
import {
  configurationName,
  encodeBundle,
  webhookConfiguration,
  type WebhookAddress,
  type WebhookConfiguration,
  type WebhookEntry,
} from './configuration.ts'

export type LiveConfiguration = KubeObject & Partial<Pick<WebhookConfiguration, 'webhooks'>>

export interface ConfiguratorOptions {
  readonly client: KubeClient
  /** The live configuration, watched. */
  readonly cache: Cache<LiveConfiguration>
  readonly ownNamespace: string
  /** Keys of all policies that exist: entries of one that has not spoken yet are left as they are. */
  readonly policies: () => Iterable<string>
  readonly now: () => number
}

export class Configurator {
  readonly #options: ConfiguratorOptions
  readonly #wanted = new Map<string, readonly WebhookEntry[]>()
  #address: WebhookAddress | undefined
  #turn: Promise<unknown> = Promise.resolve()
  /** Since when each policy's entries are in place, and which. */
  readonly #since = new Map<string, { readonly text: string; readonly at: number }>()

  constructor(options: ConfiguratorOptions) {
    this.#options = options
  }

  /** Puts the configuration right where somebody else changed it, and drops entries of policies that are gone. */
  async sync(): Promise<void> {
    await this.#inTurn(async () => this.#write())
  }

  /** The CA bundle and where the webhook is; until it is known nothing is written. */
  async setAddress(address: WebhookAddress): Promise<void> {
    this.#address = address
    await this.#inTurn(async () => this.#write())
  }

  /** Sets the entries of one policy; returns since when (in ms) the API server has had them, where it has. */
  async set(policy: string, entries: readonly WebhookEntry[]): Promise<number | undefined> {
    this.#wanted.set(policy, entries)
    await this.#inTurn(async () => this.#write())
    return this.#since.get(policy)?.at
  }

  /** Takes a policy's entries out; they are gone when this resolves. */
  async remove(policy: string): Promise<void> {
    this.#wanted.set(policy, [])
    await this.#inTurn(async () => this.#write())
    this.#wanted.delete(policy)
    this.#since.delete(policy)
  }

  async #write(): Promise<void> {
    const { client, cache, ownNamespace, now } = this.#options
    if (this.#address === undefined) return
    const live = cache.get(configurationName)
    const own = webhookConfiguration([...this.#wanted.values()].flat(), this.#address, ownNamespace)
    const caBundle = encodeBundle(this.#address.caBundle)
    const kept = (live?.webhooks ?? [])
      .filter(({ name }) => this.#isOfSilentPolicy(name))
      .map((each) => ({ ...each, clientConfig: { ...(each['clientConfig'] as object), caBundle } }))
    const webhooks = [...(own?.webhooks ?? []), ...kept]
    if (webhooks.length === 0) {
      if (live !== undefined) await client.delete(resources.mutatingWebhookConfigurations, { name: configurationName })
    } else if (!isInPlace(webhooks, live)) {
      const metadata = own?.metadata ?? { name: configurationName, labels: live?.metadata.labels ?? {} }
      await client.apply(resources.mutatingWebhookConfigurations, { metadata, webhooks } as object & {
        metadata: typeof metadata
      })
    }
    for (const [policy, entries] of this.#wanted) {
      const mine = JSON.stringify(entries)
      if (this.#since.get(policy)?.text === mine) continue
      if (entries.length === 0) this.#since.delete(policy)
      else this.#since.set(policy, { text: mine, at: now() })
    }
  }

  #isOfSilentPolicy(name: string): boolean {
    for (const key of this.#options.policies()) {
      const [namespace, policy] = key.split('/')
      if (!this.#wanted.has(key) && name.startsWith(`${policy}.${namespace}.`)) return true
    }
    return false
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    await turn
  }
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
