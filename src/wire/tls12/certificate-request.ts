import { Reader } from '../../bytes/reader.ts'
import type { Writer } from '../../bytes/writer.ts'

/** TLS 1.2's CertificateRequest: which keys, signatures and issuers the server takes (RFC 5246 §7.4.4). */
export interface Tls12CertificateRequest {
  /** ClientCertificateType. */
  readonly types: Uint8Array
  readonly schemes: readonly number[]
  /** Distinguished names, in DER; empty: any issuer. */
  readonly authorities: readonly Uint8Array[]
}

/** ClientCertificateType: rsa_sign (RFC 5246 §7.4.4), and ecdsa_sign, which covers Ed25519 too (RFC 8422 §5.5). */
export const certificateType = { rsaSign: 1, ecdsaSign: 64 } as const

export function writeTls12CertificateRequest(out: Writer, request: Tls12CertificateRequest): void {
  out.vector8(request.types)
  out.prefixed16((schemes) => {
    for (const scheme of request.schemes) schemes.u16(scheme)
  })
  out.prefixed16((authorities) => {
    for (const name of request.authorities) authorities.vector16(name)
  })
}

export function readTls12CertificateRequest(bytes: Uint8Array): Tls12CertificateRequest {
  const from = new Reader(bytes)
  const types = from.sub8('certificate_types')
  if (types.remaining === 0) throw types.error('certificate_types', 'empty')
  const schemeList = from.sub16('supported_signature_algorithms')
  if (schemeList.remaining === 0) throw schemeList.error('supported_signature_algorithms', 'empty')
  const schemes: number[] = []
  while (schemeList.remaining > 0) schemes.push(schemeList.u16('algorithm'))
  const nameList = from.sub16('certificate_authorities')
  from.end('CertificateRequest')
  const authorities: Uint8Array[] = []
  while (nameList.remaining > 0) authorities.push(nameList.sub16('DistinguishedName').rest())
  return { types: types.rest(), schemes, authorities }
}
