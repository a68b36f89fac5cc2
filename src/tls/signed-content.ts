import { concat } from '../bytes/arrays.ts'

/** What a CertificateVerify signs (RFC 8446 §4.4.3): 64 spaces, a context that names the signer, a zero, the transcript's hash. */
export function signedContent(signer: 'server' | 'client', transcript: Uint8Array): Uint8Array {
  return concat(beginnings[signer], transcript)
}

const beginnings = { server: beginning('server'), client: beginning('client') } as const

function beginning(signer: 'server' | 'client'): Uint8Array {
  return new TextEncoder().encode(`${' '.repeat(64)}TLS 1.3, ${signer} CertificateVerify\0`)
}
