/**
 * Which credentials a host is served with: those of its Secrets, where they are good, and the last good one of before in
 * the place of each that is not. Each Secret is opened once, however many hosts it is for.
 */
import type { Reason } from '../../api/reasons.ts'
import type { CryptoProvider } from '../../crypto/provider.ts'
import { check, type Credential } from '../../x509/credential.ts'
import { IssueError, type Issue } from '../../x509/issue.ts'
import type { Notes } from './compiled.ts'
import type { HostGroup } from './host-group.ts'
import { uncovered, type KeyType, type LastGood, type Served } from './last-good.ts'
import { readCredential, reference, secretKey, type SecretInput } from './secret-input.ts'

/** What one Secret holds: a credential with what is wrong with it whatever the host, or why there is none. */
type Opened =
  | { readonly credential: Credential; readonly issues: readonly Issue[] }
  | { readonly reason: Reason; readonly message: string }

/** A Secret that cannot serve a host, and why. */
interface HeldBack {
  readonly secret: SecretInput
  readonly reason: Reason
  readonly message: string
  readonly credential?: Credential
}

export class HostCredentials {
  readonly #around: { readonly now: Date; readonly crypto: CryptoProvider }
  readonly #lastGood: LastGood
  readonly #notes: Notes
  readonly #opened = new Map<string, Opened>()

  constructor(around: { readonly now: Date; readonly crypto: CryptoProvider }, lastGood: LastGood, notes: Notes) {
    this.#around = around
    this.#lastGood = lastGood
    this.#notes = notes
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
    const held: HeldBack[] = []
    for (const secret of secrets) {
      const opened = this.#open(secret)
      if ('reason' in opened) {
        held.push({ secret, ...opened })
        continue
      }
      const { credential } = opened
      const error = opened.issues.find(({ severity }) => severity === 'error') ?? uncovered(credential, host)
      if (error !== undefined) held.push({ secret, reason: error.reason, message: error.message, credential })
      else this.#take(host, secret, credential, good)
    }
    for (const one of held) this.#holdBack(host, one, good)
    const served = [...good.values()].toSorted((a, b) => rank(a) - rank(b))
    this.#notes.changesAt(...served.map(({ credential }) => credential.notAfter))
    return served
  }

  #take(host: string, secret: SecretInput, credential: Credential, good: Map<KeyType, Served>): void {
    const type = credential.publicKey.kind
    const earlier = good.get(type)
    if (earlier !== undefined) {
      this.#notes.warning({
        reason: 'DuplicateKeyType',
        message: `${host}: Secrets ${earlier.secret} and ${secretKey(secret)} both have ${type} keys; the first is served`,
        secret: secretKey(secret),
        host,
      })
      return
    }
    good.set(type, { credential, secret: secretKey(secret) })
    this.#notes.status.push({ host, secret: reference(secret), ...identity(credential) })
  }

  #holdBack(host: string, { secret, reason, message, credential }: HeldBack, good: Map<KeyType, Served>): void {
    const last = this.#lastGood.find(host, secret, credential?.publicKey.kind, good)
    if (last !== undefined) good.set(last.credential.publicKey.kind, last)
    const heldBack = {
      ...(credential === undefined ? {} : { fingerprintSHA256: credential.fingerprint }),
      reason,
      message,
    }
    this.#notes.status.push({
      host,
      secret: reference(secret),
      ...(last === undefined ? {} : identity(last.credential)),
      heldBack,
    })
    const outcome = last === undefined ? 'and there is no last good certificate' : 'the last good one is served'
    this.#notes.error({ reason, message: `${host}: ${message}; ${outcome}`, secret: secretKey(secret), host })
    if (last !== undefined && this.#around.now >= last.credential.notAfter)
      this.#notes.warning({
        reason: 'Expired',
        message: `${host}: the last good certificate expired at ${last.credential.notAfter.toISOString()} and is still served, for want of a better one`,
        secret: secretKey(secret),
        host,
      })
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
    if (opened.credential.notBefore > this.#around.now) this.#notes.changesAt(opened.credential.notBefore)
    for (const { severity, reason, message } of opened.issues)
      if (severity === 'warning') this.#notes.warning({ reason, message, secret: secretKey(secret) })
    return opened
  }

  #read(secret: SecretInput): Opened {
    const { namespace, name, data, denied } = secret
    if (denied !== undefined) return { reason: 'RefNotPermitted', message: denied }
    if (data === undefined) {
      this.#notes.misses(secret)
      return { reason: 'SecretNotFound', message: `there is no Secret ${name} in namespace ${namespace}` }
    }
    try {
      const { now, crypto } = this.#around
      const credential = readCredential(secret, crypto)
      return { credential, issues: check(credential, { hosts: [], now, crypto }) }
    } catch (error) {
      if (error instanceof IssueError)
        return { reason: error.reason, message: `Secret ${secretKey(secret)}: ${error.message}` }
      throw error
    }
  }
}

// The cheapest signature first: a client that can verify several gets the one that costs us least.
const preference: readonly KeyType[] = ['ecdsa', 'ed25519', 'rsa']

function rank({ credential }: Served): number {
  return preference.indexOf(credential.publicKey.kind)
}

function identity({ fingerprint, notAfter }: Credential): { fingerprintSHA256: string; notAfter: string } {
  return { fingerprintSHA256: fingerprint, notAfter: notAfter.toISOString().replace(/\.\d+Z$/, 'Z') }
}
