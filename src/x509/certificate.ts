import { DecodeError } from '../bytes/decode-error.ts'
import type { PublicKey } from '../crypto/provider.ts'
import { context, DerReader, tag, type Der } from './der.ts'
import { IssueError } from './issue.ts'
import { curveByOid, maxExponentBytes, maxRsaBytes, oid } from './oids.ts'

/** An X.509 v3 certificate, as far as a server that presents it has to understand it (RFC 5280 §4). */
export interface Certificate {
  readonly der: Uint8Array
  /** The signed part, with its header. */
  readonly signed: Uint8Array
  readonly signatureAlgorithm: string
  readonly signature: Uint8Array
  /** Names as DER: chains compare them byte by byte. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  /** The last commonName of the subject, for messages. */
  readonly commonName: string | undefined
  readonly notBefore: Date
  readonly notAfter: Date
  /** SubjectPublicKeyInfo as DER. */
  readonly subjectPublicKeyInfo: Uint8Array
  /** undefined: of a kind that we cannot use. */
  readonly publicKey: PublicKey | undefined
  readonly dnsNames: readonly string[]
  /** 4 or 16 bytes each. */
  readonly ipAddresses: readonly Uint8Array[]
  /** undefined: no basicConstraints. */
  readonly isAuthority: boolean | undefined
  /** undefined: any usage. */
  readonly extendedKeyUsage: readonly string[] | undefined
  /** digitalSignature is allowed; also where keyUsage is absent. */
  readonly maySign: boolean
}

/** Parses one certificate. Throws IssueError (MalformedCertificate). */
export function parseCertificate(der: Uint8Array): Certificate {
  try {
    return read(der)
  } catch (error) {
    if (error instanceof DecodeError) throw new IssueError('MalformedCertificate', error.message)
    throw error
  }
}

function read(der: Uint8Array): Certificate {
  const outer = new DerReader(der)
  const certificate = outer.sequence('Certificate')
  outer.end('Certificate')
  const signed = certificate.value(tag.sequence, 'TBSCertificate')
  const algorithm = certificate.value(tag.sequence, 'signatureAlgorithm')
  const signature = certificate.bits('signature')
  certificate.end('Certificate')

  const fields = new DerReader(signed.content)
  const versionField = fields.optional(context(0), 'version')
  if (versionField === undefined || new DerReader(versionField.content).number('version') !== 2)
    throw new DecodeError('version', 0, 'not an X.509 v3 certificate')
  fields.value(tag.integer, 'serialNumber')
  const inner = fields.value(tag.sequence, 'signature algorithm')
  if (!sameBytes(inner.raw, algorithm.raw)) throw new DecodeError('signatureAlgorithm', 0, 'differs inside and outside')
  const issuer = fields.value(tag.sequence, 'issuer')
  const validity = fields.sequence('validity')
  const notBefore = readTime(validity, 'notBefore')
  const notAfter = readTime(validity, 'notAfter')
  validity.end('validity')
  const subject = fields.value(tag.sequence, 'subject')
  const key = fields.value(tag.sequence, 'subjectPublicKeyInfo')
  fields.optional(context(1, false), 'issuerUniqueID')
  fields.optional(context(2, false), 'subjectUniqueID')
  const extensions = readExtensions(fields)
  fields.end('TBSCertificate')

  return {
    der,
    signed: signed.raw,
    signatureAlgorithm: new DerReader(algorithm.content).oid('signatureAlgorithm'),
    signature,
    issuer: issuer.raw,
    subject: subject.raw,
    commonName: readCommonName(subject),
    notBefore,
    notAfter,
    subjectPublicKeyInfo: key.raw,
    publicKey: readPublicKey(key.content),
    ...readAltNames(extensions.get(oid.subjectAltName)),
    isAuthority: readBasicConstraints(extensions.get(oid.basicConstraints)),
    extendedKeyUsage: readExtendedKeyUsage(extensions.get(oid.extendedKeyUsage)),
    maySign: readKeyUsage(extensions.get(oid.keyUsage)),
  }
}

function readExtensions(fields: DerReader): ReadonlyMap<string, Uint8Array> {
  const values = new Map<string, Uint8Array>()
  const wrapper = fields.optional(context(3), 'extensions')
  if (wrapper === undefined) return values
  const outer = new DerReader(wrapper.content)
  const list = outer.sequence('extensions')
  outer.end('extensions')
  while (!list.done) {
    const extension = list.sequence('extension')
    const id = extension.oid('extnID')
    extension.optional(tag.boolean, 'critical')
    // RFC 5280 §4.2: at most one of each kind.
    if (values.has(id)) throw new DecodeError('extensions', 0, `${id} stands there twice`)
    values.set(id, extension.value(tag.octetString, 'extnValue').content)
    extension.end('extension')
  }
  return values
}

