import { concat } from '../../bytes/arrays.ts'
import type { ClientHello } from '../../wire/client-hello.ts'
import { extensionType, handshakeType } from '../../wire/code-points.ts'
import type { Extension } from '../../wire/extension.ts'
import { writeProtocolNames } from '../../wire/extensions/alpn.ts'
import { uncompressed, writePointFormats } from '../../wire/extensions/point-formats.ts'
import { writeRenegotiationInfo } from '../../wire/extensions/renegotiation-info.ts'
import { writeHandshake, type HandshakeMessage } from '../../wire/handshake.ts'
import { downgradeSentinel, writeServerHello } from '../../wire/server-hello.ts'
import { writeTls12Certificate } from '../../wire/tls12/certificate.ts'
import { writeEcdhParams, writeServerKeyExchange } from '../../wire/tls12/server-key-exchange.ts'
import type { ServerConfig } from '../config.ts'
import type { Transition } from '../handshake/state.ts'
import type { Extensions } from '../hello.ts'
import { groupIds } from '../suites.ts'
import { spoken } from '../version.ts'
import { negotiateTls12, type Tls12Negotiated } from './negotiate.ts'
import { tls12SchemeIds } from './suites.ts'

/**
 * TLS 1.2's answer to a ClientHello (RFC 5246 §7.3, figure 1):
 *
 *     ServerHello, Certificate, ServerKeyExchange, ServerHelloDone
 */
export function answerInTls12(
  hello: ClientHello,
  message: HandshakeMessage,
  extensions: Extensions,
  config: ServerConfig,
): Transition {
  const { crypto, random } = config
  const negotiated = negotiateTls12(hello, extensions, config)
  const { suite, group, credential, scheme } = negotiated
  const randoms = { client: hello.random, server: serverRandom(config) }
  const { privateKey, share } = crypto.keyExchange(group).keyPair(random)

  const serverHello = writeHandshake(handshakeType.serverHello, (out) =>
    writeServerHello(out, {
      random: randoms.server,
      // RFC 5246 §7.4.1.3: empty says that there is no session to come back to by its id; RFC 5077 has tickets for that.
      sessionId: new Uint8Array(0),
      cipherSuite: suite.id,
      extensions: answers(negotiated),
    }),
  )
  const certificate = writeHandshake(handshakeType.certificate, (out) => writeTls12Certificate(out, credential.chain))
  // RFC 8422 §5.4: both randoms and the share, so that no signature serves another handshake.
  const signed = concat(randoms.client, randoms.server, writeEcdhParams(groupIds[group], share))
  const signature = credential.signingKey.sign(scheme, signed, random)
  const keyExchange = writeHandshake(handshakeType.serverKeyExchange, (out) =>
    writeServerKeyExchange(out, {
      group: groupIds[group],
      point: share,
      scheme: tls12SchemeIds[scheme].id,
      signature,
    }),
  )
  const done = writeHandshake(handshakeType.serverHelloDone, () => undefined)
  const flight = [serverHello, certificate, keyExchange, done]
  return {
    next: {
      at: 'tls12-expect-key-exchange',
      suite,
      randoms,
      extendedMasterSecret: negotiated.extendedMasterSecret,
      group,
      privateKey,
      transcript: [message.raw, ...flight],
      complete: {
        type: 'handshake-complete',
        version: 'TLSv1.2',
        suite: suite.name,
        group,
        signatureScheme: tls12SchemeIds[scheme].name,
        serverName: negotiated.serverName,
        alpn: negotiated.alpn,
        fingerprint: credential.fingerprint,
        helloRetried: false,
        resumed: false,
      },
    },
    effects: [{ do: 'send', messages: concat(...flight) }],
  }
}

/** RFC 8446 §4.1.3: a client that speaks 1.3 sees by its end that somebody has taken that offer out of its hello. */
function serverRandom(config: ServerConfig): Uint8Array {
  const random = config.random(32)
  if (spoken(config)[0] === 'TLSv1.3') random.set(downgradeSentinel, random.length - downgradeSentinel.length)
  return random
}

/** Only what the client has asked for may be answered (RFC 5246 §7.4.1.4). */
function answers(negotiated: Tls12Negotiated): Extension[] {
  const nothing = new Uint8Array(0)
  const extensions: Extension[] = []
  if (negotiated.secureRenegotiation)
    extensions.push({ type: extensionType.renegotiationInfo, body: writeRenegotiationInfo() })
  // RFC 6066 §3: an empty server_name says that the name took part in the choice.
  if (negotiated.serverName !== undefined) extensions.push({ type: extensionType.serverName, body: nothing })
  if (negotiated.extendedMasterSecret) extensions.push({ type: extensionType.extendedMasterSecret, body: nothing })
  if (negotiated.pointFormats)
    extensions.push({ type: extensionType.pointFormats, body: writePointFormats([uncompressed]) })
  if (negotiated.alpn !== undefined) {
    const protocol = new TextEncoder().encode(negotiated.alpn)
    extensions.push({ type: extensionType.alpn, body: writeProtocolNames([protocol]) })
  }
  return extensions
}
