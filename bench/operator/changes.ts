/**
 * What one change costs: the operator's CPU time and requests until it has nothing more to do, without what it uses when
 * nothing changes; and the time until the change is seen in the policy's status. Changes come one at a time.
 *
 * Meanwhile other policies get the looks that are due every few minutes. Each is one GET of its policy, which is taken off
 * by their number, as the operator counts it; their CPU time is not, for nobody measures it apart.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ingress } from '../../src/api/ingress.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { resources, type KubeObject } from '../../src/kube/resource.ts'
import { say } from '../../test/cluster/shell.ts'
import { eventually } from '../../test/control-plane/harness.ts'
import type { Looks, OperatorProcess } from './operator-process.ts'
import type { PolicyWatch } from './policy-watch.ts'
import { secretOf, type Authority, type Team } from './population.ts'
import type { Usage } from './probe.ts'
import { costText } from './report.ts'

/** Of one change, on average. */
export interface Cost {
  readonly cpuMs: number
  readonly requests: Readonly<Record<string, number>>
  /** At policies: those that the change is the reason of, and those that were due meanwhile. */
  readonly looks: Looks
  /** The median time until it is seen in the status; undefined where it changes none. */
  readonly seenMs?: number
}

/** Of one second in which nothing changes. */
export type Idle = Pick<Cost, 'cpuMs' | 'requests'>

export interface ChangesOptions {
  readonly client: KubeClient
  readonly operator: OperatorProcess
  readonly authority: Authority
  readonly watch: PolicyWatch
}

export class Changes {
  readonly #options: ChangesOptions

  constructor(options: ChangesOptions) {
    this.#options = options
  }

  /** Waits until the operator has nothing to do, and says what that costs. */
  async idle(): Promise<Idle> {
    const { operator } = this.#options
    await this.#quiet()
    const before = await operator.usage()
    await sleep(idleMs)
    return spent(before, await operator.usage(), idleMs / 1000)
  }

  /** A Secret gets a new certificate; seen when the pods were found to serve it. */
  async secret(teams: readonly Team[], times: number): Promise<Cost> {
    const { client, authority, watch } = this.#options
    return this.#measure(`a Secret among ${teams.length} policies`, teams, times, async (team) => {
      const [{ host, secret } = { host: '', secret: '' }] = team.ingresses[0]?.hosts ?? []
      const { data } = await secretOf(team, secret, host, authority)
      const before = certificateOf(watch, team, host)
      await client.patch(resources.secrets, { namespace: team.namespace, name: secret }, { data })
      return () => {
        const now = certificateOf(watch, team, host)
        return now?.fingerprintSHA256 !== before?.fingerprintSHA256 && now?.verifiedAt !== undefined
      }
    })
  }

  /** An Ingress gets one more path, which changes nothing for TLS. */
  async ingress(teams: readonly Team[], times: number): Promise<Cost> {
    const { client } = this.#options
    return this.#measure(`an Ingress among ${teams.length} policies`, teams, times, async (team, turn) => {
      const ref = { namespace: team.namespace, name: team.ingresses[0]?.name ?? '' }
      const { spec } = await client.get<Ingress & KubeObject>(resources.ingresses, ref)
      const backend = { service: { name: 'backend', port: { number: 80 } } }
      const path = { path: `/more-${turn}`, pathType: 'Prefix', backend }
      const rules = spec.rules?.map(({ host }) => ({ host, http: { paths: [path] } }))
      await client.patch(resources.ingresses, ref, { spec: { rules } })
      return undefined
    })
  }

  /** A policy gets another field; seen when its status is about the new generation. */
  async policy(teams: readonly Team[], times: number): Promise<Cost> {
    const { client, watch } = this.#options
    return this.#measure(`one of ${teams.length} policies`, teams, times, async ({ namespace, name }, turn) => {
      const spec = { rotation: { expiryWarning: `${100 + turn}h` } }
      const { metadata } = await client.patch(resources.tlsPolicies, { namespace, name }, { spec })
      const { generation = 0 } = metadata
      return () => (watch.cache.get(`${namespace}/${name}`)?.status?.observedGeneration ?? 0) >= generation
    })
  }

  async #measure(
    what: string,
    teams: readonly Team[],
    times: number,
    change: (team: Team, turn: number) => Promise<(() => boolean) | undefined>,
  ): Promise<Cost> {
    say(`changing ${what}, ${times} times`)
    const { operator } = this.#options
    const idle = await this.idle()
    const seen: number[] = []
    // Outside of what is measured, for metrics cost CPU time, too.
    const looksBefore = await operator.looks()
    const before = await operator.usage()
    const began = performance.now()
    for (let turn = 0; turn < times; turn++) {
      const team = teams[Math.floor((turn * teams.length) / times)]
      if (team === undefined) throw new Error('there is no team to change')
      const at = performance.now()
      const isSeen = await change(team, turn)
      if (isSeen !== undefined) {
        await eventually(`the change of ${team.name} is seen`, isSeen)
        seen.push(performance.now() - at)
      }
      await this.#quiet()
    }
    const seconds = (performance.now() - began) / 1000
    const total = spent(before, await operator.usage(), times)
    const looksAfter = await operator.looks()
    const looks = {
      change: (looksAfter.change - looksBefore.change) / times,
      time: (looksAfter.time - looksBefore.time) / times,
    }
    const share = seconds / times
    const requests = Object.entries(total.requests).map(([name, count]) => [
      name,
      Math.max(0, count - (name === policyRead ? looks.time : (idle.requests[name] ?? 0) * share)),
    ])
    const median = seen.toSorted((a, b) => a - b)[Math.floor(seen.length / 2)]
    const cost = {
      cpuMs: Math.max(0, total.cpuMs - idle.cpuMs * share),
      requests: Object.fromEntries(requests) as Record<string, number>,
      looks,
      ...(median === undefined ? {} : { seenMs: median }),
    }
    say(`  each: ${costText(cost)}`)
    return cost
  }

  /** Until no write was made for a second. */
  async #quiet(): Promise<void> {
    const { operator } = this.#options
    let before = writes(await operator.usage())
    let since = performance.now()
    await eventually(
      'the operator has nothing more to write',
      async () => {
        await sleep(100)
        const now = writes(await operator.usage())
        if (now !== before) since = performance.now()
        before = now
        return performance.now() - since > 1000
      },
      300_000,
    )
  }
}

function certificateOf({ cache }: PolicyWatch, { namespace, name }: Team, host: string) {
  return cache.get(`${namespace}/${name}`)?.status?.certificates?.find((one) => one.host === host)
}

/** What was used between two looks, divided by `parts`. */
function spent(before: Usage, after: Usage, parts: number): Idle {
  const requests = Object.entries(after.requests)
    .map(([name, count]) => [name, (count - (before.requests[name] ?? 0)) / parts] as const)
    .filter(([name, count]) => count > 0 && !name.includes('leases'))
  return { cpuMs: (after.cpuMs - before.cpuMs) / parts, requests: Object.fromEntries(requests) }
}

function writes({ requests }: Usage): number {
  return Object.entries(requests).reduce((sum, [name, count]) => (isWrite(name) ? sum + count : sum), 0)
}

/** Renewing the Lease is no answer to a change. */
function isWrite(name: string): boolean {
  return !name.startsWith('GET ') && !name.includes('leases')
}

const idleMs = 5000
const policyRead = 'GET tlspolicies'