/** The key of a SubjectPublicKeyInfo's content (RFC 5280 §4.1.2.7); undefined for kinds that we cannot use. */
export function readPublicKey(content: Uint8Array): PublicKey | undefined {
  const fields = new DerReader(content)
  const algorithm = fields.sequence('algorithm')
  const kind = algorithm.oid('algorithm')
  const bits = fields.bits('subjectPublicKey')
  fields.end('subjectPublicKeyInfo')
  if (kind === oid.rsaEncryption) {
    const outer = new DerReader(bits)
    const rsa = outer.sequence('RSAPublicKey')
    const key = { kind: 'rsa', n: rsa.unsigned('modulus'), e: rsa.unsigned('publicExponent') } as const
    rsa.end('RSAPublicKey')
    outer.end('RSAPublicKey')
    return key.n.length > maxRsaBytes || key.e.length > maxExponentBytes ? undefined : key
  }
  if (kind === oid.ed25519) return bits.length === 32 ? { kind: 'ed25519', publicKey: bits } : undefined
  if (kind !== oid.ecPublicKey || algorithm.peek !== tag.oid) return undefined
  const curve = curveByOid[algorithm.oid('namedCurve')]
  const length = curve === 'P-256' ? 65 : 97
  if (curve === undefined || bits.length !== length || bits[0] !== 4) return undefined
  return { kind: 'ecdsa', curve, point: bits }
}

function readTime(from: DerReader, what: string): Date {
  const { tag: kind, content } = from.any(what)
  const text = String.fromCharCode(...content)
  // RFC 5280 §4.1.2.5: UTCTime until 2049, GeneralizedTime from 2050; both with seconds, in Z, without fractions.
  const pattern = kind === tag.utcTime ? /^(\d\d)(\d{10})Z$/ : /^(\d{4})(\d{10})Z$/
  const match = kind === tag.utcTime || kind === tag.generalizedTime ? pattern.exec(text) : null
  if (match === null) throw new DecodeError(what, 0, 'not a UTCTime or GeneralizedTime of RFC 5280')
  const short = Number(match[1])
  const year = kind === tag.generalizedTime ? short : short + (short < 50 ? 2000 : 1900)
  const digits = match[2] as string
  const part = (at: number) => digits.slice(at, at + 2)
  const iso = `${String(year).padStart(4, '0')}-${part(0)}-${part(2)}T${part(4)}:${part(6)}:${part(8)}.000Z`
  const time = new Date(iso)
  if (Number.isNaN(time.getTime()) || time.toISOString() !== iso) throw new DecodeError(what, 0, 'no such time')
  return time
}

function readCommonName(subject: Der): string | undefined {
  let found: string | undefined
  const names = new DerReader(subject.content)
  while (!names.done) {
    const set = new DerReader(names.value(tag.set, 'RelativeDistinguishedName').content)
    while (!set.done) {
      const attribute = set.sequence('AttributeTypeAndValue')
      const type = attribute.oid('type')
      const value = attribute.any('value')
      if (type === oid.commonName) found = new TextDecoder().decode(value.content)
    }
  }
  return found
}

function readAltNames(value: Uint8Array | undefined): { dnsNames: string[]; ipAddresses: Uint8Array[] } {
  const dnsNames: string[] = []
  const ipAddresses: Uint8Array[] = []
  if (value === undefined) return { dnsNames, ipAddresses }
  const outer = new DerReader(value)
  const names = outer.sequence('subjectAltName')
  outer.end('subjectAltName')
  while (!names.done) {
    const name = names.any('GeneralName')
    if (name.tag === context(2, false)) dnsNames.push(String.fromCharCode(...name.content).toLowerCase())
    if (name.tag === context(7, false) && (name.content.length === 4 || name.content.length === 16))
      ipAddresses.push(name.content)
  }
  return { dnsNames, ipAddresses }
}

function readBasicConstraints(value: Uint8Array | undefined): boolean | undefined {
  if (value === undefined) return undefined
  return new DerReader(value).sequence('basicConstraints').optional(tag.boolean, 'cA')?.content[0] === 0xff
}

function readExtendedKeyUsage(value: Uint8Array | undefined): string[] | undefined {
  if (value === undefined) return undefined
  const usages: string[] = []
  const list = new DerReader(value).sequence('extKeyUsage')
  while (!list.done) usages.push(list.oid('KeyPurposeId'))
  return usages
}

function readKeyUsage(value: Uint8Array | undefined): boolean {
  if (value === undefined) return true
  // BIT STRING: a byte of unused bits, then the bits; digitalSignature is the first.
  const { content } = new DerReader(value).value(tag.bitString, 'keyUsage')
  return ((content[1] ?? 0) & 0x80) !== 0
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
