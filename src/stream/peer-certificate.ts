import { sha256 } from '@noble/hashes/sha2.js'
import { formatAddress } from '../bytes/ip-address.ts'
import { toHex } from '../bytes/hex.ts'
import { parseCertificate } from '../x509/certificate.ts'

/** What a peer showed to say who it is. The names that count are the alternative names, not the subject. */
export interface PeerCertificate {
  /** The leaf's DER. */
  readonly raw: Buffer
  /** SHA-256 of it, as node:tls writes it: upper-case hex with colons. */
  readonly fingerprint256: string
  readonly commonName: string | undefined
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly notBefore: Date
  readonly notAfter: Date
  /** All of the chain as it came, DER, the leaf first. */
  readonly chain: readonly Buffer[]
}

/** Throws IssueError where the leaf is no certificate; a peer's was parsed before. */
export function peerCertificate(chain: readonly Uint8Array[]): PeerCertificate {
  const [leaf = new Uint8Array(0)] = chain
  const { subject, dnsNames, ipAddresses, notBefore, notAfter } = parseCertificate(leaf)
  return {
    raw: Buffer.from(leaf),
    fingerprint256: (toHex(sha256(leaf)).toUpperCase().match(/../g) ?? []).join(':'),
    commonName: subject.commonName,
    dnsNames,
    ipAddresses: ipAddresses.map(formatAddress),
    notBefore,
    notAfter,
    chain: chain.map((der) => Buffer.from(der)),
  }
}
