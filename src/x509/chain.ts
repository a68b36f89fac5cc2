/**
 * Whether to believe a peer's certificates (RFC 5280 §6): the leaf and whatever came with it go in, a path to a trust
 * anchor comes out, or the reason why there is none. Pure; no peer can make it throw, or work for long.
 *
 *     the leaf alone -> upwards by name, cheap questions first -> an anchor -> signatures downwards -> names, revocation
 *
 * Signatures are checked from the anchor down, so somebody whom no anchor knows costs one check for each anchor that he
 * claims to descend from. Extra certificates may come in any order, several may stand for one authority (keys and
 * validity change hands), and some may be of no use at all (RFC 8446 §4.4.2).
 *
 * What of RFC 5280 is left out: certificate policies. None is asked for, so only a certificate that demands one itself
 * (requireExplicitPolicy) is in our way, and it is refused.
 */
import { equal } from '../bytes/arrays.ts'
import type { CryptoProvider } from '../crypto/provider.ts'
import { nameOf, parseCertificate, permits, type Certificate } from './certificate.ts'
import { refusal, type Refusal } from './chain-fault.ts'
import { coversName } from './host-name.ts'
import { IssueError } from './issue.ts'
import { forbiddenName } from './name-constraints.ts'
import { oid } from './oids.ts'
import { rsaBits } from './public-key.ts'
import { checkRevocation, clearUntil, type Revocation } from './revocation.ts'
import { verifySigned } from './signature.ts'
import type { TrustAnchors } from './trust-anchors.ts'

/** What the peer's certificates are held against. */
export interface Demand {
  readonly anchors: TrustAnchors
  readonly purpose: 'clientAuth' | 'serverAuth'
  readonly now: Date
  readonly crypto: CryptoProvider
  /** The host name or IP address that we meant to reach; left out for clients, who have none. */
  readonly name?: string
  /** Left out: nobody is asked. */
  readonly revocation?: Revocation
  /** Certificates between leaf and anchor, at most; left out: 8. */
  readonly maxIntermediates?: number
}

/** The path that was found: the leaf first, the anchor last. */
export interface Believed {
  readonly path: readonly Certificate[]
  /** When the first ends of all that it is believed by, certificates and lists. */
  readonly until: Date
}

/** `presented` is DER, the leaf first, the others in any order. */
export function verifyChain(presented: readonly Uint8Array[], demand: Demand): Believed | Refusal {
  if (presented.length > maxPresented) return refusal('too-much-work', `${presented.length} certificates`)
  const certificates: Certificate[] = []
  for (const [i, der] of presented.entries()) {
    try {
      certificates.push(parseCertificate(der))
    } catch (error) {
      if (!(error instanceof IssueError)) throw error
      return refusal('malformed', `certificate ${i + 1} of ${presented.length}: ${error.message}`)
    }
  }
  const [leaf, ...others] = certificates
  if (leaf === undefined) return refusal('no-certificate', 'the list is empty')
  return refuseLeaf(leaf, demand) ?? new PathSearch(others, demand).from(leaf)
}

function refuseLeaf(leaf: Certificate, demand: Demand): Refusal | undefined {
  const name = nameOf(leaf)
  if (demand.name !== undefined && !coversName(leaf, demand.name))
    return refusal('name-mismatch', `${name} does not carry the name ${demand.name}`)
  // TLS 1.3 signs, whatever the key (RFC 8446 §4.4.2.2), and so do the suites of 1.2 that we have.
  if (!permits(leaf, 'digitalSignature')) return refusal('may-not-sign', `${name} is not for digitalSignature`)
  return refuseAny(leaf, demand)
}

/** What is asked of each certificate in a path, wherever it stands. */
function refuseAny(certificate: Certificate, { now, purpose }: Demand): Refusal | undefined {
  const name = nameOf(certificate)
  const { publicKey, notBefore, notAfter, extendedKeyUsage, notUnderstood, demandsPolicy } = certificate
  if (now < notBefore) return refusal('not-yet-valid', `${name} is not valid before ${notBefore.toISOString()}`)
  if (now > notAfter) return refusal('expired', `${name} expired at ${notAfter.toISOString()}`)
  if (demandsPolicy) return refusal('policy-demanded', `${name} demands a certificate policy, which is not supported`)
  if (notUnderstood.length > 0)
    return refusal('critical-extension-unknown', `${name} has ${notUnderstood.slice(0, 3).join(', ')}`)
  if (publicKey === undefined)
    return refusal('unsupported-key', `${name} has a key that is not P-256, P-384, RSA or Ed25519`)
  const bits = rsaBits(publicKey)
  if (bits !== undefined && bits < 2048) return refusal('weak-key', `${name} has an RSA key of ${bits} bits`)
  // On an authority it bounds what it may issue: not the RFC's rule, but that of all who check it.
  if (extendedKeyUsage?.every((usage) => usage !== oid[purpose] && usage !== oid.anyExtendedKeyUsage))
    return refusal('wrong-purpose', `${name} is not for ${purpose} by its extended key usage`)
  return undefined
}

