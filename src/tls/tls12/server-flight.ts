import { concat } from '../../bytes/arrays.ts'
import type { ClientHello } from '../../wire/client-hello.ts'
import { handshakeType } from '../../wire/code-points.ts'
import { writeHandshake, type HandshakeMessage } from '../../wire/handshake.ts'
import { writeTls12Certificate } from '../../wire/tls12/certificate.ts'
import { writeEcdhParams, writeServerKeyExchange } from '../../wire/tls12/server-key-exchange.ts'
import type { ServerConfig } from '../config.ts'
import type { Transition } from '../handshake/state.ts'
import type { Extensions } from '../hello.ts'
import { groupIds } from '../suites.ts'
import { tls12CertificateRequest } from './certificate-request.ts'
import { chooseInTls12, readTls12Hello, type Tls12Choice, type Tls12Hello } from './negotiate.ts'
import { findTls12Session, planTls12Ticket, resumeInTls12 } from './resumption.ts'
import { limitRecords, serverRandom, writeTls12ServerHello } from './server-hello.ts'
import { tls12SchemeIds } from './suites.ts'

/** TLS 1.2's answer to a ClientHello: the session of its ticket is resumed, or everything is said anew. */
export function answerInTls12(
  hello: ClientHello,
  message: HandshakeMessage,
  extensions: Extensions,
  config: ServerConfig,
): Transition {
  const heard = readTls12Hello(hello, extensions, config)
  const credentials = config.credentials(heard.serverName)
  const found = findTls12Session(heard, credentials ?? [], config)
  if (found !== undefined) return resumeInTls12(heard, message, found, config)
  return fullFlight(heard, message, chooseInTls12(heard, credentials, config), config)
}

/**
 * A full handshake (RFC 5246 §7.3, figure 1):
 *
 *     ServerHello, Certificate, ServerKeyExchange, [CertificateRequest,] ServerHelloDone
 */
function fullFlight(
  heard: Tls12Hello,
  message: HandshakeMessage,
  choice: Tls12Choice,
  config: ServerConfig,
): Transition {
  const { suite, group, credential, scheme } = choice
  const randoms = { client: heard.random, server: serverRandom(config) }
  const { privateKey, share } = config.crypto.keyExchange(group).keyPair(config.random)
  const tickets = planTls12Ticket(heard, suite, credential, config)
  // RFC 5246 §7.4.1.3: an empty session id says that there is no session to come back to by it; there are tickets for that.
  const sessionId = new Uint8Array(0)
  const asked = config.clientAuth?.(heard.serverName)

  const serverHello = writeTls12ServerHello(heard, {
    random: randoms.server,
    sessionId,
    suite,
    serverName: heard.serverName,
    ticket: tickets !== undefined,
  })
  const certificate = writeHandshake(handshakeType.certificate, (out) => writeTls12Certificate(out, credential.chain))
  // RFC 8422 §5.4: both randoms and the share, so that no signature serves another handshake.
  const signed = concat(randoms.client, randoms.server, writeEcdhParams(groupIds[group], share))
  const signature = credential.signingKey.sign(scheme, signed, config.random)
  const keyExchange = writeHandshake(handshakeType.serverKeyExchange, (out) =>
    writeServerKeyExchange(out, {
      group: groupIds[group],
      point: share,
      scheme: tls12SchemeIds[scheme].id,
      signature,
    }),
  )
  const request = asked === undefined ? [] : [tls12CertificateRequest(asked)]
  const done = writeHandshake(handshakeType.serverHelloDone, () => undefined)
  const flight = [serverHello, certificate, keyExchange, ...request, done]
  const next = {
    suite,
    randoms,
    extendedMasterSecret: heard.extendedMasterSecret,
    group,
    privateKey,
    transcript: [message.raw, ...flight],
    tickets,
    complete: {
      type: 'handshake-complete',
      version: 'TLSv1.2',
      suite: suite.name,
      group,
      signatureScheme: tls12SchemeIds[scheme].name,
      serverName: heard.serverName,
      alpn: heard.alpn,
      fingerprint: credential.fingerprint,
      helloRetried: false,
      resumed: false,
    },
  } as const
  return {
    next:
      asked === undefined
        ? { ...next, at: 'tls12-expect-key-exchange', chain: undefined }
        : { ...next, at: 'tls12-expect-certificate', required: asked.required },
    effects: [...limitRecords(heard), { do: 'send', messages: concat(...flight) }],
  }
}
