import { sha256 } from '@noble/hashes/sha2.js'
import { equal } from '../bytes/arrays.ts'
import { toHex } from '../bytes/hex.ts'
import type { CryptoProvider, PrivateKey, PublicKey } from '../crypto/provider.ts'
import { parseCertificate, type Certificate } from './certificate.ts'
import { matches } from './host-name.ts'
import { IssueError, type Issue, type IssueReason } from './issue.ts'
import { oid, signatureByOid } from './oids.ts'
import { parsePem } from './pem.ts'
import { parsePkcs8, parsePrivateKeyPem } from './private-key.ts'

/** A certificate chain with its key: what a server proves its name with. */
export interface Credential {
  /** DER, leaf first, as they go into the Certificate message. */
  readonly chain: readonly Uint8Array[]
  readonly privateKey: PrivateKey
  readonly publicKey: PublicKey
  /** SHA-256 of the leaf's DER, lower-case hex. */
  readonly fingerprint: string
  /** dNSNames of the leaf, lower case. */
  readonly names: readonly string[]
  readonly notBefore: Date
  readonly notAfter: Date
}

/** Parses a chain and a key as they stand in a Secret of type kubernetes.io/tls. Throws IssueError. */
export function parseCredential(certificatePem: string, keyPem: string): Credential {
  const chain = parsePem(certificatePem)
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(({ der }) => der)
  if (chain.length === 0) throw new IssueError('MalformedPEM', 'found no CERTIFICATE block in the certificate chain')
  return pair(chain, parsePrivateKeyPem(keyPem))
}

/** The same from DER: certificates leaf first, the key as PKCS#8. Throws IssueError. */
export function parseCredentialDer(chain: readonly Uint8Array[], pkcs8: Uint8Array): Credential {
  return pair(chain, parsePkcs8(pkcs8))
}

function pair(chain: readonly Uint8Array[], privateKey: PrivateKey): Credential {
  const first = chain[0]
  if (first === undefined) throw new IssueError('MalformedCertificate', 'the certificate chain is empty')
  if (chain.length > 10)
    throw new IssueError('MalformedCertificate', `a chain of ${chain.length} certificates, at most 10 allowed`)
  const leaf = parseCertificate(first)
  for (const certificate of chain.slice(1)) parseCertificate(certificate)
  if (leaf.publicKey === undefined)
    throw new IssueError(
      'UnsupportedKey',
      "the certificate's key is of a kind that is not supported: use ECDSA P-256 or P-384, RSA or Ed25519",
    )
  if (!belongs(privateKey, leaf.publicKey))
    throw new IssueError(
      'KeyMismatch',
      `the ${privateKey.kind} private key does not belong to the certificate of ${name(leaf)}`,
    )
  return {
    chain,
    privateKey,
    publicKey: leaf.publicKey,
    fingerprint: toHex(sha256(first)),
    names: leaf.dnsNames,
    notBefore: leaf.notBefore,
    notAfter: leaf.notAfter,
  }
}

function belongs(privateKey: PrivateKey, publicKey: PublicKey): boolean {
  if (privateKey.kind === 'ecdsa' && publicKey.kind === 'ecdsa')
    return privateKey.curve === publicKey.curve && equal(privateKey.point, publicKey.point)
  if (privateKey.kind === 'ed25519' && publicKey.kind === 'ed25519')
    return equal(privateKey.publicKey, publicKey.publicKey)
  if (privateKey.kind === 'rsa' && publicKey.kind === 'rsa')
    return equal(privateKey.n, publicKey.n) && equal(privateKey.e, publicKey.e)
  return false
}

/** What a credential is held against. */
export interface Expectation {
  /** Names that will be served with it. */
  readonly hosts: readonly string[]
  readonly now: Date
  readonly crypto: CryptoProvider
}

