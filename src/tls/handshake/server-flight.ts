import { concat, wipe } from '../../bytes/arrays.ts'
import { writeCertificateVerify } from '../../wire/certificate-verify.ts'
import { writeCertificate } from '../../wire/certificate.ts'
import type { ClientHello } from '../../wire/client-hello.ts'
import { extensionType, handshakeType, version } from '../../wire/code-points.ts'
import { writeExtensions, type Extension } from '../../wire/extension.ts'
import { writeProtocolNames } from '../../wire/extensions/alpn.ts'
import { writeServerShare } from '../../wire/extensions/key-share.ts'
import { writeNumber } from '../../wire/extensions/number-list.ts'
import { writeHandshake } from '../../wire/handshake.ts'
import { writeServerHello } from '../../wire/server-hello.ts'
import type { ServerConfig } from '../config.ts'
import { fault } from '../fault.ts'
import { earlySecret, finishedData } from '../key-schedule.ts'
import type { Negotiated } from '../negotiate.ts'
import { signedContent } from '../signed-content.ts'
import { groupIds, schemeIds } from '../suites.ts'
import { Transcript } from '../transcript.ts'
import type { Effect, Transition } from './state.ts'

/** What the flight answers: a hello with a usable share, and all that was said before it. */
export interface Answerable {
  readonly hello: ClientHello
  readonly negotiated: Negotiated
  readonly share: Uint8Array
  /** Messages up to and with this hello. */
  readonly transcript: readonly Uint8Array[]
  readonly retried: boolean
}

/**
 * Everything a server says in a full handshake (RFC 8446 §2, figure 1):
 *
 *     ServerHello, {EncryptedExtensions}, {Certificate}, {CertificateVerify}, {Finished}
 */
export function serverFlight(
  { hello, negotiated, share, retried, ...heard }: Answerable,
  config: ServerConfig,
): Transition {
  const { crypto, random } = config
  const { suite, group, credential, scheme } = negotiated
  const exchanged = crypto.keyExchange(group).respond(share, random)
  if (exchanged === undefined) throw fault('key-share-invalid', group)

  const transcript = new Transcript(crypto, suite.hash)
  for (const message of heard.transcript) transcript.add(message)
  const record = (message: Uint8Array): Uint8Array => {
    transcript.add(message)
    return message
  }

  const serverHello = record(
    writeHandshake(handshakeType.serverHello, (out) =>
      writeServerHello(out, {
        random: random(32),
        sessionId: hello.sessionId,
        cipherSuite: suite.id,
        extensions: [
          { type: extensionType.keyShare, body: writeServerShare({ group: groupIds[group], share: exchanged.share }) },
          { type: extensionType.supportedVersions, body: writeNumber(version.tls13) },
        ],
      }),
    ),
  )
  const handshake = earlySecret(crypto, suite.hash).into(exchanged.secret, transcript.digest())
  wipe(exchanged.secret)

  const extensions = record(
    writeHandshake(handshakeType.encryptedExtensions, (out) => writeExtensions(out, encryptedExtensions(negotiated))),
  )
  const certificate = record(
    writeHandshake(handshakeType.certificate, (out) => writeCertificate(out, credential.chain)),
  )
  const signature = credential.signingKey.sign(scheme, signedContent('server', transcript.digest()), random)
  const verify = record(
    writeHandshake(handshakeType.certificateVerify, (out) =>
      writeCertificateVerify(out, { scheme: schemeIds[scheme].id, signature }),
    ),
  )
  const ours = finishedData(crypto, suite.hash, handshake.server, transcript.digest())
  const finished = record(writeHandshake(handshakeType.finished, (out) => out.raw(ours)))

  const expected = finishedData(crypto, suite.hash, handshake.client, transcript.digest())
  const traffic = handshake.into(transcript.digest())
  const effects: Effect[] = [{ do: 'send', messages: serverHello }]
  // RFC 8446 §D.4: once, after our first message; a retry has sent it already.
  if (hello.sessionId.length > 0 && !retried) effects.push({ do: 'send-change-cipher-spec' })
  effects.push(
    { do: 'use-write-secret', suite, secret: handshake.server },
    { do: 'send', messages: concat(extensions, certificate, verify, finished) },
    { do: 'use-write-secret', suite, secret: traffic.server },
    { do: 'use-read-secret', suite, secret: handshake.client },
    { do: 'wipe', secrets: [handshake.client, handshake.server] },
    { do: 'skip-early-data', how: negotiated.earlyData && !retried ? 'by-trial' : 'no-more' },
  )
  return {
    next: {
      at: 'expect-finished',
      suite,
      expected,
      traffic,
      complete: {
        type: 'handshake-complete',
        version: 'TLSv1.3',
        suite: suite.name,
        group,
        signatureScheme: schemeIds[scheme].name,
        serverName: negotiated.serverName,
        alpn: negotiated.alpn,
        fingerprint: credential.fingerprint,
        helloRetried: retried,
      },
    },
    effects,
  }
}

function encryptedExtensions({ serverName, alpn }: Negotiated): Extension[] {
  const extensions: Extension[] = []
  // RFC 6066 §3: an empty server_name says that the name took part in the choice.
  if (serverName !== undefined) extensions.push({ type: extensionType.serverName, body: new Uint8Array(0) })
  if (alpn !== undefined)
    extensions.push({ type: extensionType.alpn, body: writeProtocolNames([new TextEncoder().encode(alpn)]) })
  return extensions
}
