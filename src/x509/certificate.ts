import { equal } from '../bytes/arrays.ts'
import { DecodeError } from '../bytes/decode-error.ts'
import { toHex } from '../bytes/hex.ts'
import type { PublicKey } from '../crypto/provider.ts'
import { context, DerReader, tag } from './der.ts'
import { readDistinguishedName, type DistinguishedName } from './distinguished-name.ts'
import { readExtensionList, readExtensions, type Extension, type Extensions } from './extensions.ts'
import { IssueError } from './issue.ts'
import { readPublicKey } from './public-key.ts'
import { readSignatureAlgorithm, type Signed } from './signature.ts'
import { readTime } from './time.ts'

/** An X.509 v3 certificate, as far as one has to understand it to present it or to rely on it (RFC 5280 §4). */
export interface Certificate extends Signed, Extensions {
  readonly der: Uint8Array
  /** Hex; unique for each issuer, and the name by which it is revoked. */
  readonly serialNumber: string
  readonly issuer: DistinguishedName
  readonly subject: DistinguishedName
  readonly notBefore: Date
  readonly notAfter: Date
  /** SubjectPublicKeyInfo as DER. */
  readonly subjectPublicKeyInfo: Uint8Array
  /** undefined: of a kind that we cannot use. */
  readonly publicKey: PublicKey | undefined
  /** Of the subjectAltName, lower case. */
  readonly dnsNames: readonly string[]
  /** Of the subjectAltName, 4 or 16 bytes each. */
  readonly ipAddresses: readonly Uint8Array[]
}

/** Bits of keyUsage (RFC 5280 §4.2.1.3). */
export const keyUsage = { digitalSignature: 0, keyCertSign: 5, crlSign: 6 } as const

/** Whether the key may be used so; a certificate without keyUsage allows all. */
export function permits(certificate: Certificate, usage: keyof typeof keyUsage): boolean {
  return certificate.keyUsage?.has(keyUsage[usage]) ?? true
}

/** How a message calls the certificate. */
export function nameOf({ subject, dnsNames }: Certificate): string {
  return subject.commonName ?? dnsNames[0] ?? 'the certificate'
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
  const serial = fields.value(tag.integer, 'serialNumber')
  const inner = fields.value(tag.sequence, 'signature algorithm')
  // RFC 5280 §4.1.1.2: only the inner one is signed.
  if (!equal(inner.raw, algorithm.raw)) throw new DecodeError('signatureAlgorithm', 0, 'differs inside and outside')
  const issuer = fields.value(tag.sequence, 'issuer')
  const validity = fields.sequence('validity')
  const notBefore = readTime(validity, 'notBefore')
  const notAfter = readTime(validity, 'notAfter')
  validity.end('validity')
  const subject = fields.value(tag.sequence, 'subject')
  const key = fields.value(tag.sequence, 'subjectPublicKeyInfo')
  fields.optional(context(1, false), 'issuerUniqueID')
  fields.optional(context(2, false), 'subjectUniqueID')
  const extensions = readExtensions(extensionsOf(fields))
  fields.end('TBSCertificate')

  return {
    der,
    signed: signed.raw,
    signatureAlgorithm: readSignatureAlgorithm(algorithm.content),
    signature,
    serialNumber: toHex(serial.content),
    issuer: readDistinguishedName(issuer),
    subject: readDistinguishedName(subject),
    notBefore,
    notAfter,
    subjectPublicKeyInfo: key.raw,
    publicKey: readPublicKey(key.content),
    ...extensions,
    ...addressesOf(extensions),
  }
}

function extensionsOf(fields: DerReader): ReadonlyMap<string, Extension> {
  const wrapper = fields.optional(context(3), 'extensions')
  if (wrapper === undefined) return new Map()
  const outer = new DerReader(wrapper.content)
  const list = outer.sequence('extensions')
  outer.end('extensions')
  return readExtensionList(list, 'extensions')
}

function addressesOf({ altNames = [] }: Extensions): { dnsNames: string[]; ipAddresses: Uint8Array[] } {
  const dnsNames: string[] = []
  const ipAddresses: Uint8Array[] = []
  for (const name of altNames) {
    if (name.form === 'dns') dnsNames.push(name.name)
    if (name.form === 'ip' && (name.bytes.length === 4 || name.bytes.length === 16)) ipAddresses.push(name.bytes)
  }
  return { dnsNames, ipAddresses }
}
