import { cipherSuites, isTls13Suite, type CipherSuite } from './cipher-suites.ts'
import type { Fields } from './fields.ts'
import { choices, duration, hour, optional, secretRef } from './policy-fields.ts'
import { defaultTlsGroups, tlsGroups, type TlsGroup } from './tls-groups.ts'

/** `spec.tls` of a policy: how the engine speaks. */
export interface TlsSpec {
  readonly minVersion: '1.2' | '1.3'
  /** Best first; empty: all that the engine has, in the order in which it is fastest. */
  readonly cipherSuites: readonly CipherSuite[]
  readonly groups: readonly TlsGroup[]
  /** Left out, the nginx flavour knows what its listener can speak. */
  readonly alpn?: readonly ('h2' | 'http/1.1')[]
  readonly clientAuth: ClientAuthSpec
  readonly sessionTickets: { readonly enabled: boolean; readonly rotationIntervalMs: number }
}

/** Whether clients are asked who they are. Secrets are in the policy's namespace. */
export type ClientAuthSpec =
  | { readonly mode: 'None' }
  | {
      /** Request: a client may come without a certificate, but not with a bad one. */
      readonly mode: 'Request' | 'Require'
      /** A Secret whose `ca.crt` holds the authorities to believe. */
      readonly caRef: { readonly name: string }
      /** A Secret whose `ca.crl` holds the lists of what they have revoked. */
      readonly crlRef?: { readonly name: string }
    }

export function parseTls(from: Fields): TlsSpec {
  const minVersion = from.oneOf('minVersion', ['1.2', '1.3']) ?? '1.2'
  const suites = choices(from, 'cipherSuites', 0, cipherSuites) ?? []
  const groups = choices(from, 'groups', 1, tlsGroups)
  const alpn = choices(from, 'alpn', 0, alpnProtocols)
  const clientAuth = parseClientAuth(from.fields('clientAuth'))
  const sessionTickets = parseSessionTickets(from.fields('sessionTickets'))
  from.end()
  refuseUseless(from, minVersion, suites)
  return {
    minVersion,
    cipherSuites: suites,
    groups: groups ?? defaultTlsGroups,
    ...optional('alpn', alpn),
    clientAuth,
    sessionTickets,
  }
}

/** A list of suites that leaves a version without any, or names some that no version can use, is not what was meant. */
function refuseUseless(from: Fields, minVersion: string, suites: readonly CipherSuite[]): void {
  if (suites.length === 0) return
  const path = from.at('cipherSuites')
  const older = suites.filter((name) => !isTls13Suite(name))
  if (older.length === suites.length) from.refuse(path, suites, 'a suite of TLS 1.3 among them')
  if (minVersion === '1.2' && older.length === 0)
    from.refuse(path, suites, 'a suite of TLS 1.2 among them, or minVersion "1.3"')
  if (minVersion === '1.3' && older[0] !== undefined)
    from.refuse(path, older[0], 'no suite of TLS 1.2 with minVersion "1.3"')
}

function parseClientAuth(from: Fields): ClientAuthSpec {
  const mode = from.oneOf('mode', ['None', 'Request', 'Require']) ?? 'None'
  const caRef = secretRef(from, 'caRef')
  const crlRef = secretRef(from, 'crlRef')
  from.end()
  if (mode === 'None') {
    if (caRef !== undefined || crlRef !== undefined)
      from.refuse(from.at('mode'), mode, 'Request or Require where caRef or crlRef is given')
    return { mode }
  }
  if (caRef === undefined) from.refuse(from.at('caRef'), undefined, `a Secret with ca.crt, for mode ${mode}`)
  return { mode, caRef: caRef ?? { name: '' }, ...optional('crlRef', crlRef) }
}

function parseSessionTickets(from: Fields): TlsSpec['sessionTickets'] {
  const enabled = from.boolean('enabled') ?? true
  // RFC 8446 §4.6.1: no ticket lives longer than seven days, so neither need its key.
  const rotationIntervalMs = duration(from, 'rotationInterval', hour, 168 * hour) ?? 12 * hour
  from.end()
  return { enabled, rotationIntervalMs }
}

const alpnProtocols = ['h2', 'http/1.1'] as const
