import { concat } from '../../../bytes/arrays.ts'
import { signatureDetails } from '../../../crypto/key-check.ts'
import type { PublicKey, SignatureName } from '../../../crypto/provider.ts'
import type { HandshakeMessage } from '../../../wire/handshake.ts'
import { readTls12Certificate } from '../../../wire/tls12/certificate.ts'
import { readServerKeyExchange, writeEcdhParams } from '../../../wire/tls12/server-key-exchange.ts'
import { fault } from '../../fault.ts'
import { checkSignature, readChain } from '../../peer-chain.ts'
import { groupIds } from '../../suites.ts'
import { isTls12Group, tls12SchemeIds, type Tls12SignatureName, type Tls12Suite } from '../../tls12/suites.ts'
import { offeredScheme } from '../certificate.ts'
import type { ClientConfig } from '../config.ts'
import type { ClientTransition } from '../state.ts'
import { doubtOf } from '../trust.ts'
import type { ExpectServerKeyExchange, ExpectTls12Certificate } from './state.ts'

/** The server's Certificate (RFC 5246 §7.4.2). It is judged once the signature shows that the server holds its key. */
export function onTls12Certificate(state: ExpectTls12Certificate, message: HandshakeMessage): ClientTransition {
  const chain = readChain(readTls12Certificate(message.body))
  const transcript = [...state.transcript, message.raw]
  return { next: { ...state, at: 'tls12-expect-server-key-exchange', chain, transcript }, effects: [] }
}

/** ServerKeyExchange (RFC 8422 §5.4): the server's share, signed for this handshake by both randoms. */
export function onServerKeyExchange(
  state: ExpectServerKeyExchange,
  message: HandshakeMessage,
  config: ClientConfig,
): ClientTransition {
  const { chain, suite, randoms, offer } = state
  const { group: id, point, scheme: schemeId, signature } = readServerKeyExchange(message.body)
  const group = config.groups.find((name) => isTls12Group(name) && groupIds[name] === id)
  if (group === undefined) throw fault('server-share-not-offered', `group ${id}`)
  const scheme = offeredScheme(schemeId, offer)
  const signed = concat(randoms.client, randoms.server, writeEcdhParams(id, point))
  checkSuite(suite, chain.leaf.publicKey)
  checkSignature(chain, withCurveOf(chain.leaf.publicKey, scheme), signed, signature, config)
  const doubt = doubtOf(chain.presented, config)
  if (doubt !== undefined) throw doubt
  return {
    next: {
      ...state,
      at: 'tls12-expect-request-or-done',
      chain: chain.presented,
      signatureScheme: tls12SchemeIds[scheme].name,
      group,
      share: point,
      transcript: [...state.transcript, message.raw],
    },
    effects: [],
  }
}

/** The suite names the kind of key that signs (RFC 8422 §5.1.3 counts Ed25519 as ECDSA). */
function checkSuite({ name, signature }: Tls12Suite, key: PublicKey | undefined): void {
  if (key === undefined) throw fault('unsupported-key')
  if ((key.kind === 'rsa' ? 'RSA' : 'ECDSA') !== signature)
    throw fault('suite-of-another-key', `${name} with a key of kind ${key.kind}`)
}

/** In TLS 1.2 an ECDSA scheme names a hash, and the key brings its curve (RFC 8446 §4.2.3 on ecdsa_secp256r1_sha256). */
function withCurveOf(key: PublicKey | undefined, scheme: Tls12SignatureName): SignatureName {
  if (key?.kind !== 'ecdsa' || signatureDetails[scheme].kind !== 'ecdsa') return scheme
  return ecdsa[key.curve][signatureDetails[scheme].hash === 'SHA-256' ? 'SHA-256' : 'SHA-384']
}

const ecdsa = {
  'P-256': { 'SHA-256': 'ECDSA-P256-SHA256', 'SHA-384': 'ECDSA-P256-SHA384' },
  'P-384': { 'SHA-256': 'ECDSA-P384-SHA256', 'SHA-384': 'ECDSA-P384-SHA384' },
} as const
