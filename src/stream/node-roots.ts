import { rootCertificates } from 'node:tls'
import { parseCertificate, type Certificate } from '../x509/certificate.ts'
import { IssueError } from '../x509/issue.ts'
import { parsePem } from '../x509/pem.ts'
import { TrustAnchors } from '../x509/trust-anchors.ts'

/** Mozilla's list of authorities, as Node brings it along: the certificates as data, not what OpenSSL thinks of them. */
export function nodeRoots(): TrustAnchors {
  once ??= new TrustAnchors(rootCertificates.flatMap((pem) => parsePem(pem).flatMap(({ der }) => parseIfWeCan(der))))
  return once
}
let once: TrustAnchors | undefined

/** A root that we cannot read vouches for nobody. */
function parseIfWeCan(der: Uint8Array): Certificate[] {
  try {
    return [parseCertificate(der)]
  } catch (error) {
    if (error instanceof IssueError) return []
    throw error
  }
}
