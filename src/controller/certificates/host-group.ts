/** Who says which Secrets a host is to be served from, and whose word counts. */
import { normalize } from '../../x509/host-name.ts'
import { compare } from './compare.ts'
import type { SecretInput } from './secret-input.ts'

/** Hosts and the Secrets that are to serve them. */
export interface HostGroup {
  readonly hosts: readonly string[]
  readonly secrets: readonly SecretInput[]
  readonly from: Origin
  /**
   * all: every Secret is for every host. covering: a host gets the first Secret whose certificate names it, and should get
   * one. optional: as covering, but a host that no certificate names is left to other groups, or not served.
   */
  readonly choose: 'all' | 'covering' | 'optional'
  /** Behind every Ingress that has a rule for the host, however much younger: no alias takes a host from its owner. */
  readonly yields?: true
}

/** Who says so: the policy itself wins over Ingresses, and among those the oldest wins. */
export type Origin =
  | { readonly by: 'policy' }
  | {
      readonly by: 'ingress'
      readonly namespace: string
      readonly name: string
      /** metadata.creationTimestamp, RFC 3339. */
      readonly createdAt: string
    }

/** Who would serve each host, the first in rank first; in the order of host names. */
export function claims(groups: readonly HostGroup[]): [host: string, groups: readonly HostGroup[]][] {
  const claimed = new Map<string, HostGroup[]>()
  for (const group of groups.toSorted((a, b) => rank(a) - rank(b) || compareOrigins(a.from, b.from)))
    for (const host of new Set(group.hosts.map(normalize))) {
      const others = claimed.get(host)
      if (others === undefined) claimed.set(host, [group])
      else others.push(group)
    }
  return [...claimed].toSorted(([a], [b]) => compare(a, b))
}

function rank({ from, yields }: HostGroup): number {
  if (from.by === 'policy') return 0
  return yields === true ? 2 : 1
}

function compareOrigins(a: Origin, b: Origin): number {
  if (a.by === 'policy' || b.by === 'policy') return 0
  return compare(a.createdAt, b.createdAt) || compare(a.namespace, b.namespace) || compare(a.name, b.name)
}
