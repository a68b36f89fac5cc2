import { readCertificateVerify } from '../../wire/certificate-verify.ts'
import { readCertificate } from '../../wire/certificate.ts'
import type { HandshakeMessage } from '../../wire/handshake.ts'
import { fault } from '../fault.ts'
import { checkSignature, readChain } from '../peer-chain.ts'
import { signedContent } from '../signed-content.ts'
import { isHandshakeSignature, schemeIds } from '../suites.ts'
import { tls12SchemeIds, type Tls12SignatureName } from '../tls12/suites.ts'
import type { ClientConfig } from './config.ts'
import { answers } from './extensions.ts'
import type { Offer } from './hello.ts'
import type {
  ClientTransition,
  ExpectCertificate,
  ExpectCertificateOrRequest,
  ExpectCertificateVerify,
} from './state.ts'
import { doubtOf } from './trust.ts'

/** The server's Certificate (RFC 8446 §4.4.2). It is judged once the signature shows that the server holds its key. */
export function onCertificate(
  state: ExpectCertificateOrRequest | ExpectCertificate,
  message: HandshakeMessage,
): ClientTransition {
  const { context, entries } = readCertificate(message.body)
  if (context.length > 0) throw fault('request-context-not-empty', 'Certificate')
  for (const { extensions } of entries) answers('Certificate', extensions, state.offer.hello.extensions)
  const chain = readChain(entries.map(({ data }) => data))
  state.transcript.add(message.raw)
  const wanted = state.at === 'expect-certificate' ? state.wanted : undefined
  return { next: { ...state, at: 'expect-certificate-verify', wanted, chain }, effects: [] }
}

/** CertificateVerify (RFC 8446 §4.4.3): the server holds its certificate's key, and heard what we said. */
export function onCertificateVerify(
  state: ExpectCertificateVerify,
  message: HandshakeMessage,
  config: ClientConfig,
): ClientTransition {
  const { scheme: id, signature } = readCertificateVerify(message.body)
  const scheme = offeredScheme(id, state.offer)
  // RFC 8446 §4.2.3: PKCS#1 v1.5 is offered for the signatures in certificates only.
  if (!isHandshakeSignature(scheme)) throw fault('signature-scheme-not-offered', `${scheme} in CertificateVerify`)
  checkSignature(state.chain, scheme, signedContent('server', state.transcript.digest()), signature, config)
  const { presented } = state.chain
  const doubt = doubtOf(presented, config)
  if (doubt !== undefined) throw doubt
  state.transcript.add(message.raw)
  const signatureScheme = schemeIds[scheme].name
  return { next: { ...state, at: 'expect-server-finished', chain: presented, signatureScheme }, effects: [] }
}

/** The scheme of that number, if the client offered it. */
export function offeredScheme(id: number, { schemes }: Offer): Tls12SignatureName {
  const scheme = schemes.find((name) => tls12SchemeIds[name].id === id)
  if (scheme === undefined) throw fault('signature-scheme-not-offered', `scheme ${id}`)
  return scheme
}
