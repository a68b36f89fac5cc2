import { mostIntermediates } from '../api/bundle-settings.ts'
import type { Ingress } from '../api/ingress.ts'
import type { HostClientAuth, ObjectName } from '../api/nginx-plan.ts'
import { qualifiedName } from '../api/object-meta.ts'
import { flag, hostPattern, mapKey } from './hsts.ts'

/**
 * What the annotations auth-tls-* of ingress-nginx ask of clients, host by host, as far as a sidecar that never sees HTTP
 * can ask it. Client certificates are checked in the handshake, so whoever fails gets an alert where nginx would have
 * answered 400, and the certificate itself does not reach nginx.
 */
export interface ClientAuthRead {
  readonly hosts: readonly HostClientAuth[]
  /** What cannot be honoured, each with the Ingress and the annotation named. */
  readonly refused: readonly string[]
}

/** `certified`: names that there is a certificate for, which a client can therefore name in the handshake. */
export function readClientAuth(
  ingresses: readonly Ingress[],
  prefix: string,
  config: Readonly<Record<string, string>>,
  certified: readonly string[],
): ClientAuthRead {
  const hosts = new Map<string, HostClientAuth>()
  const refused: string[] = []
  // As in ingress-nginx: the first Ingress, in the order of age, that has a Secret for a host decides for it.
  for (const ingress of ingresses.toSorted(byAge)) {
    const { annotations = {}, namespace = '' } = ingress.metadata
    const annotation = (name: string): string | undefined => annotations[`${prefix}/auth-tls-${name}`]
    // Without it none of the others means anything.
    const named = annotation('secret')
    if (named === undefined || named === '') continue
    const refuse = (name: string, why: string): void =>
      void refused.push(`Ingress ${qualifiedName(ingress.metadata)}: ${prefix}/auth-tls-${name} ${why}`)
    for (const [name, isUsed, why] of unservable) if (isUsed(annotation(name) ?? '')) refuse(name, `(${why})`)
    const found = secretName(named, namespace)
    const isNear = found?.namespace === namespace || flag(config['allow-cross-namespace-resources'], false)
    if (found === undefined) refuse('secret', 'is neither a name nor namespace/name')
    else if (!isNear)
      refuse('secret', 'names another namespace, and allow-cross-namespace-resources is not set in the ConfigMap')
    const secret = isNear ? found : undefined
    const mode = modeOf(annotation('verify-client') ?? 'on')
    const maxIntermediates = depthOf(annotation('verify-depth') ?? '1')
    if (mode === 'off') continue
    for (const { host = '' } of ingress.spec.rules ?? []) {
      const name = host.toLowerCase()
      if (name === '')
        refuse('secret', 'stands at a rule without a host, whose clients no handshake can tell from others')
      if (name === '' || hosts.has(name)) continue
      for (const one of [name, ...aliasesOf(name, ingresses, prefix)])
        if (!hostPattern.test(one)) refuse('secret', `stands at the host ${name}, an alias of which is no DNS name`)
      if (hostPattern.test(name))
        hosts.set(name, { host: name, mode, ...(secret === undefined ? {} : { secret }), maxIntermediates })
    }
  }
  const ruled = new Set(ingresses.flatMap(({ spec }) => (spec.rules ?? []).map(({ host = '' }) => host.toLowerCase())))
  // As in ingress-nginx: a name that has a rule is nobody's alias, or anybody could bring authorities of their own for it.
  // Of two servers with one alias nginx takes the first in the order of their names.
  for (const [name, asked] of [...hosts].toSorted(([a], [b]) => compare(a, b)))
    for (const alias of aliasesOf(name, ingresses, prefix))
      if (hostPattern.test(alias) && !ruled.has(alias) && !hosts.has(alias)) hosts.set(alias, { ...asked, host: alias })
  // What no rule names is served by the wildcard's server, which asks.
  for (const name of certified) {
    const wildcard = hosts.get(name.replace(/^[^.]+/, '*'))
    if (wildcard !== undefined && !ruled.has(name) && !hosts.has(name)) hosts.set(name, { ...wildcard, host: name })
  }
  return { hosts: [...hosts.values()].toSorted((a, b) => (a.host < b.host ? -1 : 1)), refused }
}

