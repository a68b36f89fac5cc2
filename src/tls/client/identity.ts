import type { SignatureName } from '../../crypto/provider.ts'
import { writeCertificateVerify } from '../../wire/certificate-verify.ts'
import { writeCertificate } from '../../wire/certificate.ts'
import { handshakeType } from '../../wire/code-points.ts'
import { writeHandshake } from '../../wire/handshake.ts'
import { signedContent } from '../signed-content.ts'
import { schemeIds } from '../suites.ts'
import type { Transcript } from '../transcript.ts'
import type { ClientConfig, ClientCredential } from './config.ts'

/**
 * The client's Certificate and CertificateVerify, for a server that takes these signature schemes (RFC 8446 §4.4.2).
 * Without a credential that fits, the Certificate is empty, and it is the server's to say whether that will do.
 */
export function proveIdentity(wanted: readonly number[], transcript: Transcript, config: ClientConfig): Uint8Array[] {
  const chosen = chooseCredential(wanted, config.credentials ?? [], schemeIds)
  const certificate = writeHandshake(handshakeType.certificate, (out) =>
    writeCertificate(out, chosen?.credential.chain ?? []),
  )
  transcript.add(certificate)
  if (chosen === undefined) return [certificate]
  const { credential, scheme, id } = chosen
  const content = signedContent('client', transcript.digest())
  const signature = credential.signingKey.sign(scheme, content, config.random)
  const verify = writeHandshake(handshakeType.certificateVerify, (out) =>
    writeCertificateVerify(out, { scheme: id, signature }),
  )
  transcript.add(verify)
  return [certificate, verify]
}

/** The first credential with a scheme that the server takes, among those that the version at hand has numbers for. */
export function chooseCredential(
  wanted: readonly number[],
  credentials: readonly ClientCredential[],
  ids: Readonly<Partial<Record<SignatureName, { readonly id: number }>>>,
): { credential: ClientCredential; scheme: SignatureName; id: number } | undefined {
  for (const credential of credentials)
    for (const scheme of credential.signingKey.schemes) {
      const id = ids[scheme]?.id
      if (id !== undefined && wanted.includes(id)) return { credential, scheme, id }
    }
  return undefined
}