/** Everything that is wrong with a credential for its use: one entry for each finding, errors first. */
export function check(credential: Credential, { hosts, now, crypto }: Expectation): Issue[] {
  const certificates = credential.chain.map(parseCertificate)
  const leaf = certificates[0] as Certificate // a Credential has a leaf: `pair` refuses an empty chain
  const issues = [
    ...validity(leaf, now),
    ...coverage(leaf, hosts),
    ...strength(leaf),
    ...usage(leaf),
    ...order(certificates, now, crypto),
  ]
  return issues.toSorted((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'))
}

function validity(leaf: Certificate, now: Date): Issue[] {
  if (now < leaf.notBefore)
    return [error('NotYetValid', `${name(leaf)} is not valid before ${leaf.notBefore.toISOString()}`)]
  // RFC 5280 §4.1.2.5: the period includes notAfter; to the second it makes no difference, and the design says <.
  if (now >= leaf.notAfter) return [error('Expired', `${name(leaf)} expired at ${leaf.notAfter.toISOString()}`)]
  return []
}

function coverage(leaf: Certificate, hosts: readonly string[]): Issue[] {
  const missing = hosts.filter((host) => !leaf.dnsNames.some((pattern) => matches(pattern, host)))
  if (missing.length === 0) return []
  const found = leaf.dnsNames.length === 0 ? 'no dNSName' : leaf.dnsNames.slice(0, 10).join(', ')
  return [error('SANMismatch', `${name(leaf)} has ${found}, which does not cover ${missing.slice(0, 10).join(', ')}`)]
}

function strength(leaf: Certificate): Issue[] {
  if (leaf.publicKey?.kind !== 'rsa') return []
  const bits = leaf.publicKey.n.length * 8 - Math.clz32(leaf.publicKey.n[0] ?? 0) + 24
  return bits < 2048 ? [error('WeakKey', `${name(leaf)} has an RSA key of ${bits} bits, expected 2048 or more`)] : []
}

function usage(leaf: Certificate): Issue[] {
  const issues: Issue[] = []
  const purposes = leaf.extendedKeyUsage
  if (purposes !== undefined && !purposes.includes(oid.serverAuth) && !purposes.includes(oid.anyExtendedKeyUsage))
    issues.push(error('WrongUsage', `${name(leaf)} is not for serverAuth by its extended key usage`))
  // TLS 1.3 signs, whatever the key: RFC 8446 §4.4.2.2.
  if (!leaf.maySign) issues.push(error('WrongUsage', `${name(leaf)} is not for digitalSignature by its key usage`))
  return issues
}

function order(chain: readonly Certificate[], now: Date, crypto: CryptoProvider): Issue[] {
  const issues: Issue[] = []
  for (const [i, certificate] of chain.entries()) {
    const issuer = chain[i + 1]
    if (issuer === undefined) break
    if (!equal(certificate.issuer, issuer.subject))
      return [
        ...issues,
        error('ChainOrder', `certificate ${i + 1} was not issued by certificate ${i + 2} (${name(issuer)})`),
      ]
    if (issuer.isAuthority === false)
      issues.push(error('ChainOrder', `certificate ${i + 2} (${name(issuer)}) is not a certificate authority`))
    const scheme = signatureByOid[certificate.signatureAlgorithm]
    if (scheme !== undefined && issuer.publicKey !== undefined && signerFits(scheme, issuer.publicKey)) {
      if (!crypto.verify(scheme, issuer.publicKey, certificate.signed, certificate.signature))
        issues.push(error('ChainOrder', `certificate ${i + 2} (${name(issuer)}) did not sign certificate ${i + 1}`))
    }
    if (now >= issuer.notAfter)
      issues.push(
        error('Expired', `certificate ${i + 2} (${name(issuer)}) expired at ${issuer.notAfter.toISOString()}`),
      )
  }
  const leaf = chain[0]
  // A lone leaf of somebody else's: clients need the intermediate, unless the issuer is a root of theirs. Only they know.
  if (chain.length === 1 && leaf !== undefined && !equal(leaf.issuer, leaf.subject))
    issues.push({
      reason: 'IncompleteChain',
      severity: 'warning',
      message: `${name(leaf)} comes without its issuer's certificate`,
    })
  return issues
}

// ECDSA P-256 keys may sign with SHA-384 and the other way about; our providers pair curve and hash, and say nothing of those.
function signerFits(scheme: string, key: PublicKey): boolean {
  if (key.kind === 'ecdsa') return scheme === (key.curve === 'P-256' ? 'ECDSA-P256-SHA256' : 'ECDSA-P384-SHA384')
  return key.kind === 'ed25519' ? scheme === 'Ed25519' : scheme.startsWith('RSA-PKCS1')
}

function error(reason: IssueReason, message: string): Issue {
  return { reason, severity: 'error', message }
}

function name(certificate: Certificate): string {
  return certificate.commonName ?? certificate.dnsNames[0] ?? 'the certificate'
}
