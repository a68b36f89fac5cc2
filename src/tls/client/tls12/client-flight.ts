import { concat } from '../../../bytes/arrays.ts'
import { Reader } from '../../../bytes/reader.ts'
import { writeCertificateVerify } from '../../../wire/certificate-verify.ts'
import { handshakeType } from '../../../wire/code-points.ts'
import { writeHandshake, type HandshakeMessage } from '../../../wire/handshake.ts'
import { readTls12CertificateRequest } from '../../../wire/tls12/certificate-request.ts'
import { writeTls12Certificate } from '../../../wire/tls12/certificate.ts'
import { writeClientKeyExchange } from '../../../wire/tls12/client-key-exchange.ts'
import { fault } from '../../fault.ts'
import { extendedMasterSecret, recordKeys, verifyData } from '../../tls12/key-schedule.ts'
import { tls12SchemeIds } from '../../tls12/suites.ts'
import { hashOf } from '../../transcript.ts'
import type { ClientConfig } from '../config.ts'
import { privateKeys } from '../hello.ts'
import { chooseCredential } from '../identity.ts'
import type { ClientTransition } from '../state.ts'
import type { ExpectRequestOrDone, ExpectServerHelloDone } from './state.ts'

/** CertificateRequest (RFC 5246 §7.4.4): the server wants to know who the client is. */
export function onTls12CertificateRequest(state: ExpectRequestOrDone, message: HandshakeMessage): ClientTransition {
  const { schemes } = readTls12CertificateRequest(message.body)
  const transcript = [...state.transcript, message.raw]
  return { next: { ...state, at: 'tls12-expect-server-hello-done', wanted: schemes, transcript }, effects: [] }
}

/**
 * ServerHelloDone: the client's turn (RFC 5246 §7.3, figure 1):
 *
 *     [Certificate], ClientKeyExchange, [CertificateVerify], change_cipher_spec, {Finished}
 */
export function onServerHelloDone(
  state: ExpectRequestOrDone | ExpectServerHelloDone,
  message: HandshakeMessage,
  config: ClientConfig,
): ClientTransition {
  new Reader(message.body).end('ServerHelloDone')
  const { crypto, random, credentials = [] } = config
  const { suite, randoms, group, share, alpn, chain, signatureScheme, ticketComes, offer } = state
  const exchange = crypto.keyExchange(group)
  const { privateKey, share: ours } = exchange.keyPair(random)
  const premaster = exchange.sharedSecret(privateKey, share)
  if (premaster === undefined) throw fault('key-share-invalid', group)

  const transcript = [...state.transcript, message.raw]
  const flight: Uint8Array[] = []
  const say = (type: number, body: Parameters<typeof writeHandshake>[1]): void => {
    const bytes = writeHandshake(type, body)
    flight.push(bytes)
    transcript.push(bytes)
  }
  const asked = state.at === 'tls12-expect-server-hello-done'
  const chosen = asked ? chooseCredential(state.wanted, credentials, tls12SchemeIds) : undefined
  if (asked) say(handshakeType.certificate, (out) => writeTls12Certificate(out, chosen?.credential.chain ?? []))
  say(handshakeType.clientKeyExchange, (out) => writeClientKeyExchange(out, { point: ours }))
  const masterSecret = extendedMasterSecret(crypto, suite.hash, premaster, hashOf(crypto, suite.hash, transcript))
  if (chosen !== undefined) {
    // RFC 5246 §7.4.8: over all messages so far.
    const signature = chosen.credential.signingKey.sign(chosen.scheme, concat(...transcript), random)
    say(handshakeType.certificateVerify, (out) => writeCertificateVerify(out, { scheme: chosen.id, signature }))
  }
  const data = verifyData(crypto, suite.hash, masterSecret, 'client', hashOf(crypto, suite.hash, transcript))
  const finished = writeHandshake(handshakeType.finished, (out) => out.raw(data))
  transcript.push(finished)

  const keys = recordKeys(crypto, suite, masterSecret, randoms)
  const at = ticketComes ? 'tls12-expect-ticket' : 'tls12-expect-server-change-cipher-spec'
  const proved = { chain, signatureScheme, group, resumed: undefined, session: undefined }
  return {
    next: { at, suite, masterSecret, keys, alpn, transcript, ...proved },
    effects: [
      { do: 'send', messages: concat(...flight) },
      { do: 'send-change-cipher-spec' },
      { do: 'use-write-keys', keys: keys.client },
      { do: 'send', messages: finished },
      { do: 'wipe', secrets: [premaster, privateKey, ...privateKeys(offer)] },
    ],
  }
}
