import { readClientHello, type ClientHello } from '../../wire/client-hello.ts'
import { handshakeType, extensionType, version } from '../../wire/code-points.ts'
import { writeNumber } from '../../wire/extensions/number-list.ts'
import { writeHandshake, type HandshakeMessage } from '../../wire/handshake.ts'
import { retryRandom, writeServerHello } from '../../wire/server-hello.ts'
import type { ServerConfig } from '../config.ts'
import { extensionsOf } from '../hello.ts'
import { negotiate, negotiateAgain, type Negotiated } from '../negotiate.ts'
import { groupIds } from '../suites.ts'
import { answerInTls12 } from '../tls12/server-flight.ts'
import { messageHash, Transcript } from '../transcript.ts'
import { chooseVersion } from '../version.ts'
import { authenticate, type Authentication } from './authentication.ts'
import { checkSecondHello, checkSecondOffer } from './second-hello.ts'
import { serverFlight } from './server-flight.ts'
import type { Effect, ExpectClientHello, ExpectSecondHello, Transition } from './state.ts'

/** The first ClientHello: answered by our whole flight, or by a HelloRetryRequest where its key share is missing. */
export function onClientHello(_: ExpectClientHello, message: HandshakeMessage, config: ServerConfig): Transition {
  const hello = readClientHello(message.body)
  const extensions = extensionsOf(hello)
  if (chooseVersion(hello, extensions, config) === 'TLSv1.2') return answerInTls12(hello, message, extensions, config)
  const negotiated = negotiate(hello, extensions, config)
  const transcript = new Transcript(config.crypto, negotiated.suite.hash)
  const authentication = authenticate(message, negotiated, transcript, config)
  const { share } = negotiated
  if (share === undefined) return retry(hello, message, negotiated, authentication, config)
  return serverFlight({ hello, negotiated, share, authentication, transcript, retried: false }, config)
}

/** The second: the same as the first but for what it may change, and with the share that we asked for. */
export function onSecondHello(state: ExpectSecondHello, message: HandshakeMessage, config: ServerConfig): Transition {
  const hello = readClientHello(message.body)
  const first = readClientHello(state.first)
  checkSecondHello(first, hello)
  const before = negotiate(first, extensionsOf(first), config)
  const negotiated = negotiateAgain(hello, before)
  checkSecondOffer(before.psks, negotiated.psks, state.taken)
  const { share } = negotiated
  const transcript = new Transcript(config.crypto, negotiated.suite.hash)
  for (const heard of state.transcript) transcript.add(heard)
  const authentication = authenticate(message, negotiated, transcript, config)
  return serverFlight({ hello, negotiated, share, authentication, transcript, retried: true }, config)
}

function retry(
  hello: ClientHello,
  message: HandshakeMessage,
  negotiated: Negotiated,
  authentication: Authentication,
  { crypto }: ServerConfig,
): Transition {
  const { suite, group } = negotiated
  // The second hello brings a binder of its own, and the secret is made again from its ticket.
  authentication.early.wipe()
  const request = writeHandshake(handshakeType.serverHello, (out) =>
    writeServerHello(out, {
      random: retryRandom,
      sessionId: hello.sessionId,
      cipherSuite: suite.id,
      extensions: [
        { type: extensionType.supportedVersions, body: writeNumber(version.tls13) },
        { type: extensionType.keyShare, body: writeNumber(groupIds[group]) },
      ],
    }),
  )
  const effects: Effect[] = [{ do: 'send', messages: request }]
  // RFC 8446 §D.4: in compatibility mode, right after the first message of ours.
  if (hello.sessionId.length > 0) effects.push({ do: 'send-change-cipher-spec' })
  if (negotiated.earlyData) effects.push({ do: 'skip-early-data', how: 'by-type' })
  const transcript = [messageHash(crypto, suite.hash, message.raw), request]
  const taken = authentication.by === 'session' ? authentication.index : undefined
  return { next: { at: 'expect-second-hello', first: message.body, taken, transcript }, effects }
}
