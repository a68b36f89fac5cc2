/**
 * Secrets in, the bundle out. What goes in: for each group of hosts the Secrets that are to serve them, and the bundle
 * that is there now. What comes out: the new bundle Secret's data, what became of each host's Secrets, and what pods
 * should be seen to serve. A Secret that cannot be served holds back its own hosts only; they keep the last good
 * certificate, which lives in the bundle. Pure: equal input gives equal bytes. Private keys go into `data` and nowhere else.
 */
import {
  certificateFile,
  identify,
  keyFile,
  manifestFile,
  parseManifest,
  writeManifest,
  type BundleCredential,
  type BundleHost,
  type BundleManifest,
  type Generation,
  type TlsSettings,
} from '../../api/bundle.ts'
import type { Reason } from '../../api/reasons.ts'
import { tlsCertificateKey, tlsPrivateKeyKey } from '../../api/secret.ts'
import type { CertificateStatus } from '../../api/tls-policy.ts'
import { toHex } from '../../bytes/hex.ts'
import type { CryptoProvider } from '../../crypto/provider.ts'
import { parseCertificate } from '../../x509/certificate.ts'
import { check, parseCredential, parseCredentialDer, type Credential } from '../../x509/credential.ts'
import { matches, normalize } from '../../x509/host-name.ts'
import { IssueError, type Issue } from '../../x509/issue.ts'
import { encodePkcs8 } from '../../x509/private-key.ts'
import type { Expectation } from './rollout.ts'

export interface CompileInput {
  readonly groups: readonly HostGroup[]
  /** Served to unknown names; left out, they are refused. */
  readonly fallback?: readonly SecretInput[]
  readonly tls: TlsSettings
  /** Data of the bundle Secret as it is now, base64: where the last good certificates are. */
  readonly previous?: Readonly<Record<string, string>>
  readonly now: Date
  readonly crypto: CryptoProvider
}

/** Hosts and the Secrets that are to serve them. */
export interface HostGroup {
  readonly hosts: readonly string[]
  readonly secrets: readonly SecretInput[]
  readonly from: Origin
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

/** A Secret as it was fetched; `data` (base64) is left out where there is no such Secret. */
export interface SecretInput {
  readonly namespace: string
  readonly name: string
  readonly resourceVersion?: string
  readonly data?: Readonly<Record<string, string>>
}

export interface Compiled {
  /** The new bundle; undefined where not one certificate can be served, or more than a Secret can hold. */
  readonly bundle?: { readonly generation: string; readonly data: Readonly<Record<string, string>> }
  /** One for each host and Secret, in the order of hosts; the fallback's host is `*`. */
  readonly status: readonly CertificateStatus[]
  /** What each host serves to a client of each key type. */
  readonly expectations: readonly Expectation[]
  /** Secrets that are named and not there. */
  readonly missing: readonly { readonly namespace: string; readonly name: string }[]
  readonly issues: readonly CompileIssue[]
  /** When the clock alone will change the outcome: the next notBefore or notAfter. */
  readonly nextChange?: Date
}

/** A finding about a Secret or the whole: an error holds something back, a warning does not. */
export interface CompileIssue {
  readonly reason: Reason
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** `namespace/name` */
  readonly secret?: string
  readonly host?: string
}

/** The host under which the status lists the certificate for unknown names. */
export const fallbackHost = '*'

/** The API server refuses a Secret whose values are more than this together, in bytes. */
export const maxBundleBytes = 1024 * 1024

export function compile(input: CompileInput): Compiled {
  const compiler = new Compiler(input)
  const hosts = new Map<string, readonly Served[]>()
  for (const [host, group] of assign(input.groups)) hosts.set(host, compiler.serve(host, group.secrets))
  const fallback = input.fallback === undefined ? [] : compiler.serve(fallbackHost, input.fallback)
  return compiler.finish(hosts, fallback)
}

/** A credential that is served, and the Secret that it is or was read from. */
interface Served {
  readonly credential: Credential
  readonly secret: string
}

/** What one Secret holds: a credential with what is wrong with it whatever the host, or why there is none. */
type Opened =
  | { readonly credential: Credential; readonly issues: readonly Issue[] }
  | { readonly reason: Reason; readonly message: string }

class Compiler {
  readonly #input: CompileInput
  readonly #previous: Previous
  readonly #opened = new Map<string, Opened>()
  readonly #status: CertificateStatus[] = []
  readonly #issues: CompileIssue[] = []
  readonly #missing = new Map<string, { namespace: string; name: string }>()
  readonly #changes: Date[] = []

