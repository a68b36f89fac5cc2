import { handshakeType } from '../../wire/code-points.ts'
import { writeHandshake } from '../../wire/handshake.ts'
import { certificateType, writeTls12CertificateRequest } from '../../wire/tls12/certificate-request.ts'
import type { ClientAuth } from '../config.ts'
import { authoritiesToName } from '../handshake/certificate-request.ts'
import { tls12SchemeIds } from './suites.ts'

/** TLS 1.2's CertificateRequest (RFC 5246 §7.4.4): the client should say who it is, in signatures that we can verify. */
export function tls12CertificateRequest({ authorities }: ClientAuth): Uint8Array {
  return writeHandshake(handshakeType.certificateRequest, (out) =>
    writeTls12CertificateRequest(out, {
      types: Uint8Array.of(certificateType.ecdsaSign, certificateType.rsaSign),
      schemes: Object.values(tls12SchemeIds).map(({ id }) => id),
      authorities: authoritiesToName(authorities),
    }),
  )
}
