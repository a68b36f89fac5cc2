/**
 * Certificates and revocation lists of a peer: whatever they are, there is a verdict. Signatures are believed here, or the
 * fuzzer would never see what stands behind the first one.
 */
import { native } from '../../../src/crypto/native/provider.ts'
import type { CryptoProvider } from '../../../src/crypto/provider.ts'
import { parseCertificate } from '../../../src/x509/certificate.ts'
import { verifyChain } from '../../../src/x509/chain.ts'
import { parseCrl, type Crl } from '../../../src/x509/crl.ts'
import { IssueError } from '../../../src/x509/issue.ts'
import { TrustAnchors } from '../../../src/x509/trust-anchors.ts'

const crypto: CryptoProvider = { ...native, verify: () => true }
const now = new Date('2027-01-01T00:00:00Z')

/** Pieces of `data`, each behind two bytes of length: an anchor, a revocation list, and the chain, leaf first. */
export function fuzz(data: Buffer): void {
  const [anchor = new Uint8Array(0), list = new Uint8Array(0), ...presented] = pieces(data)
  const anchors = new TrustAnchors(orNone(() => [parseCertificate(anchor)]))
  const crls: Crl[] = orNone(() => [parseCrl(list)])
  for (const purpose of ['clientAuth', 'serverAuth'] as const) {
    const revocation = crls.length > 0 ? { revocation: { crls } } : {}
    const demand = { anchors, purpose, now, crypto, name: 'shop.example.com', ...revocation }
    const verdict = verifyChain(presented, demand)
    if ('path' in verdict ? verdict.path.length === 0 : verdict.refused.length === 0) throw new Error('no verdict')
  }
}

function orNone<Item>(parse: () => Item[]): Item[] {
  try {
    return parse()
  } catch (error) {
    if (error instanceof IssueError) return []
    throw error
  }
}

function pieces(data: Buffer): Uint8Array[] {
  const found: Uint8Array[] = []
  for (let at = 0; at + 2 <= data.length;) {
    const length = data.readUInt16BE(at)
    found.push(Uint8Array.from(data.subarray(at + 2, at + 2 + length)))
    at += 2 + length
  }
  return found
}