/** What is asked of an issuer that would stand at the end of a path. */
function refuseIssuer(issuer: Certificate, below: readonly Certificate[], demand: Demand): Refusal | undefined {
  const name = nameOf(issuer)
  if (issuer.isAuthority !== true) return refusal('issuer-not-authority', `${name} is not a certificate authority`)
  if (!permits(issuer, 'keyCertSign')) return refusal('issuer-may-not-certify', `${name} is not for keyCertSign`)
  // §4.2.1.9: the length counts intermediates that are not self-issued, and the leaf is none.
  const length = below.slice(1).filter((certificate) => !isSelfIssued(certificate)).length
  if (issuer.pathLength !== undefined && length > issuer.pathLength)
    return refusal('path-too-long', `${name} allows ${issuer.pathLength} authorities below it, not ${length}`)
  return refuseAny(issuer, demand)
}

class PathSearch {
  readonly #bySubject = new Map<string, Certificate[]>()
  readonly #demand: Demand
  readonly #verdicts = new Map<Certificate, Map<Certificate, 'good' | 'bad' | 'unsupported'>>()
  #refusal: Refusal | undefined
  #signatures = 0
  #forgeries = 0
  #steps = 0

  constructor(others: readonly Certificate[], demand: Demand) {
    this.#demand = demand
    for (const one of others) {
      if (demand.anchors.holds(one)) continue
      const same = this.#bySubject.get(one.subject.key)
      if (same === undefined) this.#bySubject.set(one.subject.key, [one])
      else same.push(one)
    }
  }

  from(leaf: Certificate): Believed | Refusal {
    // Trusted by itself: whoever put it among the anchors has said so.
    if (this.#demand.anchors.holds(leaf)) return this.#believe([leaf])
    try {
      const path = this.#extend([leaf], leaf)
      if (path !== undefined) return this.#believe(path)
    } catch (error) {
      if (!(error instanceof Exhausted)) throw error
      return refusal('too-much-work', `no path from ${nameOf(leaf)} within the limits`)
    }
    return this.#refusal ?? refusal('unknown-issuer', `nobody trusted has issued ${nameOf(leaf)}`)
  }

  #believe(path: readonly Certificate[]): Believed {
    const { revocation, now, crypto } = this.#demand
    const cleared = revocation && clearUntil(path, revocation, now, crypto)
    const ends = [...path.map(({ notAfter }) => notAfter), ...(cleared === undefined ? [] : [cleared])]
    return { path, until: new Date(Math.min(...ends.map((end) => end.getTime()))) }
  }

  /** A whole path that begins with this one, if there is a good one. */
  #extend(path: readonly Certificate[], last: Certificate): readonly Certificate[] | undefined {
    const { anchors, maxIntermediates = 8 } = this.#demand
    for (const issuer of this.#issuersOf(last)) {
      this.#step()
      // §6.1: no certificate twice, and no authority twice under another certificate: that leads round in a circle.
      if (path.some((one) => isSameAuthority(one, issuer))) continue
      const isAnchor = anchors.holds(issuer)
      const intermediates = isAnchor ? path.length - 1 : path.length
      if (intermediates > maxIntermediates) {
        this.#note(refusal('too-many-intermediates', `more than ${maxIntermediates} up to ${nameOf(issuer)}`))
        continue
      }
      const wrong = refuseIssuer(issuer, path, this.#demand)
      if (wrong !== undefined) {
        this.#note(wrong)
        continue
      }
      const longer = [...path, issuer]
      if (!isAnchor) {
        const whole = this.#extend(longer, issuer)
        if (whole !== undefined) return whole
        continue
      }
      const broken = this.#judge(longer)
      if (broken === undefined) return longer
      this.#note(broken)
    }
    return undefined
  }

