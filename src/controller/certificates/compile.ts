/**
 * Secrets in, the bundle out. What goes in: for each group of hosts the Secrets that are to serve them, and the bundle
 * that is there now. What comes out: the new bundle Secret's data, what became of each host's Secrets, and what pods
 * should be seen to serve. A Secret that cannot be served holds back its own hosts only; they keep the last good
 * certificate, which lives in the bundle. Pure: equal input gives equal bytes, and new ticket keys come from `random`, which is
 * handed in. Keys go into `data` and nowhere else.
 */
import {
  certificateFile,
  identify,
  keyFile,
  manifestFile,
  writeManifest,
  type BundleCredential,
  type BundleHost,
  type Generation,
} from '../../api/bundle.ts'
import type { BundleClientAuth, BundleTickets, TlsSettings } from '../../api/bundle-settings.ts'
import type { Reason } from '../../api/reasons.ts'
import type { CertificateStatus } from '../../api/tls-policy.ts'
import { toHex } from '../../bytes/hex.ts'
import type { CryptoProvider } from '../../crypto/provider.ts'
import { parseCertificate } from '../../x509/certificate.ts'
import { check, type Credential } from '../../x509/credential.ts'
import { normalize, wildcardOf } from '../../x509/host-name.ts'
import { IssueError, type Issue } from '../../x509/issue.ts'
import { encodePkcs8 } from '../../x509/private-key.ts'
import { believeNobody, openClientAuth, type ClientAuthInput } from './client-auth.ts'
import { digest, fallbackHost, LastGood, uncovered, type KeyType, type Served } from './last-good.ts'
import type { Expectation } from './rollout.ts'
import { readCredential, reference, secretKey, type SecretInput } from './secret-input.ts'
import { ticketKeys, type TicketsInput } from './ticket-keys.ts'

export interface CompileInput {
  readonly groups: readonly HostGroup[]
  /** Served to unknown names; left out, they are refused. */
  readonly fallback?: readonly SecretInput[]
  readonly tls: TlsSettings
  /** What all clients are asked; left out: nothing. */
  readonly clientAuth?: ClientAuthInput
  /** What the clients of single hosts are asked instead, by name; left out: nobody knows, and it stays as it is. */
  readonly hostClientAuth?: ReadonlyMap<string, ClientAuthInput>
  /** Left out: no session is resumed. */
  readonly tickets?: TicketsInput
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
  /**
   * all: every Secret is for every host. covering: a host gets the first Secret whose certificate names it, and should get
   * one. optional: as covering, but a host that no certificate names is left to other groups, or not served.
   */
  readonly choose: 'all' | 'covering' | 'optional'
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

/** The API server refuses a Secret whose values are more than this together, in bytes. */
export const maxBundleBytes = 1024 * 1024

export function compile(input: CompileInput): Compiled {
  const compiler = new Compiler(input)
  const hosts = new Map<string, readonly Served[]>()
  for (const [host, groups] of claims(input.groups))
    hosts.set(host, compiler.serve(host, compiler.choose(host, groups)))
  const fallback = input.fallback === undefined ? [] : compiler.serve(fallbackHost, input.fallback)
  // A host that asks something of its clients must not be served by an entry that asks nothing, or something else.
  const apart = new Map(hosts)
  for (const host of input.hostClientAuth?.keys() ?? compiler.askingBefore) {
    const served = [apart.get(host), hosts.get(wildcardOf(host) ?? ''), fallback].find((one) => (one?.length ?? 0) > 0)
    if (served !== undefined) apart.set(host, served)
  }
  return compiler.finish(hosts, apart, fallback)
}

/** What one Secret holds: a credential with what is wrong with it whatever the host, or why there is none. */
type Opened =
  | { readonly credential: Credential; readonly issues: readonly Issue[] }
  | { readonly reason: Reason; readonly message: string }

class Compiler {
  readonly #input: CompileInput
  readonly #lastGood: LastGood
  readonly #opened = new Map<string, Opened>()
  readonly #status: CertificateStatus[] = []
  readonly #issues: CompileIssue[] = []
  readonly #missing = new Map<string, { namespace: string; name: string }>()
  readonly #changes: Date[] = []

