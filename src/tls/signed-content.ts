import { concat } from '../bytes/arrays.ts'

/** What a CertificateVerify signs (RFC 8446 §4.4.3): 64 spaces, a context that names the signer, a zero, the transcript's hash. */
export function signedContent(signer: 'server' | 'client', transcript: Uint8Array): Uint8Array {
  const context = new TextEncoder().encode(`TLS 1.3, ${signer} CertificateVerify`)
  return concat(new Uint8Array(64).fill(0x20), context, Uint8Array.of(0), transcript)
}
