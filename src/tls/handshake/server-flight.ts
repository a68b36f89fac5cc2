import { concat, wipe } from '../../bytes/arrays.ts'
import { writeCertificateVerify } from '../../wire/certificate-verify.ts'
import type { ClientHello } from '../../wire/client-hello.ts'
import { extensionType, handshakeType, version } from '../../wire/code-points.ts'
import { writeExtensions, type Extension } from '../../wire/extension.ts'
import { writeProtocolNames } from '../../wire/extensions/alpn.ts'
import { writeServerShare } from '../../wire/extensions/key-share.ts'
import { writeNumber } from '../../wire/extensions/number-list.ts'
import { writeHandshake } from '../../wire/handshake.ts'
import { writeServerHello } from '../../wire/server-hello.ts'
import type { ServerConfig } from '../config.ts'
import type { HandshakeComplete } from '../events.ts'
import { fault } from '../fault.ts'
import { finishedData } from '../key-schedule.ts'
import type { Negotiated } from '../negotiate.ts'
import { protocolName } from '../protocol-name.ts'
import { publicKeyHash } from '../session.ts'
import { signedContent } from '../signed-content.ts'
import { groupIds, schemeIds } from '../suites.ts'
import type { Transcript } from '../transcript.ts'
import type { Authentication } from './authentication.ts'
import { certificateRequest } from './certificate-request.ts'
import type { TicketPlan } from './new-session-ticket.ts'
import { serverCertificate } from './server-certificate.ts'
import type { Answered, Effect, Transition } from './state.ts'

/** What the flight answers: a hello with a usable share, and all that was said before it. */
export interface Answerable {
  readonly hello: ClientHello
  readonly negotiated: Negotiated
  readonly share: Uint8Array
  readonly authentication: Authentication
  /** Of the messages up to and with this hello. */
  readonly transcript: Transcript
  readonly retried: boolean
}

/**
 * Everything a server says before the client's Finished (RFC 8446 §2, figures 1 and 3). Where a session is resumed, to
 * know its key is proof enough, and nothing is signed:
 *
 *     ServerHello, {EncryptedExtensions}, [[{CertificateRequest},] {Certificate} or {CompressedCertificate}, {CertificateVerify},] {Finished}
 */
export function serverFlight(answerable: Answerable, config: ServerConfig): Transition {
  const { hello, negotiated, share, authentication, transcript, retried } = answerable
  const { crypto, random } = config
  const { suite, group } = negotiated
  const exchanged = crypto.keyExchange(group).respond(share, random)
  if (exchanged === undefined) {
    authentication.early.wipe()
    throw fault('key-share-invalid', group)
  }
  const said = (message: Uint8Array): Uint8Array => {
    transcript.add(message)
    return message
  }

  const serverHello = said(writeHello(answerable, exchanged.share, config))
  const handshake = authentication.early.into(exchanged.secret, transcript.digest())
  wipe(exchanged.secret)

  const extensions = said(
    writeHandshake(handshakeType.encryptedExtensions, (out) =>
      writeExtensions(out, encryptedExtensions(negotiated, authentication)),
    ),
  )
  // RFC 8446 §4.3.2: who resumes has shown its certificate before, and must not be asked again.
  const asked = authentication.by === 'certificate' ? config.clientAuth?.(negotiated.serverName) : undefined
  const request = asked === undefined ? [] : [said(certificateRequest(asked))]
  const proof = authentication.by === 'certificate' ? writeProof(authentication, answerable, said, config) : []
  const ours = finishedData(crypto, suite.hash, handshake.server, transcript.digest())
  const finished = said(writeHandshake(handshakeType.finished, (out) => out.raw(ours)))

  const traffic = handshake.into(transcript.digest())
  const effects: Effect[] = [{ do: 'send', messages: serverHello }]
  // RFC 8446 §D.4: once, after our first message; a retry has sent it already.
  if (hello.sessionId.length > 0 && !retried) effects.push({ do: 'send-change-cipher-spec' })
  // RFC 8449 §4: for protected records only, so not for the ServerHello.
  if (negotiated.recordLimit !== undefined) effects.push({ do: 'limit-records', limit: negotiated.recordLimit })
  effects.push(
    { do: 'use-write-secret', suite, secret: handshake.server },
    { do: 'send', messages: concat(extensions, ...request, ...proof, finished) },
    { do: 'use-write-secret', suite, secret: traffic.server },
    { do: 'use-read-secret', suite, secret: handshake.client },
    { do: 'wipe', secrets: [handshake.server] },
    { do: 'skip-early-data', how: negotiated.earlyData ? 'by-trial' : 'no-more' },
  )
  const answered: Answered = {
    suite,
    transcript,
    clientSecret: handshake.client,
    traffic,
    tickets: planTickets(answerable, config),
    complete: summary(answerable),
  }
  if (asked === undefined) return { next: { ...answered, at: 'expect-finished' }, effects }
  return { next: { ...answered, at: 'expect-certificate', required: asked.required }, effects }
}

