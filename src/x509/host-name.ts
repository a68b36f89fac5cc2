import { parseAddress } from '../bytes/ip-address.ts'
import { equal } from '../bytes/arrays.ts'
import type { Certificate } from './certificate.ts'

/**
 * Whether a certificate carries the name that we meant to reach, a host name or an IP address (RFC 9525 §6). Only the
 * subjectAltName counts, never the commonName (§2). International names are asked for in A-labels (`xn--`), which is how
 * certificates have them.
 */
export function coversName({ dnsNames, ipAddresses }: Certificate, name: string): boolean {
  const address = parseAddress(name)
  // §6.4: an address is compared as bytes, and only with addresses.
  if (address !== undefined) return ipAddresses.some((one) => equal(one, address))
  const host = normalize(name)
  return hostName.test(host) && dnsNames.some((pattern) => matches(pattern, host))
}

/** A name in the form we compare: lower case, without a trailing dot. */
export function normalize(name: string): string {
  const lower = name.toLowerCase()
  return lower.endsWith('.') ? lower.slice(0, -1) : lower
}

/**
 * Whether a certificate's dNSName covers a name (RFC 9525 §6.3): equal, or a wildcard as the whole left-most label, which
 * stands for exactly one label. A wildcard name is covered by the same wildcard only.
 */
export function matches(pattern: string, name: string): boolean {
  const wanted = normalize(name)
  const offered = normalize(pattern)
  if (wanted === offered) return true
  if (!offered.startsWith('*.') || wanted.startsWith('*.')) return false
  const dot = wanted.indexOf('.')
  // `*.com` would claim a whole registry; no authority issues it, and browsers refuse it.
  return dot > 0 && wanted.slice(dot) === offered.slice(1) && offered.indexOf('.', 2) > 0
}

/** The wildcard that would stand for a name: `*.example.com` for `a.example.com`; undefined for a single label. */
export function wildcardOf(name: string): string | undefined {
  const dot = name.indexOf('.')
  return dot > 0 ? `*${name.slice(dot)}` : undefined
}

/** Labels of letters, digits, hyphens and underscores: what one can look up, and nothing with a wildcard of its own. */
const hostName = /^(?!.{254})([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/
