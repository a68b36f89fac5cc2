import { equal } from '../bytes/arrays.ts'
import { DecodeError } from '../bytes/decode-error.ts'
import { toHex } from '../bytes/hex.ts'
import type { CryptoProvider } from '../crypto/provider.ts'
import { permits, type Certificate } from './certificate.ts'
import { context, DerReader, tag } from './der.ts'
import { readDistinguishedName, type DistinguishedName } from './distinguished-name.ts'
import { readExtensionList } from './extensions.ts'
import { IssueError } from './issue.ts'
import { oid } from './oids.ts'
import { parsePem } from './pem.ts'
import { readSignatureAlgorithm, verifySigned, type Signed } from './signature.ts'
import { readTime } from './time.ts'

/**
 * A certificate revocation list (RFC 5280 §5): complete, and of the certificates of its own issuer only. What says
 * otherwise does so by an extension (delta lists §5.2.4, parts §5.2.5, lists for others §5.3.3), and is refused.
 */
export class Crl {
  readonly issuer: DistinguishedName
  readonly thisUpdate: Date
  readonly nextUpdate: Date
  readonly #signed: Signed
  readonly #revoked: ReadonlySet<string>
  /** By the issuer's key, as DER in hex: a long list is hashed once, not once a handshake. */
  readonly #signedBy = new Map<string, boolean>()

  constructor(signed: Signed, fields: Pick<Crl, 'issuer' | 'thisUpdate' | 'nextUpdate'>, revoked: ReadonlySet<string>) {
    this.issuer = fields.issuer
    this.thisUpdate = fields.thisUpdate
    this.nextUpdate = fields.nextUpdate
    this.#signed = signed
    this.#revoked = revoked
  }

  /** How many certificates it revokes. */
  get size(): number {
    return this.#revoked.size
  }

  revokes(certificate: Certificate): boolean {
    return this.#revoked.has(certificate.serialNumber)
  }

  /** Whether this authority, which must have been found good before, has issued the list. */
  isIssuedBy(authority: Certificate, crypto: CryptoProvider): boolean {
    if (authority.publicKey === undefined || authority.subject.key !== this.issuer.key) return false
    if (!permits(authority, 'crlSign')) return false
    const key = toHex(authority.subjectPublicKeyInfo)
    const known = this.#signedBy.get(key)
    if (known !== undefined) return known
    const isGood = verifySigned(this.#signed, authority.publicKey, crypto) === 'good'
    // An authority seldom has more keys than two; a bound all the same.
    if (this.#signedBy.size < 16) this.#signedBy.set(key, isGood)
    return isGood
  }
}

/** Every list of a PEM text. Throws IssueError, also where there is none. */
export function parseCrls(pem: string): Crl[] {
  const blocks = parsePem(pem).filter(({ label }) => label === 'X509 CRL')
  if (blocks.length === 0) throw new IssueError('MalformedPEM', 'found no X509 CRL block')
  return blocks.map(({ der }) => parseCrl(der))
}

/** Throws IssueError (MalformedCRL). */
export function parseCrl(der: Uint8Array): Crl {
  try {
    return read(der)
  } catch (error) {
    if (error instanceof DecodeError) throw new IssueError('MalformedCRL', error.message)
    throw error
  }
}

function read(der: Uint8Array): Crl {
  const outer = new DerReader(der)
  const list = outer.sequence('CertificateList')
  outer.end('CertificateList')
  const signed = list.value(tag.sequence, 'TBSCertList')
  const algorithm = list.value(tag.sequence, 'signatureAlgorithm')
  const signature = list.bits('signature')
  list.end('CertificateList')

  const fields = new DerReader(signed.content)
  // §5.1.2.1: version 1 has no extensions; what we need of it looks the same.
  if (fields.peek === tag.integer && fields.number('version') !== 1)
    throw new DecodeError('version', 0, 'a CRL of neither version 1 nor 2')
  const inner = fields.value(tag.sequence, 'signature algorithm')
  if (!equal(inner.raw, algorithm.raw)) throw new DecodeError('signatureAlgorithm', 0, 'differs inside and outside')
  const issuer = readDistinguishedName(fields.value(tag.sequence, 'issuer'))
  const thisUpdate = readTime(fields, 'thisUpdate')
  // §5.1.2.5: conforming issuers must say when the next one comes, and nobody could tell an old list from a new one else.
  const nextUpdate = readTime(fields, 'nextUpdate')
  const revoked = new Set<string>()
  const entries = fields.optional(tag.sequence, 'revokedCertificates')
  if (entries !== undefined) readEntries(new DerReader(entries.content), revoked)
  const wrapper = fields.optional(context(0), 'crlExtensions')
  if (wrapper !== undefined) refusePart(new DerReader(wrapper.content).sequence('crlExtensions'), 'crlExtensions')
  fields.end('TBSCertList')
  const by = { signed: signed.raw, signatureAlgorithm: readSignatureAlgorithm(algorithm.content), signature }
  return new Crl(by, { issuer, thisUpdate, nextUpdate }, revoked)
}

function readEntries(entries: DerReader, into: Set<string>): void {
  while (!entries.done) {
    const entry = entries.sequence('revokedCertificate')
    into.add(toHex(entry.value(tag.integer, 'userCertificate').content))
    readTime(entry, 'revocationDate')
    if (!entry.done) refusePart(entry.sequence('crlEntryExtensions'), 'crlEntryExtensions')
    entry.end('revokedCertificate')
  }
}

/** §5.2, §5.3: a critical extension that is not understood makes the whole list unusable; and some should be critical. */
function refusePart(list: DerReader, where: string): void {
  for (const [id, { critical }] of readExtensionList(list, where))
    if (partial.has(id) || (critical && !understood.has(id)))
      throw new DecodeError(where, 0, `${id} is critical and not supported`)
}

/** A delta of another list, a part of one, or one of other issuers' certificates: what it leaves out is not cleared by it. */
const partial: ReadonlySet<string> = new Set([
  oid.deltaCrlIndicator,
  oid.issuingDistributionPoint,
  oid.certificateIssuer,
])
const understood: ReadonlySet<string> = new Set([oid.authorityKeyIdentifier, oid.crlNumber, oid.reasonCode])