  /** Who may have issued it: anchors first, and first of all those that have the key it names. */
  #issuersOf({ issuer, authorityKeyId }: Certificate): readonly Certificate[] {
    const candidates = [...this.#demand.anchors.named(issuer.key), ...(this.#bySubject.get(issuer.key) ?? [])]
    if (authorityKeyId === undefined) return candidates
    const isOther = ({ subjectKeyId }: Certificate): number => Number(subjectKeyId !== authorityKeyId)
    return candidates.toSorted((a, b) => isOther(a) - isOther(b))
  }

  /** What is wrong with a path that has reached an anchor. */
  #judge(path: readonly Certificate[]): Refusal | undefined {
    for (let i = path.length - 2; i >= 0; i--) {
      const [certificate, issuer] = [path[i], path[i + 1]] as [Certificate, Certificate] // i and i + 1 are inside
      const verdict = this.#verdict(certificate, issuer)
      // The name is the same, the key is another: it is somebody else's authority, and not a forgery.
      if (verdict === 'bad' && namesAnotherKey(certificate, issuer))
        return refusal('unknown-issuer', `the ${nameOf(issuer)} that issued ${nameOf(certificate)} is not trusted`)
      if (verdict === 'bad') return refusal('bad-signature', `${nameOf(issuer)} did not sign ${nameOf(certificate)}`)
      if (verdict === 'unsupported')
        return refusal('unsupported-signature', `${nameOf(certificate)} is signed in a way that is not supported`)
    }
    return this.#judgeNames(path) ?? this.#judgeRevocation(path)
  }

  #judgeNames(path: readonly Certificate[]): Refusal | undefined {
    for (const [i, issuer] of path.entries()) {
      if (issuer.nameConstraints === undefined) continue
      for (const [j, below] of path.slice(0, i).entries()) {
        // §6.1.3 (b): an authority that certifies a new key of its own is not another name.
        if (j > 0 && isSelfIssued(below)) continue
        const forbidden = forbiddenName(below, issuer.nameConstraints, () => this.#step())
        if (forbidden !== undefined) return refusal('name-forbidden', `${forbidden} by ${nameOf(issuer)}`)
      }
    }
    return undefined
  }

  #judgeRevocation(path: readonly Certificate[]): Refusal | undefined {
    const { revocation, now, crypto } = this.#demand
    return revocation && checkRevocation(path, revocation, now, crypto)
  }

  #verdict(certificate: Certificate, issuer: Certificate): 'good' | 'bad' | 'unsupported' {
    const known = this.#verdicts.get(certificate) ?? new Map<Certificate, 'good' | 'bad' | 'unsupported'>()
    this.#verdicts.set(certificate, known)
    const before = known.get(issuer)
    if (before !== undefined) return before
    if (issuer.publicKey === undefined) return 'unsupported'
    if (++this.#signatures > maxSignatures) throw new Exhausted()
    const verdict = verifySigned(certificate, issuer.publicKey, this.#demand.crypto)
    known.set(issuer, verdict)
    if (verdict === 'bad' && ++this.#forgeries > maxForgeries) throw new Exhausted()
    return verdict
  }

  /** Of many ways that fail, the first is told: candidates that are likelier come first. */
  #note(refused: Refusal): void {
    this.#refusal ??= refused
  }

  #step(): void {
    if (++this.#steps > maxSteps) throw new Exhausted()
  }
}

/** The search has cost what it may cost; caught where it began. */
class Exhausted extends Error {}

/** RFC 5280 §3.2: an authority's certificate for itself, as when it changes its key. */
function isSelfIssued({ subject, issuer }: Certificate): boolean {
  return subject.key === issuer.key
}

function isSameAuthority(a: Certificate, b: Certificate): boolean {
  return a === b || (a.subject.key === b.subject.key && equal(a.subjectPublicKeyInfo, b.subjectPublicKeyInfo))
}

function namesAnotherKey({ authorityKeyId }: Certificate, { subjectKeyId }: Certificate): boolean {
  return authorityKeyId !== undefined && subjectKeyId !== undefined && authorityKeyId !== subjectKeyId
}

/** Certificates that are looked at in the first place. */
const maxPresented = 100
/** Go allows 100. */
const maxSignatures = 32
/**
 * Signatures that are not what they claim. An honest chain has one where two authorities share a name and tell no key
 * identifiers; a stranger could have one for each certificate that he makes up, and each costs a core up to 1 ms
 * (P-384 with `wasm`; 6 ms with `noble`).
 */
const maxForgeries = 8
/** Candidates looked at, and names compared with constraints: each costs next to nothing. */
const maxSteps = 20_000
