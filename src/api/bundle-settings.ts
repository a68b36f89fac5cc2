import { BundleError, list, record, sha256, text } from './bundle-fields.ts'
import { cipherSuites, isCipherSuite, type CipherSuite } from './cipher-suites.ts'
import { isTlsGroup, tlsGroups, type TlsGroup } from './tls-groups.ts'

/** How the engine speaks, as the operator tells the terminator. What is left out is the engine's own choice. */
export interface TlsSettings {
  /** Groups the server takes, its own preference first. */
  readonly groups: readonly TlsGroup[]
  /** ALPN protocols, the server's preference first; empty: ALPN is ignored. */
  readonly alpn: readonly string[]
  readonly minVersion?: '1.2' | '1.3'
  readonly cipherSuites?: readonly CipherSuite[]
  /** What is asked of clients; left out: nothing. */
  readonly clientAuth?: BundleClientAuth
}

/** What is asked of a client, and whom to believe about it. */
export interface BundleClientAuth {
  /**
   * Require: nobody comes in without a good certificate. Request: without one, but not with a bad one. Observe: with any,
   * and what is wrong with it is told to nginx.
   */
  readonly mode: 'Require' | 'Request' | 'Observe'
  /** SHA-256 of each authority's certificate; empty: nobody is believed. */
  readonly authorities: readonly string[]
  /** SHA-256 of each revocation list; left out: nobody is asked. */
  readonly crls?: readonly string[]
  /** Certificates between a client's own and its authority's, at most. */
  readonly maxIntermediates?: number
  /** `namespace/name` of the Secret of the authorities: what it was once good for, it is good for in that namespace only. */
  readonly secret: string
}

/** No chain that anybody uses has more. */
export const mostIntermediates = 100

/** The keys of session tickets, alike for all pods. They come and go without a new generation. */
export interface BundleTickets {
  /** The first one seals, all of them open. */
  readonly keys: readonly BundleTicketKey[]
  /** How long a ticket is good for, in seconds. */
  readonly lifetimeSeconds: number
}

export interface BundleTicketKey {
  /** Hex of the 16 bytes that name it in a ticket. Its own 32 bytes stand in a file of that name. */
  readonly name: string
  /** When it begins to seal, RFC 3339. */
  readonly from: string
}

export function tlsSettings(value: unknown, where: string): TlsSettings {
  const from = record(value, where)
  const minVersion = from['minVersion']
  if (minVersion !== undefined && minVersion !== '1.2' && minVersion !== '1.3')
    throw new BundleError(`${where}.minVersion`, minVersion, '1.2 or 1.3')
  const suites = from['cipherSuites']
  const asked = from['clientAuth']
  return {
    groups: list(from['groups'], `${where}.groups`).map((name, i) => group(name, `${where}.groups[${i}]`)),
    alpn: list(from['alpn'], `${where}.alpn`).map((name, i) => text(name, `${where}.alpn[${i}]`)),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(suites === undefined
      ? {}
      : {
          cipherSuites: list(suites, `${where}.cipherSuites`).map((name, i) =>
            suite(name, `${where}.cipherSuites[${i}]`),
          ),
        }),
    ...(asked === undefined ? {} : { clientAuth: clientAuth(asked, `${where}.clientAuth`) }),
  }
}

export function clientAuth(value: unknown, where: string): BundleClientAuth {
  const from = record(value, where)
  const { mode, crls, maxIntermediates } = from
  if (mode !== 'Require' && mode !== 'Request' && mode !== 'Observe')
    throw new BundleError(`${where}.mode`, mode, 'Require, Request or Observe')
  const depth = Number.isInteger(maxIntermediates) ? Number(maxIntermediates) : undefined
  if (maxIntermediates !== undefined && (depth === undefined || depth < 0 || depth > mostIntermediates))
    throw new BundleError(
      `${where}.maxIntermediates`,
      maxIntermediates,
      `a whole number from 0 to ${mostIntermediates}`,
    )
  return {
    mode,
    authorities: hashes(from['authorities'], `${where}.authorities`),
    ...(crls === undefined ? {} : { crls: hashes(crls, `${where}.crls`) }),
    ...(depth === undefined ? {} : { maxIntermediates: depth }),
    secret: text(from['secret'], `${where}.secret`),
  }
}

export function tickets(value: unknown, where: string): BundleTickets {
  const from = record(value, where)
  const keys = list(from['keys'], `${where}.keys`).map((item, i) => {
    const key = record(item, `${where}.keys[${i}]`)
    const { name } = key
    if (typeof name !== 'string' || !/^[0-9a-f]{32}$/.test(name))
      throw new BundleError(`${where}.keys[${i}].name`, name, '32 hex digits')
    const begins = text(key['from'], `${where}.keys[${i}].from`)
    if (Number.isNaN(Date.parse(begins)))
      throw new BundleError(`${where}.keys[${i}].from`, begins, 'a time of RFC 3339')
    return { name, from: begins }
  })
  const names = new Set(keys.map(({ name }) => name))
  if (names.size < keys.length) throw new BundleError(`${where}.keys`, keys, 'each name once')
  const lifetimeSeconds = from['lifetimeSeconds']
  // RFC 8446 §4.6.1: at most seven days.
  if (typeof lifetimeSeconds !== 'number' || !(lifetimeSeconds > 0 && lifetimeSeconds <= 604_800))
    throw new BundleError(`${where}.lifetimeSeconds`, lifetimeSeconds, 'a number up to 604800')
  return { keys, lifetimeSeconds }
}

function hashes(value: unknown, where: string): string[] {
  return list(value, where).map((hash, i) => sha256(hash, `${where}[${i}]`))
}

function group(value: unknown, where: string): TlsGroup {
  if (!isTlsGroup(value)) throw new BundleError(where, value, tlsGroups.join(', '))
  return value
}

function suite(value: unknown, where: string): CipherSuite {
  if (!isCipherSuite(value)) throw new BundleError(where, value, cipherSuites.join(', '))
  return value
}