function writeHello(
  { hello, negotiated, authentication }: Answerable,
  share: Uint8Array,
  config: ServerConfig,
): Uint8Array {
  const { group, suite } = negotiated
  const extensions: Extension[] = [
    { type: extensionType.keyShare, body: writeServerShare({ group: groupIds[group], share }) },
    { type: extensionType.supportedVersions, body: writeNumber(version.tls13) },
  ]
  if (authentication.by === 'session')
    extensions.push({ type: extensionType.preSharedKey, body: writeNumber(authentication.index) })
  return writeHandshake(handshakeType.serverHello, (out) =>
    writeServerHello(out, {
      random: config.random(32),
      sessionId: hello.sessionId,
      cipherSuite: suite.id,
      extensions,
    }),
  )
}

function writeProof(
  { credential, scheme }: Extract<Authentication, { by: 'certificate' }>,
  { negotiated, transcript }: Answerable,
  said: (message: Uint8Array) => Uint8Array,
  config: ServerConfig,
): Uint8Array[] {
  const certificate = said(serverCertificate(credential, negotiated.certificateCompression, config))
  const signature = credential.signingKey.sign(scheme, signedContent('server', transcript.digest()), config.random)
  const verify = said(
    writeHandshake(handshakeType.certificateVerify, (out) =>
      writeCertificateVerify(out, { scheme: schemeIds[scheme].id, signature }),
    ),
  )
  return [certificate, verify]
}

/** Two tickets, so that a client can open two connections at once; one in place of each that was used. */
function planTickets({ negotiated, authentication }: Answerable, config: ServerConfig): TicketPlan | undefined {
  if (config.tickets === undefined || !negotiated.resumable) return undefined
  const { suite, serverName } = negotiated
  const resumed = authentication.by === 'session' ? authentication.session : undefined
  return {
    count: resumed === undefined ? 2 : 1,
    suite,
    serverName,
    credentialKey: publicKeyHash(config.crypto, authentication.credential.publicKey),
    authenticatedAtMs: resumed?.authenticatedAtMs ?? config.now(),
    clientAuth: config.clientAuth?.(serverName)?.id ?? new Uint8Array(0),
    client: resumed?.client,
  }
}

function summary({ negotiated, authentication, retried }: Answerable): HandshakeComplete {
  const { suite, group, serverName, alpn } = negotiated
  const client = authentication.by === 'session' ? authentication.session.client : undefined
  return {
    type: 'handshake-complete',
    version: 'TLSv1.3',
    suite: suite.name,
    group,
    signatureScheme: authentication.by === 'certificate' ? schemeIds[authentication.scheme].name : undefined,
    serverName,
    alpn,
    fingerprint: authentication.credential.fingerprint,
    helloRetried: retried,
    resumed: authentication.by === 'session',
    ...(client === undefined ? {} : { peerChain: [client.leaf] }),
  }
}

function encryptedExtensions({ serverName, alpn, recordLimit }: Negotiated, { by }: Authentication): Extension[] {
  const extensions: Extension[] = []
  // RFC 6066 §3: an empty server_name says that the name took part in the choice, which a resumed session leaves as it was.
  if (serverName !== undefined && by === 'certificate')
    extensions.push({ type: extensionType.serverName, body: new Uint8Array(0) })
  if (alpn !== undefined) extensions.push({ type: extensionType.alpn, body: writeProtocolNames([protocolName(alpn)]) })
  if (recordLimit !== undefined) extensions.push(recordLimit.answer)
  return extensions
}
