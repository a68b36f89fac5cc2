/** What the operator says of the policies, as somebody who watches them sees it. */
import type { Condition } from '../../src/api/condition.ts'
import type { TLSPolicyStatus } from '../../src/api/tls-policy-status.ts'
import { Cache } from '../../src/kube/cache.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { Reflector } from '../../src/kube/reflector.ts'
import { resources, type KubeObject } from '../../src/kube/resource.ts'

export type WatchedPolicy = KubeObject & { readonly status?: TLSPolicyStatus }

export interface PolicyWatch {
  readonly cache: Cache<WatchedPolicy>
  /** Policies of whose present generation something was said. */
  judged(): number
  /** Policies that are in force, with every certificate seen on the wire. */
  ready(): number
}

export function policyWatch(client: KubeClient, signal: AbortSignal): PolicyWatch {
  const cache = new Cache<WatchedPolicy>()
  void new Reflector({ client, type: resources.tlsPolicies, cache }).run(signal)
  const count = (suits: (ready: Condition) => boolean): number =>
    cache.list().filter((policy) => {
      const ready = policy.status?.conditions?.find(({ type }) => type === 'Ready')
      return ready !== undefined && ready.observedGeneration === policy.metadata.generation && suits(ready)
    }).length
  return { cache, judged: () => count(() => true), ready: () => count(({ status }) => status === 'True') }
}
