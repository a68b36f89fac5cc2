import { readCertificateRequest } from '../../wire/certificate-request.ts'
import { extensionType } from '../../wire/code-points.ts'
import { readNumbers16 } from '../../wire/extensions/number-list.ts'
import type { HandshakeMessage } from '../../wire/handshake.ts'
import { fault } from '../fault.ts'
import { asked } from './extensions.ts'
import type { ClientTransition, ExpectCertificateOrRequest } from './state.ts'

/** CertificateRequest (RFC 8446 §4.3.2): the server wants to know who the client is; a refusal comes in the client's flight. */
export function onCertificateRequest(state: ExpectCertificateOrRequest, message: HandshakeMessage): ClientTransition {
  const { context, extensions } = readCertificateRequest(message.body)
  // A context tells requests after the handshake apart, which this client does not offer to answer.
  if (context.length > 0) throw fault('request-context-not-empty', 'CertificateRequest')
  const schemes = asked('CertificateRequest', extensions).get(extensionType.signatureAlgorithms)
  if (schemes === undefined) throw fault('signature-algorithms-missing', 'CertificateRequest')
  state.transcript.add(message.raw)
  const wanted = readNumbers16(schemes, 'signature_algorithms')
  return { next: { ...state, at: 'expect-certificate', wanted }, effects: [] }
}
