import { writeCertificateVerify } from '../../wire/certificate-verify.ts'
import { writeCertificate } from '../../wire/certificate.ts'
import { handshakeType } from '../../wire/code-points.ts'
import { writeHandshake } from '../../wire/handshake.ts'
import { signedContent } from '../signed-content.ts'
import { isHandshakeSignature, schemeIds, type HandshakeSignatureName } from '../suites.ts'
import type { Transcript } from '../transcript.ts'
import type { ClientConfig, ClientCredential } from './config.ts'

/**
 * The client's Certificate and CertificateVerify, for a server that takes these signature schemes (RFC 8446 §4.4.2).
 * Without a credential that fits, the Certificate is empty, and it is the server's to say whether that will do.
 */
export function proveIdentity(wanted: readonly number[], transcript: Transcript, config: ClientConfig): Uint8Array[] {
  const chosen = chooseCredential(wanted, config.credentials ?? [])
  const certificate = writeHandshake(handshakeType.certificate, (out) =>
    writeCertificate(out, chosen?.credential.chain ?? []),
  )
  transcript.add(certificate)
  if (chosen === undefined) return [certificate]
  const { credential, scheme } = chosen
  const content = signedContent('client', transcript.digest())
  const signature = credential.signingKey.sign(scheme, content, config.random)
  const verify = writeHandshake(handshakeType.certificateVerify, (out) =>
    writeCertificateVerify(out, { scheme: schemeIds[scheme].id, signature }),
  )
  transcript.add(verify)
  return [certificate, verify]
}

function chooseCredential(
  wanted: readonly number[],
  credentials: readonly ClientCredential[],
): { credential: ClientCredential; scheme: HandshakeSignatureName } | undefined {
  for (const credential of credentials)
    for (const scheme of credential.signingKey.schemes)
      if (isHandshakeSignature(scheme) && wanted.includes(schemeIds[scheme].id)) return { credential, scheme }
  return undefined
}