  constructor(input: CompileInput) {
    this.#input = input
    this.#previous = new Previous(input.previous, input.crypto, (issue) => this.#issues.push(issue))
  }

  /** The credentials that a host gets: at most one of each key type, best first. */
  serve(host: string, secrets: readonly SecretInput[]): readonly Served[] {
    const good = new Map<KeyType, Served>()
    const held: { secret: SecretInput; reason: Reason; message: string; credential?: Credential }[] = []
    for (const secret of secrets) {
      const opened = this.#open(secret)
      if ('reason' in opened) {
        held.push({ secret, ...opened })
        continue
      }
      const { credential } = opened
      const error = opened.issues.find(({ severity }) => severity === 'error') ?? uncovered(credential, host)
      if (error !== undefined) {
        held.push({ secret, reason: error.reason, message: error.message, credential })
        continue
      }
      const type = credential.publicKey.kind
      const earlier = good.get(type)
      if (earlier !== undefined) {
        this.#issues.push({
          reason: 'DuplicateKeyType',
          severity: 'warning',
          message: `${host}: Secrets ${earlier.secret} and ${key(secret)} both have ${type} keys; the first is served`,
          secret: key(secret),
          host,
        })
        continue
      }
      good.set(type, { credential, secret: key(secret) })
      this.#status.push({ host, secret: reference(secret), ...identity(credential) })
    }
    for (const { secret, reason, message, credential } of held) {
      const last = this.#previous.lastGood(host, secret, credential?.publicKey.kind, good)
      if (last !== undefined) good.set(last.credential.publicKey.kind, last)
      const heldBack = {
        ...(credential === undefined ? {} : { fingerprintSHA256: credential.fingerprint }),
        reason,
        message,
      }
      this.#status.push({
        host,
        secret: reference(secret),
        ...(last === undefined ? {} : identity(last.credential)),
        heldBack,
      })
      const outcome = last === undefined ? 'and there is no last good certificate' : 'the last good one is served'
      this.#issues.push({
        reason,
        severity: 'error',
        message: `${host}: ${message}; ${outcome}`,
        secret: key(secret),
        host,
      })
      if (last !== undefined && this.#input.now >= last.credential.notAfter)
        this.#issues.push({
          reason: 'Expired',
          severity: 'warning',
          message: `${host}: the last good certificate expired at ${last.credential.notAfter.toISOString()} and is still served, for want of a better one`,
          secret: key(secret),
          host,
        })
    }
    const served = [...good.values()].toSorted((a, b) => rank(a) - rank(b))
    this.#changes.push(...served.map(({ credential }) => credential.notAfter))
    return served
  }

  finish(hosts: ReadonlyMap<string, readonly Served[]>, fallback: readonly Served[]): Compiled {
    const later = this.#changes.filter((at) => at > this.#input.now).toSorted((a, b) => a.getTime() - b.getTime())
    const bundle = this.#write(hosts, fallback)
    const expectations = [...hosts].flatMap(([host, served]) =>
      served.map(({ credential }) => ({
        host,
        keyType: credential.publicKey.kind,
        fingerprint: credential.fingerprint,
      })),
    )
    const compiled = {
      status: this.#status,
      // Without a new bundle pods go on with the old one, of which nothing is promised here.
      expectations: bundle === undefined ? [] : expectations,
      missing: [...this.#missing.values()],
      issues: this.#issues,
      ...(later[0] === undefined ? {} : { nextChange: later[0] }),
    }
    return bundle === undefined ? compiled : { ...compiled, bundle }
  }

  #open(secret: SecretInput): Opened {
    const known = this.#opened.get(key(secret))
    if (known !== undefined) return known
    const opened = this.#read(secret)
    this.#opened.set(key(secret), opened)
    if ('reason' in opened) return opened
    if (opened.credential.notBefore > this.#input.now) this.#changes.push(opened.credential.notBefore)
    for (const { severity, reason, message } of opened.issues)
      if (severity === 'warning') this.#issues.push({ reason, severity, message, secret: key(secret) })
    return opened
  }

  #read(secret: SecretInput): Opened {
    const { namespace, name, data } = secret
    if (data === undefined) {
      this.#missing.set(key(secret), { namespace, name })
      return { reason: 'SecretNotFound', message: `there is no Secret ${name} in namespace ${namespace}` }
    }
    try {
      const credential = parseCredential(pem(secret, tlsCertificateKey), pem(secret, tlsPrivateKeyKey))
      const { now, crypto } = this.#input
      return { credential, issues: check(credential, { hosts: [], now, crypto }) }
    } catch (error) {
      if (error instanceof IssueError)
        return { reason: error.reason, message: `Secret ${key(secret)}: ${error.message}` }
      throw error
    }
  }

  #write(hosts: ReadonlyMap<string, readonly Served[]>, fallback: readonly Served[]): Compiled['bundle'] {
    const files = new Map<string, Uint8Array>()
    const { crypto, tls } = this.#input
    const sha256 = (bytes: Uint8Array): Uint8Array => digest(crypto, bytes)
    const place = ({ credential, secret }: Served): BundleCredential => {
      const chain = credential.chain.map((der) => {
        const hash = toHex(sha256(der))
        files.set(certificateFile(hash), der)
        return hash
      })
      const leaf = parseCertificate(credential.chain[0] as Uint8Array) // a Credential has a leaf
      const spki = toHex(sha256(leaf.subjectPublicKeyInfo))
      files.set(keyFile(spki), encodePkcs8(credential.privateKey))
      return { chain, key: spki, secret }
    }
    // Hosts with the same credentials share an entry.
    const entries = new Map<string, { names: string[]; credentials: BundleCredential[] }>()
    for (const [host, served] of hosts) {
      if (served.length === 0) continue
      const credentials = served.map(place)
      const id = JSON.stringify(credentials)
      const entry = entries.get(id)
      if (entry === undefined) entries.set(id, { names: [host], credentials })
      else entry.names.push(host)
    }
    const bundleHosts: BundleHost[] = [...entries.values()]
    const defaultCredentials = fallback.map(place)
    if (files.size === 0) return undefined
    const content = { tls: { groups: tls.groups, alpn: tls.alpn }, hosts: bundleHosts }
    const committed: Generation = identify(
      defaultCredentials.length === 0 ? content : { ...content, defaultCredentials },
      sha256,
    )
    files.set(manifestFile, new TextEncoder().encode(writeManifest({ formatVersion: 1, committed })))
    const size = [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0)
    if (size > maxBundleBytes) {
      this.#issues.push({
        reason: 'BundleTooLarge',
        severity: 'error',
        message: tooLarge(size, files.size, hosts.size),
      })
      return undefined
    }
    const data = Object.fromEntries(
      [...files].toSorted(([a], [b]) => compare(a, b)).map(([file, bytes]) => [file, toBase64(bytes)]),
    )
    return { generation: committed.id, data }
  }
}

