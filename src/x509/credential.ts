import { sha256 } from '@noble/hashes/sha2.js'
import { equal } from '../bytes/arrays.ts'
import { toHex } from '../bytes/hex.ts'
import type { CryptoProvider, PrivateKey, PublicKey } from '../crypto/provider.ts'
import { nameOf, parseCertificate, permits, type Certificate } from './certificate.ts'
import { matches } from './host-name.ts'
import { IssueError, type Issue, type IssueReason } from './issue.ts'
import { oid } from './oids.ts'
import { parsePem } from './pem.ts'
import { parsePkcs8, parsePrivateKeyPem } from './private-key.ts'
import { rsaBits } from './public-key.ts'
import { verifySigned } from './signature.ts'

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
      `the ${privateKey.kind} private key does not belong to the certificate of ${nameOf(leaf)}`,
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
    return [error('NotYetValid', `${nameOf(leaf)} is not valid before ${leaf.notBefore.toISOString()}`)]
  // RFC 5280 §4.1.2.5: the period includes notAfter; to the second it makes no difference, and the design says <.
  if (now >= leaf.notAfter) return [error('Expired', `${nameOf(leaf)} expired at ${leaf.notAfter.toISOString()}`)]
  return []
}

function coverage(leaf: Certificate, hosts: readonly string[]): Issue[] {
  const missing = hosts.filter((host) => !leaf.dnsNames.some((pattern) => matches(pattern, host)))
  if (missing.length === 0) return []
  const found = leaf.dnsNames.length === 0 ? 'no dNSName' : leaf.dnsNames.slice(0, 10).join(', ')
  return [error('SANMismatch', `${nameOf(leaf)} has ${found}, which does not cover ${missing.slice(0, 10).join(', ')}`)]
}

function strength(leaf: Certificate): Issue[] {
  const bits = leaf.publicKey && rsaBits(leaf.publicKey)
  return bits !== undefined && bits < 2048
    ? [error('WeakKey', `${nameOf(leaf)} has an RSA key of ${bits} bits, expected 2048 or more`)]
    : []
}

function usage(leaf: Certificate): Issue[] {
  const issues: Issue[] = []
  const purposes = leaf.extendedKeyUsage
  if (purposes !== undefined && !purposes.includes(oid.serverAuth) && !purposes.includes(oid.anyExtendedKeyUsage))
    issues.push(error('WrongUsage', `${nameOf(leaf)} is not for serverAuth by its extended key usage`))
  // TLS 1.3 signs, whatever the key: RFC 8446 §4.4.2.2.
  if (!permits(leaf, 'digitalSignature'))
    issues.push(error('WrongUsage', `${nameOf(leaf)} is not for digitalSignature by its key usage`))
  return issues
}

function order(chain: readonly Certificate[], now: Date, crypto: CryptoProvider): Issue[] {
  const issues: Issue[] = []
  for (const [i, certificate] of chain.entries()) {
    const issuer = chain[i + 1]
    if (issuer === undefined) break
    if (certificate.issuer.key !== issuer.subject.key)
      return [
        ...issues,
        error('ChainOrder', `certificate ${i + 1} was not issued by certificate ${i + 2} (${nameOf(issuer)})`),
      ]
    if (issuer.isAuthority === false)
      issues.push(error('ChainOrder', `certificate ${i + 2} (${nameOf(issuer)}) is not a certificate authority`))
    // An algorithm that we do not verify may still be one that clients do.
    if (issuer.publicKey !== undefined && verifySigned(certificate, issuer.publicKey, crypto) === 'bad')
      issues.push(error('ChainOrder', `certificate ${i + 2} (${nameOf(issuer)}) did not sign certificate ${i + 1}`))
    if (now >= issuer.notAfter)
      issues.push(
        error('Expired', `certificate ${i + 2} (${nameOf(issuer)}) expired at ${issuer.notAfter.toISOString()}`),
      )
  }
  const leaf = chain[0]
  // A lone leaf of somebody else's: clients need the intermediate, unless the issuer is a root of theirs. Only they know.
  if (chain.length === 1 && leaf !== undefined && leaf.issuer.key !== leaf.subject.key)
    issues.push({
      reason: 'IncompleteChain',
      severity: 'warning',
      message: `${nameOf(leaf)} comes without its issuer's certificate`,
    })
  return issues
}

function error(reason: IssueReason, message: string): Issue {
  return { reason, severity: 'error', message }
}