  constructor(input: CompileInput) {
    this.#input = input
    this.#lastGood = new LastGood(input.previous, input.crypto, (why) =>
      this.#issues.push({
        reason: 'CertificateHeldBack',
        severity: 'warning',
        message: `the present bundle cannot be read, so it has no last good certificates: ${why}`,
      }),
    )
  }

  get askingBefore(): readonly string[] {
    return this.#lastGood.asking
  }

  /** The Secrets that are to serve a host: those of the first group that has some for it. */
  choose(host: string, groups: readonly HostGroup[]): readonly SecretInput[] {
    for (const { secrets, choose } of groups) {
      if (choose === 'all') return secrets
      // A certificate that nobody can read says no names: its Secret has the hosts that it had before.
      const one =
        secrets.find((secret) => this.#covers(secret, host)) ??
        secrets.find((secret) => this.#lastGood.isFrom(host, secret)) ??
        (choose === 'covering' ? secrets[0] : undefined)
      if (one !== undefined) return [one]
    }
    return []
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
          message: `${host}: Secrets ${earlier.secret} and ${secretKey(secret)} both have ${type} keys; the first is served`,
          secret: secretKey(secret),
          host,
        })
        continue
      }
      good.set(type, { credential, secret: secretKey(secret) })
      this.#status.push({ host, secret: reference(secret), ...identity(credential) })
    }
    for (const { secret, reason, message, credential } of held) {
      const last = this.#lastGood.find(host, secret, credential?.publicKey.kind, good)
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
        secret: secretKey(secret),
        host,
      })
      if (last !== undefined && this.#input.now >= last.credential.notAfter)
        this.#issues.push({
          reason: 'Expired',
          severity: 'warning',
          message: `${host}: the last good certificate expired at ${last.credential.notAfter.toISOString()} and is still served, for want of a better one`,
          secret: secretKey(secret),
          host,
        })
    }
    const served = [...good.values()].toSorted((a, b) => rank(a) - rank(b))
    this.#changes.push(...served.map(({ credential }) => credential.notAfter))
    return served
  }

  /** `apart`: the hosts, and those that need an entry of their own though another one's certificate serves them. */
  finish(
    hosts: ReadonlyMap<string, readonly Served[]>,
    apart: ReadonlyMap<string, readonly Served[]>,
    fallback: readonly Served[],
  ): Compiled {
    const bundle = this.#write(apart, fallback)
    const later = this.#changes.filter((at) => at > this.#input.now).toSorted((a, b) => a.getTime() - b.getTime())
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

  #covers(secret: SecretInput, host: string): boolean {
    const opened = this.#open(secret)
    return 'credential' in opened && uncovered(opened.credential, host) === undefined
  }

  #open(secret: SecretInput): Opened {
    const known = this.#opened.get(secretKey(secret))
    if (known !== undefined) return known
    const opened = this.#read(secret)
    this.#opened.set(secretKey(secret), opened)
    if ('reason' in opened) return opened
    if (opened.credential.notBefore > this.#input.now) this.#changes.push(opened.credential.notBefore)
    for (const { severity, reason, message } of opened.issues)
      if (severity === 'warning') this.#issues.push({ reason, severity, message, secret: secretKey(secret) })
    return opened
  }

  #read(secret: SecretInput): Opened {
    const { namespace, name, data } = secret
    if (data === undefined) {
      this.#missing.set(secretKey(secret), { namespace, name })
      return { reason: 'SecretNotFound', message: `there is no Secret ${name} in namespace ${namespace}` }
    }
    try {
      const { now, crypto } = this.#input
      const credential = readCredential(secret, crypto)
      return { credential, issues: check(credential, { hosts: [], now, crypto }) }
    } catch (error) {
      if (error instanceof IssueError)
        return { reason: error.reason, message: `Secret ${secretKey(secret)}: ${error.message}` }
      throw error
    }
  }

  /** What the clients of a host are asked. Where that cannot be known, nobody comes in. */
  #askedOf(host: string, files: Map<string, Uint8Array>): BundleClientAuth | undefined {
    const { hostClientAuth } = this.#input
    if (hostClientAuth === undefined) return this.#askedBefore(host, files)
    const input = hostClientAuth.get(host)
    return input && (this.#openClients(host, input, files) ?? believeNobody(input))
  }

  /** What all clients are asked. Where that cannot be known, and never could, the present bundle stays. */
  #askedOfAll(files: Map<string, Uint8Array>): BundleClientAuth | undefined | 'unknown' {
    const input = this.#input.clientAuth
    return input && (this.#openClients(undefined, input, files) ?? 'unknown')
  }

  #openClients(
    host: string | undefined,
    input: ClientAuthInput,
    files: Map<string, Uint8Array>,
  ): BundleClientAuth | undefined {
    const opened = openClientAuth(input, (bytes) => digest(this.#input.crypto, bytes))
    if ('clientAuth' in opened) {
      for (const [name, bytes] of opened.files) files.set(name, bytes)
      this.#changes.push(...opened.ends)
      return opened.clientAuth
    }
    const { reason, message, missing } = opened
    if (missing !== undefined)
      this.#missing.set(secretKey(missing), { namespace: missing.namespace, name: missing.name })
    const last = input.authorities && this.#askedBefore(host, files, secretKey(input.authorities))
    const otherwise = host === undefined ? 'the present bundle stays as it is' : 'nobody is let in'
    this.#issues.push({
      reason,
      severity: 'error',
      message: `client certificates${host === undefined ? '' : ` for ${host}`}: ${message}; ${
        last === undefined ? otherwise : 'the authorities of before are believed'
      }`,
    })
    return last && { ...last, mode: input.mode }
  }

  #askedBefore(
    host: string | undefined,
    files: Map<string, Uint8Array>,
    secret?: string,
  ): BundleClientAuth | undefined {
    const last = this.#lastGood.clientAuth(host, secret)
    for (const [name, bytes] of last?.files ?? []) files.set(name, bytes)
    return last?.clientAuth
  }

  #tickets(files: Map<string, Uint8Array>): BundleTickets | undefined {
    const { tickets, now } = this.#input
    if (tickets === undefined) return undefined
    const keys = ticketKeys(tickets, this.#lastGood, now)
    for (const [name, bytes] of keys.files) files.set(name, bytes)
    this.#changes.push(keys.nextChange)
    return keys.tickets
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
    // Hosts with the same credentials, that ask the same of clients, share an entry.
    const entries = new Map<string, BundleHost & { names: string[] }>()
    for (const [host, served] of hosts) {
      if (served.length === 0) continue
      const asked = this.#askedOf(host, files)
      const shared = { credentials: served.map(place), ...(asked === undefined ? {} : { clientAuth: asked }) }
      const id = JSON.stringify(shared)
      const entry = entries.get(id)
      if (entry === undefined) entries.set(id, { names: [host], ...shared })
      else entry.names.push(host)
    }
    const defaultCredentials = fallback.map(place)
    if (entries.size === 0 && defaultCredentials.length === 0) return undefined
    const clientAuth = this.#askedOfAll(files)
    if (clientAuth === 'unknown') return undefined
    const content = {
      tls: clientAuth === undefined ? tls : { ...tls, clientAuth },
      hosts: [...entries.values()],
      ...(defaultCredentials.length === 0 ? {} : { defaultCredentials }),
    }
    const tickets = this.#tickets(files)
    const committed: Generation = identify(content, sha256, { hasTickets: tickets !== undefined })
    const manifest = writeManifest(tickets === undefined ? { committed } : { committed, tickets })
    files.set(manifestFile, new TextEncoder().encode(manifest))
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

/** Who would serve each host, the first in rank first; in the order of host names. */
function claims(groups: readonly HostGroup[]): [string, readonly HostGroup[]][] {
  const claimed = new Map<string, HostGroup[]>()
  for (const group of groups.toSorted((a, b) => compareOrigins(a.from, b.from)))
    for (const host of new Set(group.hosts.map(normalize))) {
      const others = claimed.get(host)
      if (others === undefined) claimed.set(host, [group])
      else others.push(group)
    }
  return [...claimed].toSorted(([a], [b]) => compare(a, b))
}

function compareOrigins(a: Origin, b: Origin): number {
  if (a.by === 'policy' || b.by === 'policy') return Number(b.by === 'policy') - Number(a.by === 'policy')
  return compare(a.createdAt, b.createdAt) || compare(a.namespace, b.namespace) || compare(a.name, b.name)
}

// The cheapest signature first: a client that can verify several gets the one that costs us least.
const preference: readonly KeyType[] = ['ecdsa', 'ed25519', 'rsa']

function rank({ credential }: Served): number {
  return preference.indexOf(credential.publicKey.kind)
}

function identity({ fingerprint, notAfter }: Credential): { fingerprintSHA256: string; notAfter: string } {
  return { fingerprintSHA256: fingerprint, notAfter: notAfter.toISOString().replace(/\.\d+Z$/, 'Z') }
}

function tooLarge(size: number, files: number, hosts: number): string {
  return (
    `the bundle of ${hosts} hosts has ${files} files of ${size} bytes together, and a Secret holds ${maxBundleBytes}: ` +
    'use ECDSA keys instead of RSA, leave the root out of the chains, put several hosts into one certificate or ' +
    'use a wildcard, or spread the hosts over several policies; until then the present bundle is served'
  )
}

function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
