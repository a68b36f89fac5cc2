import { equal } from '../../../bytes/arrays.ts'
import { Reader } from '../../../bytes/reader.ts'
import { extensionType } from '../../../wire/code-points.ts'
import { readExtendedMasterSecret } from '../../../wire/extensions/extended-master-secret.ts'
import { readPointFormats, uncompressed } from '../../../wire/extensions/point-formats.ts'
import { readRenegotiationInfo } from '../../../wire/extensions/renegotiation-info.ts'
import type { HandshakeMessage } from '../../../wire/handshake.ts'
import { downgradeSentinels, type ReceivedServerHello } from '../../../wire/server-hello.ts'
import { fault } from '../../fault.ts'
import type { Effect } from '../../handshake/state.ts'
import { limitBySize } from '../../record-limit.ts'
import { recordKeys } from '../../tls12/key-schedule.ts'
import { tls12Suites, type Tls12Suite } from '../../tls12/suites.ts'
import type { ClientConfig } from '../config.ts'
import { chosenProtocol } from '../encrypted-extensions.ts'
import { answers } from '../extensions.ts'
import { privateKeys, type Offer } from '../hello.ts'
import type { Tls12Session } from '../session.ts'
import type { ClientTransition } from '../state.ts'
import type { Tls12Agreed } from './state.ts'

/** A ServerHello of TLS 1.2 (RFC 5246 §7.4.1.3): a full handshake begins, or a session is taken up. */
export function onTls12ServerHello(
  hello: ReceivedServerHello,
  message: HandshakeMessage,
  offer: Offer,
  config: ClientConfig,
): ClientTransition {
  checkDowngrade(hello, offer)
  const suite = chosenSuite(hello, offer)
  if (hello.compressionMethod !== 0) throw fault('compression-chosen', `method ${hello.compressionMethod}`)
  const extensions = answers('ServerHello of TLS 1.2', hello.extensions, offer.hello.extensions)
  checkSafety(extensions)
  const name = extensions.get(extensionType.serverName)
  if (name !== undefined) new Reader(name).end('server_name')
  const ticket = extensions.get(extensionType.sessionTicket)
  if (ticket !== undefined) new Reader(ticket).end('session_ticket')
  const agreed: Tls12Agreed = {
    offer,
    suite,
    randoms: { client: offer.hello.random, server: hello.random },
    alpn: chosenProtocol(extensions.get(extensionType.alpn), config),
    ticketComes: ticket !== undefined,
    transcript: [offer.message, message.raw],
  }
  const size = extensions.get(extensionType.recordSizeLimit)
  const effects: Effect[] = size === undefined ? [] : [{ do: 'limit-records', limit: limitBySize(size, 'TLSv1.2') }]
  const session = resumedSession(hello, suite, offer)
  if (session !== undefined) return resume(session, agreed, effects, config)
  return { next: { ...agreed, at: 'tls12-expect-certificate' }, effects }
}

/** RFC 8446 §4.1.3: a server that speaks TLS 1.3 would not have answered like this, had it seen our whole hello. */
function checkDowngrade({ random }: ReceivedServerHello, { versions }: Offer): void {
  const end = random.subarray(24)
  if (versions.includes('TLSv1.3') && downgradeSentinels.some((sentinel) => equal(sentinel, end)))
    throw fault('downgrade-signalled')
}

function chosenSuite({ cipherSuite }: ReceivedServerHello, { tls12Suites: offered }: Offer): Tls12Suite {
  const name = offered.find((candidate) => tls12Suites[candidate].id === cipherSuite)
  if (name === undefined) throw fault('suite-not-offered', `suite ${cipherSuite} in TLS 1.2`)
  return tls12Suites[name]
}

/** What every server of TLS 1.2 that is kept up has repaired. */
function checkSafety(extensions: ReadonlyMap<number, Uint8Array>): void {
  const renegotiation = extensions.get(extensionType.renegotiationInfo)
  if (renegotiation === undefined) throw fault('renegotiation-info-missing')
  if (readRenegotiationInfo(renegotiation).length > 0) throw fault('renegotiation-info-wrong')
  // RFC 7627 §1: without it one handshake's secret can be another's (the triple handshake).
  const extended = extensions.get(extensionType.extendedMasterSecret)
  if (extended === undefined) throw fault('extended-master-secret-missing')
  readExtendedMasterSecret(extended)
  const formats = extensions.get(extensionType.pointFormats)
  if (formats !== undefined && !readPointFormats(formats).includes(uncompressed)) throw fault('point-format-missing')
}

/** RFC 5077 §3.4: by our session id the server says that it takes up the ticket that came with it. */
function resumedSession(hello: ReceivedServerHello, suite: Tls12Suite, { hello: ours, session }: Offer) {
  if (ours.sessionId.length === 0 || !equal(hello.sessionId, ours.sessionId)) return undefined
  // The session id that came without a ticket stands for nothing (RFC 8446 §D.4).
  if (session?.version !== 'TLSv1.2') throw fault('session-not-offered')
  if (session.suite !== suite.name) throw fault('session-of-another-suite', suite.name)
  return session
}

function resume(
  session: Tls12Session,
  agreed: Tls12Agreed,
  effects: readonly Effect[],
  { crypto }: ClientConfig,
): ClientTransition {
  const { offer, suite, randoms, alpn, transcript } = agreed
  const masterSecret = session.secret.slice()
  const keys = recordKeys(crypto, suite, masterSecret, randoms)
  const at = agreed.ticketComes ? 'tls12-expect-ticket' : 'tls12-expect-server-change-cipher-spec'
  const proved = {
    chain: session.chain,
    signatureScheme: undefined,
    group: undefined,
    resumed: session,
    session: undefined,
  }
  return {
    next: { at, suite, masterSecret, keys, alpn, transcript, ...proved },
    effects: [...effects, { do: 'wipe', secrets: privateKeys(offer) }],
  }
}
