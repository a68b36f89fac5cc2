import { equalConstantTime } from '../../../bytes/arrays.ts'
import { Reader } from '../../../bytes/reader.ts'
import { handshakeType } from '../../../wire/code-points.ts'
import { writeHandshake, type HandshakeMessage } from '../../../wire/handshake.ts'
import { readTls12NewSessionTicket } from '../../../wire/tls12/new-session-ticket.ts'
import { maxTicketLifetimeSeconds } from '../../config.ts'
import type { HandshakeComplete } from '../../events.ts'
import { fault } from '../../fault.ts'
import type { Effect } from '../../handshake/state.ts'
import { defaultLimits } from '../../limits.ts'
import { verifyData } from '../../tls12/key-schedule.ts'
import { hashOf } from '../../transcript.ts'
import type { ClientConfig } from '../config.ts'
import type { Tls12Session } from '../session.ts'
import type { ClientTransition } from '../state.ts'
import { fingerprintOf } from '../trust.ts'
import type {
  ExpectServerChangeCipherSpec,
  ExpectTicket,
  ExpectTls12ServerFinished,
  Keyed,
  Tls12ClientEstablished,
} from './state.ts'

/** NewSessionTicket of TLS 1.2 (RFC 5077 §3.3): it stands for the master secret of this handshake. */
export function onTls12NewSessionTicket(
  state: ExpectTicket,
  message: HandshakeMessage,
  config: ClientConfig,
): ClientTransition {
  const { lifetimeHint, ticket } = readTls12NewSessionTicket(message.body)
  const transcript = [...state.transcript, message.raw]
  const session = ticket.length > 0 ? sessionOf(state, ticket, lifetimeHint, config) : undefined
  return {
    next: { ...state, at: 'tls12-expect-server-change-cipher-spec', transcript, session },
    effects: [],
  }
}

/** change_cipher_spec: behind it the server's records are protected. Anywhere else it would be an attack (CVE-2014-0224). */
export function onServerChangeCipherSpec(state: ExpectServerChangeCipherSpec): ClientTransition {
  return {
    next: { ...state, at: 'tls12-expect-server-finished' },
    effects: [{ do: 'use-read-keys', keys: state.keys.server }],
  }
}

/** The server's Finished (RFC 5246 §7.4.9): both sides have the same keys, and heard the same. */
export function onTls12ServerFinished(
  state: ExpectTls12ServerFinished,
  message: HandshakeMessage,
  config: ClientConfig,
): ClientTransition {
  const { suite, masterSecret, keys, transcript, session } = state
  const verify = (sender: 'client' | 'server', messages: readonly Uint8Array[]): Uint8Array =>
    verifyData(config.crypto, suite.hash, masterSecret, sender, hashOf(config.crypto, suite.hash, messages))
  const expected = verify('server', transcript)
  if (message.body.length !== expected.length) throw fault('finished-length', `${message.body.length} bytes`)
  if (!equalConstantTime(message.body, expected)) throw fault('finished-mismatch')
  const effects: Effect[] = []
  if (state.resumed !== undefined) {
    // RFC 5077 §3.1, figure 2: the server spoke first, and our turn is the last.
    const data = verify('client', [...transcript, message.raw])
    effects.push(
      { do: 'send-change-cipher-spec' },
      { do: 'use-write-keys', keys: keys.client },
      { do: 'send', messages: writeHandshake(handshakeType.finished, (out) => out.raw(data)) },
    )
  }
  effects.push({ do: 'wipe', secrets: keyedSecrets(state) }, { do: 'report', event: complete(state, config) })
  if (session !== undefined) effects.push({ do: 'report', event: { type: 'session', session } })
  return { next: { at: 'tls12-established', refused: 0 }, effects }
}

/** HelloRequest asks to renegotiate (RFC 5246 §7.4.1.1), and the answer is no, as from our server. */
export function onHelloRequest(
  state: Tls12ClientEstablished,
  message: HandshakeMessage,
  config: ClientConfig,
): ClientTransition {
  new Reader(message.body).end('HelloRequest')
  const refused = state.refused + 1
  if (refused > (config.limits ?? defaultLimits).renegotiations) throw fault('too-many-renegotiations')
  return { next: { ...state, refused }, effects: [{ do: 'send-warning', alert: 'no_renegotiation' }] }
}

/** To be wiped when the handshake is over, or given up. */
export function keyedSecrets({ masterSecret, keys: { client, server } }: Keyed): readonly Uint8Array[] {
  return [masterSecret, client.key, client.iv, server.key, server.iv]
}

function sessionOf(state: ExpectTicket, ticket: Uint8Array, lifetimeHint: number, config: ClientConfig): Tls12Session {
  const receivedAt = config.now()
  // RFC 5077 §3.3: zero leaves it to the client; a week is what TLS 1.3 allows.
  const lifetime = Math.min(lifetimeHint === 0 ? day : lifetimeHint, maxTicketLifetimeSeconds)
  return {
    version: 'TLSv1.2',
    suite: state.suite.name,
    ticket: ticket.slice(),
    secret: state.masterSecret.slice(),
    receivedAt,
    expiresAt: receivedAt + lifetime * 1000,
    serverName: config.serverName,
    chain: state.chain,
  }
}

function complete(state: Keyed, { serverName }: ClientConfig): HandshakeComplete {
  return {
    type: 'handshake-complete',
    version: 'TLSv1.2',
    suite: state.suite.name,
    group: state.group,
    signatureScheme: state.signatureScheme,
    serverName,
    alpn: state.alpn,
    fingerprint: fingerprintOf(state.chain),
    helloRetried: false,
    resumed: state.resumed !== undefined,
    peerChain: state.chain,
  }
}

/** In seconds. */
const day = 86_400
