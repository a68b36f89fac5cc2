import { toHex } from '../bytes/hex.ts'
import { BundleError, generationId, hostName, list, record, sha256, text } from './bundle-fields.ts'
import {
  clientAuth,
  tickets,
  tlsSettings,
  type BundleClientAuth,
  type BundleTickets,
  type TlsSettings,
} from './bundle-settings.ts'

/**
 * The bundle: what the operator compiles from a policy and its Secrets, and the terminator reads. On disk it is a
 * directory (a mounted Secret): `bundle.json`, plus content-addressed DER files that it names:
 *
 *     cert-<sha256>   one certificate, DER; <sha256> is of the file's bytes
 *     crl-<sha256>    one certificate revocation list, DER
 *     key-<sha256>    one private key, PKCS#8 DER; <sha256> is of the public key (SubjectPublicKeyInfo DER), never of the key
 *     ticket-<name>   one key of session tickets, 32 bytes; <name> stands in each ticket
 *
 * Intermediates that many chains share are stored once. A bundle carries a committed generation and, during a
 * rotation, a candidate.
 */
export interface BundleManifest {
  readonly committed: Generation
  readonly candidate?: Generation
  readonly tickets?: BundleTickets
}

export interface Generation {
  /** Hash of everything below it, and of whether there are tickets: equal content has an equal id. */
  readonly id: string
  readonly tls: TlsSettings
  readonly hosts: readonly BundleHost[]
  /** What an unknown name gets; absent: the `unrecognized_name` alert. */
  readonly defaultCredentials?: readonly BundleCredential[]
}

export interface BundleHost {
  /** Lower case, no trailing dot; `*.example.com` stands for one label. */
  readonly names: readonly string[]
  /** At most one per key type, best first. */
  readonly credentials: readonly BundleCredential[]
  /** Instead of `tls.clientAuth`. */
  readonly clientAuth?: BundleClientAuth
}

export interface BundleCredential {
  /** SHA-256 of each certificate's DER, lower-case hex, leaf first. */
  readonly chain: readonly string[]
  /** SHA-256 of the leaf's SubjectPublicKeyInfo, lower-case hex: names the key file. */
  readonly key: string
  /** `namespace/name` of the Secret it was read from: what it was once good for, it is good for in that namespace only. */
  readonly secret?: string
}

export const manifestFile = 'bundle.json'

export function certificateFile(sha256: string): string {
  return `cert-${sha256}`
}

export function crlFile(sha256: string): string {
  return `crl-${sha256}`
}

export function ticketFile(name: string): string {
  return `ticket-${name}`
}

export function keyFile(sha256: string): string {
  return `key-${sha256}`
}

/** Parses the text of `bundle.json`. Throws BundleError. */
export function parseManifest(text: string): BundleManifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new BundleError(manifestFile, text, 'JSON')
  }
  const manifest = record(value, manifestFile)
  const version = manifest['formatVersion']
  if (version !== 1 && version !== 2) throw new BundleError('formatVersion', version, '1 or 2')
  return {
    committed: generation(manifest['committed'], 'committed'),
    ...(manifest['candidate'] === undefined ? {} : { candidate: generation(manifest['candidate'], 'candidate') }),
    ...(manifest['tickets'] === undefined ? {} : { tickets: tickets(manifest['tickets'], 'tickets') }),
  }
}

/**
 * The text of `bundle.json`. It is of version 2 where clients are asked for certificates: a sidecar that does not know of
 * that refuses the bundle, and goes on with the one it has, instead of letting everybody in.
 */
export function writeManifest(manifest: BundleManifest): string {
  const generations = [manifest.committed, ...(manifest.candidate === undefined ? [] : [manifest.candidate])]
  const asks = generations.some(({ tls, hosts }) => [tls, ...hosts].some((one) => one.clientAuth !== undefined))
  return JSON.stringify({ formatVersion: asks ? 2 : 1, ...manifest })
}

/**
 * Gives content its id: equal content, equal id. `sha256` is handed in, for this folder knows no crypto. The keys of
 * tickets come and go without a new id, which pods would be told of; but whether there are any is worth telling them.
 */
export function identify(
  content: Omit<Generation, 'id'>,
  sha256: (bytes: Uint8Array) => Uint8Array,
  { hasTickets = false } = {},
): Generation {
  const text = JSON.stringify(hasTickets ? { ...content, hasTickets } : content)
  return { id: toHex(sha256(new TextEncoder().encode(text))).slice(0, 16), ...content }
}

function generation(value: unknown, where: string): Generation {
  const from = record(value, where)
  const parsed = {
    id: generationId(from['id'], `${where}.id`),
    tls: tlsSettings(from['tls'], `${where}.tls`),
    hosts: list(from['hosts'], `${where}.hosts`).map((host, i) => bundleHost(host, `${where}.hosts[${i}]`)),
  }
  if (from['defaultCredentials'] === undefined) return parsed
  return { ...parsed, defaultCredentials: credentials(from['defaultCredentials'], `${where}.defaultCredentials`) }
}

function bundleHost(value: unknown, where: string): BundleHost {
  const from = record(value, where)
  return {
    names: list(from['names'], `${where}.names`).map((name, i) => hostName(name, `${where}.names[${i}]`)),
    credentials: credentials(from['credentials'], `${where}.credentials`),
    ...(from['clientAuth'] === undefined ? {} : { clientAuth: clientAuth(from['clientAuth'], `${where}.clientAuth`) }),
  }
}

function credentials(value: unknown, where: string): BundleCredential[] {
  return list(value, where).map((item, i) => {
    const from = record(item, `${where}[${i}]`)
    const parsed = {
      chain: list(from['chain'], `${where}[${i}].chain`).map((hash, j) => sha256(hash, `${where}[${i}].chain[${j}]`)),
      key: sha256(from['key'], `${where}[${i}].key`),
    }
    if (from['secret'] === undefined) return parsed
    return { ...parsed, secret: text(from['secret'], `${where}[${i}].secret`) }
  })
}