/** The bundle that is there: nobody's word is taken for it, for anybody with access may have changed the Secret. */
class Previous {
  readonly #data: Readonly<Record<string, string>>
  readonly #crypto: CryptoProvider
  readonly #manifest: BundleManifest | undefined
  readonly #byHost: ReadonlyMap<string, readonly BundleCredential[]>

  constructor(
    data: Readonly<Record<string, string>> | undefined,
    crypto: CryptoProvider,
    report: (issue: CompileIssue) => void,
  ) {
    this.#data = data ?? {}
    this.#crypto = crypto
    const text = this.#data[manifestFile]
    try {
      this.#manifest =
        text === undefined ? undefined : parseManifest(new TextDecoder().decode(fromBase64(text) ?? new Uint8Array()))
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      report({
        reason: 'CertificateHeldBack',
        severity: 'warning',
        message: `the present bundle cannot be read, so it has no last good certificates: ${why}`,
      })
    }
    const byHost = new Map<string, readonly BundleCredential[]>()
    for (const { names, credentials } of this.#manifest?.committed.hosts ?? [])
      for (const name of names) byHost.set(name, credentials)
    byHost.set(fallbackHost, this.#manifest?.committed.defaultCredentials ?? [])
    this.#byHost = byHost
  }

  /**
   * What a host served last in the place of a Secret. It must have come from the same Secret, or at least from the same
   * namespace: a host that has moved to another namespace must not be served with the key of the one that it left.
   */
  lastGood(
    host: string,
    secret: SecretInput,
    type: KeyType | undefined,
    taken: ReadonlyMap<KeyType, Served>,
  ): Served | undefined {
    const candidates = (this.#byHost.get(host) ?? [])
      .filter((candidate) => candidate.secret?.startsWith(`${secret.namespace}/`))
      .map((from) => ({ credential: this.#read(from), secret: from.secret as string })) // filtered on the line above
      .filter((one): one is Served => one.credential !== undefined && !taken.has(one.credential.publicKey.kind))
      .filter(({ credential }) => uncovered(credential, host) === undefined)
    return (
      candidates.find((one) => one.secret === key(secret)) ??
      candidates.find(({ credential }) => type === undefined || credential.publicKey.kind === type)
    )
  }

  #read(from: BundleCredential): Credential | undefined {
    const pkcs8 = this.#file(keyFile(from.key))
    const chain = from.chain
      .map((hash) => ({ hash, der: this.#file(certificateFile(hash)) ?? new Uint8Array() }))
      .filter(({ hash, der }) => toHex(digest(this.#crypto, der)) === hash)
      .map(({ der }) => der)
    if (pkcs8 === undefined || chain.length < from.chain.length) return undefined
    try {
      return parseCredentialDer(chain, pkcs8)
    } catch (error) {
      if (error instanceof IssueError) return undefined
      throw error
    }
  }

  #file(name: string): Uint8Array | undefined {
    const text = this.#data[name]
    return text === undefined ? undefined : fromBase64(text)
  }
}

/** Who serves each host, in the order of host names. */
function assign(groups: readonly HostGroup[]): [string, HostGroup][] {
  const owners = new Map<string, HostGroup>()
  const ranked = groups.toSorted((a, b) => compareOrigins(a.from, b.from))
  for (const group of ranked)
    for (const host of group.hosts.map(normalize)) if (!owners.has(host)) owners.set(host, group)
  return [...owners].toSorted(([a], [b]) => compare(a, b))
}

function compareOrigins(a: Origin, b: Origin): number {
  if (a.by === 'policy' || b.by === 'policy') return Number(b.by === 'policy') - Number(a.by === 'policy')
  return compare(a.createdAt, b.createdAt) || compare(a.namespace, b.namespace) || compare(a.name, b.name)
}

function uncovered(credential: Credential, host: string): Issue | undefined {
  if (host === fallbackHost || credential.names.some((pattern) => matches(pattern, host))) return undefined
  const names = credential.names.length === 0 ? 'no DNS name' : credential.names.slice(0, 10).join(', ')
  return {
    reason: 'SANMismatch',
    severity: 'error',
    message: `the certificate is for ${names}, and not for ${host}`,
  }
}

type KeyType = Credential['publicKey']['kind']

// The cheapest signature first: a client that can verify several gets the one that costs us least.
const preference: readonly KeyType[] = ['ecdsa', 'ed25519', 'rsa']

function rank({ credential }: Served): number {
  return preference.indexOf(credential.publicKey.kind)
}

function pem({ data = {}, ...secret }: SecretInput, field: string): string {
  const value = data[field]
  if (value === undefined || value === '') throw new IssueError('MalformedPEM', `it has no ${field}`)
  const bytes = fromBase64(value)
  if (bytes === undefined) throw new IssueError('MalformedPEM', `${field} of ${secret.name} is not base64`)
  return new TextDecoder('latin1').decode(bytes)
}

function identity({ fingerprint, notAfter }: Credential): { fingerprintSHA256: string; notAfter: string } {
  return { fingerprintSHA256: fingerprint, notAfter: notAfter.toISOString().replace(/\.\d+Z$/, 'Z') }
}

function reference({ namespace, name, resourceVersion }: SecretInput): CertificateStatus['secret'] {
  return resourceVersion === undefined ? { namespace, name } : { namespace, name, resourceVersion }
}

function key({ namespace, name }: SecretInput): string {
  return `${namespace}/${name}`
}

function tooLarge(size: number, files: number, hosts: number): string {
  return (
    `the bundle of ${hosts} hosts has ${files} files of ${size} bytes together, and a Secret holds ${maxBundleBytes}: ` +
    'use ECDSA keys instead of RSA, leave the root out of the chains, put several hosts into one certificate or ' +
    'use a wildcard, or spread the hosts over several policies; until then the present bundle is served'
  )
}

function digest(crypto: CryptoProvider, bytes: Uint8Array): Uint8Array {
  const hash = crypto.hash('SHA-256')
  hash.update(bytes)
  return hash.digest()
}

function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

function fromBase64(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
