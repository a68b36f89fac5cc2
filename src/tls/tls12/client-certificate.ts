import { concat } from '../../bytes/arrays.ts'
import type { PublicKey, SignatureName } from '../../crypto/provider.ts'
import { readCertificateVerify } from '../../wire/certificate-verify.ts'
import type { HandshakeMessage } from '../../wire/handshake.ts'
import { readTls12Certificate } from '../../wire/tls12/certificate.ts'
import type { ServerConfig, Verdict } from '../config.ts'
import { fault } from '../fault.ts'
import type { Transition } from '../handshake/state.ts'
import { checkSignature, judged, readChain, sessionClient } from '../peer-chain.ts'
import type { AwaitTls12Verdict, ExpectTls12Certificate, ExpectTls12CertificateVerify } from './state.ts'
import { tls12SchemeIds, type Tls12SignatureName } from './suites.ts'

/** The client's Certificate (RFC 5246 §7.4.6): its chain goes out to be judged; an empty one may do. */
export function onTls12Certificate(state: ExpectTls12Certificate, message: HandshakeMessage): Transition {
  const presented = readTls12Certificate(message.body)
  const transcript = [...state.transcript, message.raw]
  if (presented.length === 0) {
    if (state.required) throw fault('no-certificate-in-tls12')
    return { next: { ...state, at: 'tls12-expect-key-exchange', transcript, chain: undefined }, effects: [] }
  }
  const chain = readChain(presented)
  // What cannot have signed need not be judged.
  if (chain.leaf.publicKey === undefined) throw fault('unsupported-key')
  const { serverName } = state.complete
  return {
    next: { ...state, at: 'tls12-await-verdict', transcript, chain },
    effects: [{ do: 'report', event: { type: 'verify-client-certificate', chain: chain.presented, serverName } }],
  }
}

export function onTls12Verdict(state: AwaitTls12Verdict, verdict: Verdict): Transition {
  return { next: { ...state, at: 'tls12-expect-key-exchange', chain: judged(state.chain, verdict) }, effects: [] }
}

/** The client's CertificateVerify (RFC 5246 §7.4.8): its key signed all that both sides have said. */
export function onTls12CertificateVerify(
  state: ExpectTls12CertificateVerify,
  message: HandshakeMessage,
  config: ServerConfig,
): Transition {
  const { chain, transcript, complete, tickets } = state
  const { scheme: id, signature } = readCertificateVerify(message.body)
  const scheme = (Object.keys(tls12SchemeIds) as Tls12SignatureName[]).find((name) => tls12SchemeIds[name].id === id)
  if (scheme === undefined) throw fault('signature-scheme-not-offered', `scheme ${id}`)
  checkSignature(chain, inTls12(scheme, chain.leaf.publicKey), concat(...transcript), signature, config)
  return {
    next: {
      ...state,
      at: 'tls12-expect-change-cipher-spec',
      transcript: [...transcript, message.raw],
      complete: { ...complete, peerChain: chain.presented },
      tickets: tickets && { ...tickets, client: sessionClient(chain) },
    },
    effects: [],
  }
}

/** RFC 5246 §7.4.1.4.1: the scheme of an ECDSA signature names a hash, and not a curve, as it does in TLS 1.3. */
function inTls12(scheme: Tls12SignatureName, key: PublicKey | undefined): SignatureName {
  if (key?.kind !== 'ecdsa') return scheme
  if (scheme === 'ECDSA-P256-SHA256') return `ECDSA-${curveText[key.curve]}-SHA256`
  if (scheme === 'ECDSA-P384-SHA384') return `ECDSA-${curveText[key.curve]}-SHA384`
  return scheme
}

const curveText = { 'P-256': 'P256', 'P-384': 'P384' } as const
