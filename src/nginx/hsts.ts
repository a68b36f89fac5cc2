import type { HstsSpec } from '../api/tls-policy.ts'

/**
 * The header Strict-Transport-Security, as a piece of nginx configuration for the `http` block. ingress-nginx's own Lua
 * sends it only where nginx itself has terminated TLS, which is no longer so. As there, only hosts that have a
 * certificate get it: so a map from host to value, and one from the port that the client came to. Undefined where there
 * is nothing to send.
 */
export function hstsSnippet(
  policy: HstsSpec,
  config: Readonly<Record<string, string>>,
  hosts: readonly string[],
): string | undefined {
  const enabled = policy.enabled ?? flag(config['hsts'], true)
  const names = [...new Set(hosts)].filter((name) => hostPattern.test(name)).toSorted()
  if (!enabled || names.length === 0) return undefined
  return [
    // The value stands here once, and not once for each host: a ConfigMap ends at 1 MiB.
    'map $host $chitin_hsts_host {',
    '    default 0;',
    ...names.map((name) => `    ${mapKey(name)} 1;`),
    '}',
    'map "$proxy_protocol_server_port:$chitin_hsts_host" $chitin_hsts {',
    '    default "";',
    `    "443:1" "${headerValue(policy, config)}";`,
    '}',
    'more_set_headers "Strict-Transport-Security: $chitin_hsts";',
  ].join('\n')
}

/** The map-hash-bucket-size that the longest name needs, where that is more than there is: nginx would not start. */
export function bucketSize(config: Readonly<Record<string, string>>, hosts: readonly string[]): string | undefined {
  const longest = Math.max(0, ...hosts.map((name) => name.length))
  const present = Number(config['map-hash-bucket-size'] ?? 64)
  // An element takes its name and up to 26 bytes beside it; nginx rounds up to a cache line.
  if (longest + 26 <= present) return undefined
  return String(2 ** Math.ceil(Math.log2(longest + 26)))
}

function headerValue(policy: HstsSpec, config: Readonly<Record<string, string>>): string {
  const given = config['hsts-max-age']
  const configured = given !== undefined && /^\d{1,12}$/.test(given) ? given : '31536000'
  const maxAge = policy.maxAgeMs === undefined ? configured : String(Math.round(policy.maxAgeMs / 1000))
  const includeSubDomains = policy.includeSubDomains ?? flag(config['hsts-include-subdomains'], true)
  const preload = policy.preload ?? flag(config['hsts-preload'], false)
  return `max-age=${maxAge}${includeSubDomains ? '; includeSubDomains' : ''}${preload ? '; preload' : ''}`
}

/** A name as the key of a `map`. A wildcard stands for exactly one label; nginx's own `*.` would stand for any number. */
export function mapKey(name: string): string {
  // A host may be called as a parameter of `map` is; nginx would not start.
  if (mapParameters.has(name)) return `\\${name}`
  if (!name.startsWith('*.')) return name
  return `"~^[^.]+\\.${name.slice(2).replaceAll('.', '\\.')}$"`
}

const mapParameters = new Set(['default', 'hostnames', 'include', 'volatile'])

/** As ingress-nginx reads a boolean: Go's strconv.ParseBool. */
export function flag(value: string | undefined, fallback: boolean): boolean {
  if (value === undefined) return fallback
  return ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(value)
}

/** Names go into nginx's configuration: nothing but a DNS name may pass, its labels no longer than RFC 1035 §2.3.4 has it. */
export const hostPattern = /^(\*\.)?[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/
