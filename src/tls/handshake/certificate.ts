import { readCertificateVerify } from '../../wire/certificate-verify.ts'
import { readCertificate } from '../../wire/certificate.ts'
import type { HandshakeMessage } from '../../wire/handshake.ts'
import type { ServerConfig, Verdict } from '../config.ts'
import { fault } from '../fault.ts'
import { checkSignature, judged, readChain, sessionClient } from '../peer-chain.ts'
import { signedContent } from '../signed-content.ts'
import { schemeIds, type HandshakeSignatureName } from '../suites.ts'
import type { AwaitVerdict, ExpectCertificate, ExpectCertificateVerify, Transition } from './state.ts'

/** The client's Certificate (RFC 8446 §4.4.2): its chain goes out to be judged; an empty one may do. */
export function onCertificate(state: ExpectCertificate, message: HandshakeMessage): Transition {
  const { context, entries } = readCertificate(message.body)
  // RFC 8446 §4.4.2: that of the request, which is empty within the handshake.
  if (context.length > 0) throw fault('request-context-not-empty', 'Certificate')
  // Our request asks for no extensions of a certificate.
  for (const { extensions } of entries)
    if (extensions[0] !== undefined) throw fault('extension-not-offered', `extension ${extensions[0].type}`)
  state.transcript.add(message.raw)
  if (entries.length === 0) {
    if (state.required) throw fault('no-certificate')
    return { next: { ...state, at: 'expect-finished' }, effects: [] }
  }
  const chain = readChain(entries.map(({ data }) => data))
  // What cannot have signed need not be judged.
  if (chain.leaf.publicKey === undefined) throw fault('unsupported-key')
  return {
    next: { ...state, at: 'await-verdict', chain },
    effects: [
      {
        do: 'report',
        event: { type: 'verify-client-certificate', chain: chain.presented, serverName: state.complete.serverName },
      },
    ],
  }
}

export function onVerdict(state: AwaitVerdict, verdict: Verdict): Transition {
  return { next: { ...state, at: 'expect-certificate-verify', chain: judged(state.chain, verdict) }, effects: [] }
}

/** The client's CertificateVerify (RFC 8446 §4.4.3): it holds the key, and means this connection. */
export function onCertificateVerify(
  state: ExpectCertificateVerify,
  message: HandshakeMessage,
  config: ServerConfig,
): Transition {
  const { chain, transcript, complete, tickets } = state
  const { scheme: id, signature } = readCertificateVerify(message.body)
  const scheme = (Object.keys(schemeIds) as HandshakeSignatureName[]).find((name) => schemeIds[name].id === id)
  if (scheme === undefined) throw fault('signature-scheme-not-offered', `scheme ${id}`)
  checkSignature(chain, scheme, signedContent('client', transcript.digest()), signature, config)
  transcript.add(message.raw)
  return {
    next: {
      ...state,
      at: 'expect-finished',
      complete: { ...complete, peerChain: chain.presented },
      tickets: tickets && { ...tickets, client: sessionClient(chain) },
    },
    effects: [],
  }
}
