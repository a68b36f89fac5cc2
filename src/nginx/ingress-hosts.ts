import type { Ingress } from '../api/ingress.ts'

/**
 * Hosts of one Ingress and the Secrets of its namespace that may serve them, by the rules of ingress-nginx
 * (extractTLSSecretName): an entry of spec.tls serves the hosts that it lists; any other host of a rule gets the first
 * Secret of the Ingress whose certificate names it, and so do the hosts that two annotations add.
 */
export interface IngressHosts {
  /** Lower case. */
  readonly hosts: readonly string[]
  /** In the order in which they are tried; empty where only the default certificate is left. */
  readonly secrets: readonly string[]
  /**
   * listed: the Secret is for these hosts. covering: the first one that names a host serves it, and one of them should.
   * optional: as covering, but a host that none of them names was not meant to be served.
   */
  readonly by: 'listed' | 'covering' | 'optional'
  /** No rule of this Ingress names them: an Ingress with a rule for one of them has it, for nginx makes servers of rules. */
  readonly yields?: true
}

/** What an Ingress says of its hosts; nothing where it has no spec.tls. `prefix` is that of the controller's annotations. */
export function ingressHosts({ metadata, spec }: Ingress, prefix: string): IngressHosts[] {
  const { tls = [], rules = [] } = spec
  if (tls.length === 0) return []
  const ruled = unique(rules.flatMap(({ host }) => host ?? []))
  const listed = tls.flatMap(({ hosts = [], secretName }): IngressHosts[] => {
    const all = unique(hosts)
    const entry = { secrets: secretsIn([{ secretName }]), by: 'listed' } as const
    return [
      { ...entry, hosts: all.filter((host) => ruled.includes(host)) },
      { ...entry, hosts: all.filter((host) => !ruled.includes(host)), yields: true },
    ]
  })
  const known = new Set(listed.flatMap(({ hosts }) => hosts))
  const others = ruled.filter((host) => !known.has(host))
  const added = addedHosts(metadata.annotations ?? {}, prefix, ruled).filter(
    (host) => !known.has(host) && !others.includes(host),
  )
  const isForAll = tls.some(({ hosts = [] }) => hosts.length === 0)
  const secrets = secretsIn(tls)
  const rest: IngressHosts[] = [
    { hosts: others, secrets, by: isForAll ? 'covering' : 'optional' },
    { hosts: added, secrets, by: 'optional', yields: true },
  ]
  return [...listed, ...rest].filter(({ hosts }) => hosts.length > 0)
}

/** Hosts that no rule names: aliases, and `www.` put in front of a host or taken away. */
function addedHosts(annotations: Readonly<Record<string, string>>, prefix: string, ruled: readonly string[]): string[] {
  const aliases = (annotations[`${prefix}/server-alias`] ?? '').split(',').map((alias) => alias.trim())
  const redirects = annotations[`${prefix}/from-to-www-redirect`] === 'true'
  const www = redirects ? ruled.filter((host) => !host.startsWith('*.')).map(otherWww) : []
  // An alias may be a regular expression, for which no certificate can be chosen by name.
  return unique([...aliases.filter((alias) => dnsName.test(alias)), ...www])
}

function otherWww(host: string): string {
  return host.startsWith('www.') ? host.slice(4) : `www.${host}`
}

function secretsIn(tls: readonly { readonly secretName?: string | undefined }[]): string[] {
  return [...new Set(tls.flatMap(({ secretName }) => secretName ?? []).filter((name) => name !== ''))]
}

function unique(hosts: readonly string[]): string[] {
  return [...new Set(hosts.map((host) => host.toLowerCase()).filter((host) => host !== ''))]
}

const dnsName = /^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i
