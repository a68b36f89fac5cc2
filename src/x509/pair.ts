import { sha256 } from '@noble/hashes/sha2.js'
import { equal } from '../bytes/arrays.ts'
import { toHex } from '../bytes/hex.ts'
import type { PrivateKey, PublicKey } from '../crypto/provider.ts'
import { nameOf, parseCertificate } from './certificate.ts'
import type { Credential } from './credential.ts'
import { IssueError } from './issue.ts'
import { parsePem } from './pem.ts'

/** Joins a chain with its leaf's private key; `keyFor` is handed the public one. Throws IssueError. */
export function pair(chain: readonly Uint8Array[], keyFor: (publicKey: PublicKey) => PrivateKey): Credential {
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
  const privateKey = keyFor(leaf.publicKey)
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

/** The certificates of a PEM text, as they stand in it. Throws IssueError. */
export function chainOf(pem: string): Uint8Array[] {
  const chain = parsePem(pem)
    .filter(({ label }) => label === 'CERTIFICATE')
    .map(({ der }) => der)
  if (chain.length === 0) throw new IssueError('MalformedPEM', 'found no CERTIFICATE block in the certificate chain')
  return chain
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
