/**
 * The webhook's own certificates: a CA that lives a year and a leaf that lives a week, each replaced at two thirds of
 * its life. What comes in and goes out is the data of one Secret, so that all replicas agree by reading it.
 */
// oxlint-disable-next-line import/no-unassigned-import -- it must have run before tsyringe loads
import './reflect-metadata.ts'
import type { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { equal } from '../../bytes/arrays.ts'
import { parseCredential } from '../../x509/credential.ts'
import { parsePem } from '../../x509/pem.ts'

/** What the Secret holds, as PEM. */
export interface ServingCertificates {
  /** Every CA that may be trusted for now, newest last: the configuration's caBundle. */
  readonly trusted: string
  /** The CA that signs the next leaf. */
  readonly signer: string
  readonly signerKey: string
  readonly leaf: string
  readonly leafKey: string
}

/** Makes a CA and a leaf for these names. */
export async function createCertificates(names: readonly string[], now: Date): Promise<ServingCertificates> {
  const signer = await createSigner(now)
  return { trusted: signer.certificate, ...(await withLeaf(signer.certificate, signer.key, names, now)) }
}

/**
 * Replaces what is due and returns the rest as it was; the very same object where nothing is. A new CA is trusted one
 * step before it signs: the leaf is left alone in that step, so that no replica serves what the API server can't know.
 */
export async function renewCertificates(
  current: ServingCertificates,
  names: readonly string[],
  now: Date,
): Promise<ServingCertificates> {
  if (isDue(current.signer, now)) {
    const signer = await createSigner(now)
    const trusted = [...certificatesIn(current.trusted).filter((pem) => !isOver(pem, now)), signer.certificate]
    if (!isOver(current.leaf, now)) {
      return { ...current, trusted: trusted.join('\n'), signer: signer.certificate, signerKey: signer.key }
    }
    return {
      trusted: trusted.join('\n'),
      ...(await withLeaf(signer.certificate, signer.key, names, now)),
    }
  }
  if (isDue(current.leaf, now) || !covers(current.leaf, names)) {
    return { ...current, ...(await withLeaf(current.signer, current.signerKey, names, now)) }
  }
  return current
}

/** When the first of the two falls due. */
export function renewalTime(current: ServingCertificates): Date {
  return new Date(Math.min(dueAt(current.signer).getTime(), dueAt(current.leaf).getTime()))
}

/** When the leaf ends. */
export function leafNotAfter(current: ServingCertificates): Date {
  return new x509.X509Certificate(current.leaf).notAfter
}

/** The Secret's data, base64, as the API wants it. */
export function toSecretData(certificates: ServingCertificates): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, field]) => [key, Buffer.from(certificates[field]).toString('base64')]),
  )
}

/** The Secret's data, parsed; undefined where a part is missing, unreadable or not of this set, so that it is made anew. */
export function fromSecretData(data: Readonly<Record<string, string>> | undefined): ServingCertificates | undefined {
  const part = (key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString()
  const read: ServingCertificates = {
    trusted: part('ca.crt'),
    signer: part('signer.crt'),
    signerKey: part('signer.key'),
    leaf: part('tls.crt'),
    leafKey: part('tls.key'),
  }
  if (Object.values(read).includes('')) return undefined
  try {
    for (const pem of [read.signer, read.leaf]) dueAt(pem)
    parseCredential(read.leaf, read.leafKey)
    const [signer] = parseCredential(read.signer, read.signerKey).chain
    // It goes into the webhook configuration as it stands, where anybody may read it.
    const trusted = parsePem(read.trusted)
    if (trusted.some(({ label }) => label !== 'CERTIFICATE')) return undefined
    return trusted.some(({ der }) => signer !== undefined && equal(der, signer)) ? read : undefined
  } catch {
    return undefined
  }
}

async function createSigner(now: Date): Promise<{ certificate: string; key: string }> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=chitin-webhook-ca`,
    ...validity(now, signerDays),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  return { certificate: certificate.toString('pem'), key: await keyToPem(keys.privateKey) }
}

async function withLeaf(
  signer: string,
  signerKey: string,
  names: readonly string[],
  now: Date,
): Promise<Omit<ServingCertificates, 'trusted'>> {
  const issuer = new x509.X509Certificate(signer)
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=chitin-webhook`,
    issuer: issuer.subject,
    ...validity(now, leafDays),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: await keyFromPem(signerKey),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth], false),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isAddress(value) ? ('ip' as const) : ('dns' as const), value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  })
  return { signer, signerKey, leaf: certificate.toString('pem'), leafKey: await keyToPem(keys.privateKey) }
}

function covers(leaf: string, names: readonly string[]): boolean {
  const alternative = new x509.X509Certificate(leaf).getExtension(x509.SubjectAlternativeNameExtension)
  const held = new Set(alternative?.names.items.map(({ value }) => value))
  return names.every((name) => held.has(name))
}

function isDue(pem: string, now: Date): boolean {
  return dueAt(pem).getTime() <= now.getTime()
}

function isOver(pem: string, now: Date): boolean {
  return new x509.X509Certificate(pem).notAfter.getTime() <= now.getTime()
}

function dueAt(pem: string): Date {
  const { notBefore, notAfter } = new x509.X509Certificate(pem)
  return new Date(notBefore.getTime() + ((notAfter.getTime() - notBefore.getTime()) * 2) / 3)
}

function certificatesIn(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
}

// Clocks differ between machines: a certificate counts from five minutes ago.
function validity(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  const from = Math.floor(now.getTime() / 1000) * 1000
  return { notBefore: new Date(from - 300_000), notAfter: new Date(from + days * 86_400_000) }
}

function serial(): string {
  // RFC 5280 §4.1.2.2: positive and at most 20 octets; a leading 01 keeps the first bit clear.
  return '01' + Buffer.from(crypto.getRandomValues(new Uint8Array(15))).toString('hex')
}

function isAddress(name: string): boolean {
  return /^[\d.]+$/.test(name) || name.includes(':')
}

async function keyToPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}

async function keyFromPem(pem: string): Promise<webcrypto.CryptoKey> {
  return crypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), algorithm, false, ['sign'])
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const signerDays = 365
const leafDays = 7
const fields = {
  'ca.crt': 'trusted',
  'signer.crt': 'signer',
  'signer.key': 'signerKey',
  'tls.crt': 'leaf',
  'tls.key': 'leafKey',
} as const satisfies Record<string, keyof ServingCertificates>
