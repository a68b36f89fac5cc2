import { toHex } from '../bytes/hex.ts'
import { isTlsGroup, tlsGroups, type TlsGroup } from './tls-groups.ts'

/**
 * The bundle: what the operator compiles from a policy and its Secrets, and the terminator reads. On disk it is a
 * directory (a mounted Secret): `bundle.json`, plus content-addressed DER files that it names:
 *
 *     cert-<sha256>   one certificate, DER; <sha256> is of the file's bytes
 *     key-<sha256>    one private key, PKCS#8 DER; <sha256> is of the public key (SubjectPublicKeyInfo DER), never of the key
 *
 * Intermediates that many chains share are stored once. A bundle carries a committed generation and, during a
 * rotation, a candidate.
 */
export interface BundleManifest {
  readonly formatVersion: 1
  readonly committed: Generation
  readonly candidate?: Generation
}

export interface Generation {
  /** Hash of everything below it: equal content has an equal id. */
  readonly id: string
  readonly tls: TlsSettings
  readonly hosts: readonly BundleHost[]
  /** What an unknown name gets; absent: the `unrecognized_name` alert. */
  readonly defaultCredentials?: readonly BundleCredential[]
}

export interface TlsSettings {
  /** Groups the server takes, its own preference first. */
  readonly groups: readonly TlsGroup[]
  /** ALPN protocols, the server's preference first; empty: ALPN is ignored. */
  readonly alpn: readonly string[]
}

export interface BundleHost {
  /** Lower case, no trailing dot; `*.example.com` stands for one label. */
  readonly names: readonly string[]
  /** At most one per key type, best first. */
  readonly credentials: readonly BundleCredential[]
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

export function keyFile(sha256: string): string {
  return `key-${sha256}`
}

/** Thrown by `parseManifest`: what was found, what was expected, and where. Holds no file content. */
export class BundleError extends Error {
  constructor(where: string, found: unknown, expected: string) {
    super(`bundle ${where}: found ${describe(found)}, expected ${expected}`)
    this.name = 'BundleError'
  }
}

/** Parses the text of `bundle.json`. Throws BundleError. */
export function parseManifest(text: string): BundleManifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new BundleError(manifestFile, `${text.length} characters`, 'JSON')
  }
  const manifest = record(value, manifestFile)
  if (manifest['formatVersion'] !== 1) throw new BundleError('formatVersion', manifest['formatVersion'], '1')
  const committed = generation(manifest['committed'], 'committed')
  if (manifest['candidate'] === undefined) return { formatVersion: 1, committed }
  return { formatVersion: 1, committed, candidate: generation(manifest['candidate'], 'candidate') }
}

/** The text of `bundle.json`; `digest` is SHA-256. */
export function writeManifest(manifest: BundleManifest): string {
  return JSON.stringify(manifest)
}

/** Gives content its id: equal content, equal id. `sha256` is handed in, for this folder knows no crypto. */
export function identify(content: Omit<Generation, 'id'>, sha256: (bytes: Uint8Array) => Uint8Array): Generation {
  const id = toHex(sha256(new TextEncoder().encode(JSON.stringify(content)))).slice(0, 16)
  return { id, ...content }
}

function generation(value: unknown, where: string): Generation {
  const from = record(value, where)
  const tls = record(from['tls'], `${where}.tls`)
  const parsed = {
    id: text(from['id'], `${where}.id`),
    tls: {
      groups: list(tls['groups'], `${where}.tls.groups`).map((name, i) => group(name, `${where}.tls.groups[${i}]`)),
      alpn: list(tls['alpn'], `${where}.tls.alpn`).map((name, i) => text(name, `${where}.tls.alpn[${i}]`)),
    },
    hosts: list(from['hosts'], `${where}.hosts`).map((host, i) => bundleHost(host, `${where}.hosts[${i}]`)),
  }
  if (from['defaultCredentials'] === undefined) return parsed
  return { ...parsed, defaultCredentials: credentials(from['defaultCredentials'], `${where}.defaultCredentials`) }
}

function bundleHost(value: unknown, where: string): BundleHost {
  const from = record(value, where)
  return {
    names: list(from['names'], `${where}.names`).map((name, i) => text(name, `${where}.names[${i}]`)),
    credentials: credentials(from['credentials'], `${where}.credentials`),
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

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BundleError(where, value, 'an object')
  return value as Record<string, unknown> // checked on the line above
}

function list(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) throw new BundleError(where, value, 'a list')
  return value
}

function text(value: unknown, where: string): string {
  if (typeof value !== 'string' || value === '') throw new BundleError(where, value, 'a non-empty string')
  return value
}

function group(value: unknown, where: string): TlsGroup {
  if (!isTlsGroup(value)) throw new BundleError(where, value, tlsGroups.join(', '))
  return value
}

function sha256(value: unknown, where: string): string {
  // The hash becomes a file name: nothing but hex may pass.
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw new BundleError(where, value, '64 hex digits')
  return value
}

function describe(value: unknown): string {
  if (typeof value === 'string') return value.length > 80 ? `a string of ${value.length} characters` : `"${value}"`
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}
