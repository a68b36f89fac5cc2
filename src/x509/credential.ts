import type { CryptoProvider, PrivateKey, PublicKey } from '../crypto/provider.ts'
import { nameOf, parseCertificate, permits, type Certificate } from './certificate.ts'
import { matches } from './host-name.ts'
import type { Issue, IssueReason } from './issue.ts'
import { oid } from './oids.ts'
import { chainOf, pair } from './pair.ts'
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
  return pair(chainOf(certificatePem), () => parsePrivateKeyPem(keyPem))
}

/** The same from DER: certificates leaf first, the key as PKCS#8. Throws IssueError. */
export function parseCredentialDer(chain: readonly Uint8Array[], pkcs8: Uint8Array): Credential {
  return pair(chain, () => parsePkcs8(pkcs8))
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