/**
 * Guards those hosts in nginx's `http` block and in each `server`. A client could name one host in the handshake, where
 * nothing is asked of it, and another in the request. nginx itself compares the two where it has asked for a certificate;
 * here the PROXY header says which host the handshake was for, and a request for another one gets 421 (RFC 9110 §15.5.20).
 */
export function clientAuthGuard(
  hosts: readonly HostClientAuth[],
): { readonly http: string; readonly server: string } | undefined {
  if (hosts.length === 0) return undefined
  const http = [
    'map $host $chitin_client_auth {',
    '    default 0;',
    ...hosts.map(({ host }) => `    ${mapKey(host)} 1;`),
    '}',
    'map "$chitin_client_auth:$proxy_protocol_server_port:$proxy_protocol_tlv_authority:$host" $chitin_misdirected {',
    '    default 0;',
    String.raw`    "~^1:443:([^:]+):\1$" 0;`,
    '    "~^1:443:" 1;',
    '}',
  ].join('\n')
  return { http, server: 'if ($chitin_misdirected) { return 421; }' }
}

/** Other names of the same server in nginx, which any Ingress for its host may add. */
function aliasesOf(host: string, ingresses: readonly Ingress[], prefix: string): string[] {
  return ingresses
    .filter(({ spec }) => (spec.rules ?? []).some((rule) => rule.host?.toLowerCase() === host))
    .flatMap(({ metadata }) => (metadata.annotations?.[`${prefix}/server-alias`] ?? '').split(','))
    .map((alias) => alias.trim().toLowerCase())
    .filter((alias) => alias !== '')
}

function byAge(a: Ingress, b: Ingress): number {
  const [one = '', two = ''] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp]
  const [first, second] = [qualifiedName(a.metadata), qualifiedName(b.metadata)]
  return compare(one, two) || compare(first, second)
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** What is no name of an object may be anything, a key even, and is quoted nowhere. */
function secretName(value: string, namespace: string): ObjectName | undefined {
  const parts = value.split('/')
  const [first = '', second] = parts
  if (parts.length > 2 || !parts.every((part) => objectPattern.test(part))) return undefined
  return second === undefined ? { namespace, name: first } : { namespace: first, name: second }
}

/** Of a namespace or a Secret: as the API server wants it. */
const objectPattern = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

/** ssl_verify_client; anything else counts as `on`. */
function modeOf(verifyClient: string): HostClientAuth['mode'] | 'off' {
  return modes.get(verifyClient) ?? 'Require'
}

/** nginx takes what is no number, and zero, for 1; more than a bundle may say is more than any chain has. */
function depthOf(verifyDepth: string): number {
  const depth = Number(verifyDepth)
  return Number.isInteger(depth) && depth > 0 ? Math.min(depth, mostIntermediates) : 1
}

// A Map, for the word is whatever somebody wrote, and an object knows more words than its own.
const modes = new Map<string, HostClientAuth['mode'] | 'off'>([
  ['on', 'Require'],
  ['off', 'off'],
  ['optional', 'Request'],
  ['optional_no_ca', 'Observe'],
])

/** What takes a certificate inside of nginx: the annotation, whether its value asks for it, and why it cannot be. */
const unservable: readonly (readonly [name: string, isUsed: (value: string) => boolean, why: string])[] = [
  ['error-page', (value) => value !== '', 'a failed handshake has no page'],
  ['pass-certificate-to-upstream', (value) => flag(value, false), 'the certificate does not reach nginx'],
  ['match-cn', (value) => value.includes('CN='), 'the subject does not reach nginx in the form that it compares'],
]
