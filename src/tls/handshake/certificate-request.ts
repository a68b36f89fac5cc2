import { writeCertificateRequest } from '../../wire/certificate-request.ts'
import { extensionType, handshakeType } from '../../wire/code-points.ts'
import type { Extension } from '../../wire/extension.ts'
import { writeCertificateAuthorities } from '../../wire/extensions/certificate-authorities.ts'
import { writeNumbers16 } from '../../wire/extensions/number-list.ts'
import { writeHandshake } from '../../wire/handshake.ts'
import type { ClientAuth } from '../config.ts'
import { schemeIds } from '../suites.ts'
import { tls12SchemeIds } from '../tls12/suites.ts'

/** CertificateRequest (RFC 8446 §4.3.2): the client should say who it is, in signatures that we can verify. */
export function certificateRequest({ authorities }: ClientAuth): Uint8Array {
  const extensions: Extension[] = [
    { type: extensionType.signatureAlgorithms, body: writeNumbers16(Object.values(schemeIds).map(({ id }) => id)) },
    // RFC 8446 §4.2.3: PKCS#1 v1.5 remains in certificates, where most authorities with an RSA key still use it.
    {
      type: extensionType.signatureAlgorithmsCert,
      body: writeNumbers16(Object.values(tls12SchemeIds).map(({ id }) => id)),
    },
  ]
  const named = authoritiesToName(authorities)
  if (named.length > 0)
    extensions.push({ type: extensionType.certificateAuthorities, body: writeCertificateAuthorities(named) })
  return writeHandshake(handshakeType.certificateRequest, (out) =>
    writeCertificateRequest(out, { context: new Uint8Array(0), extensions }),
  )
}

/** They are a help for choosing, and the message has other limits than the number of authorities: of too many, none is named. */
export function authoritiesToName(authorities: readonly Uint8Array[]): readonly Uint8Array[] {
  const length = authorities.reduce((sum, name) => sum + 2 + name.length, 0)
  return length <= maxAuthorities ? authorities : []
}

/** In bytes: a client may refuse a message beyond some 16 KiB. */
const maxAuthorities = 12_288
