import { concat, wipe } from '../../bytes/arrays.ts'
import { handshakeType } from '../../wire/code-points.ts'
import { writeHandshake, type HandshakeMessage } from '../../wire/handshake.ts'
import { writeTls12NewSessionTicket } from '../../wire/tls12/new-session-ticket.ts'
import type { ServerConfig, ServerCredential } from '../config.ts'
import { fault } from '../fault.ts'
import type { Transition } from '../handshake/state.ts'
import { credentialOf, openSession, sealSession } from '../resumption.ts'
import { publicKeyHash, type Session, type SessionTerms } from '../session.ts'
import { hashOf } from '../transcript.ts'
import { recordKeys, verifyData } from './key-schedule.ts'
import type { Tls12Hello } from './negotiate.ts'
import { limitRecords, serverRandom, writeTls12ServerHello } from './server-hello.ts'
import { tls12Suites, type Tls12Suite } from './suites.ts'

/** A session that may be resumed, and whose it is. */
export interface Tls12Found {
  readonly session: Session<Tls12Suite>
  readonly credential: ServerCredential
}

/** The session of the client's ticket, or undefined where a full handshake is needed. Throws Fault. */
export function findTls12Session(
  { ticket, suites, serverName, extendedMasterSecret }: Tls12Hello,
  credentials: readonly ServerCredential[],
  config: ServerConfig,
): Tls12Found | undefined {
  if (ticket === undefined || ticket.length === 0) return undefined
  const session = openSession<Tls12Suite>('TLSv1.2', ticket, tls12Suites, config)
  if (session === undefined) return undefined
  const credential = credentialOf('TLSv1.2', session, serverName, credentials, config)
  // RFC 5246 §7.4.1.2: a session goes on with the suite it was begun with.
  if (credential === undefined || !suites.some(({ id }) => id === session.suite.id)) {
    wipe(session.secret)
    return undefined
  }
  // RFC 7627 §5.3: our tickets hold extended master secrets only; a client that has lost it since is being played with.
  if (!extendedMasterSecret) {
    wipe(session.secret)
    throw fault('resumed-without-extended-master-secret')
  }
  return { session, credential }
}

/**
 * An abbreviated handshake (RFC 5077 §3.1, figure 2): whoever knows the master secret is the one it was agreed with.
 *
 *     ServerHello, NewSessionTicket, [ChangeCipherSpec], Finished
 */
export function resumeInTls12(
  heard: Tls12Hello,
  message: HandshakeMessage,
  { session, credential }: Tls12Found,
  config: ServerConfig,
): Transition {
  const { crypto } = config
  const { suite, client } = session
  const randoms = { client: heard.random, server: serverRandom(config) }
  // A copy: what the ticket was read from goes when the handshake is over.
  const masterSecret = session.secret.slice()
  wipe(session.secret)
  const keys = recordKeys(crypto, suite, masterSecret, randoms)

  const serverHello = writeTls12ServerHello(heard, {
    random: randoms.server,
    // RFC 5077 §3.4: its session id come back tells the client that the ticket was taken.
    sessionId: heard.sessionId,
    suite,
    serverName: undefined,
    ticket: true,
  })
  const { authenticatedAtMs, serverName, credentialKey, clientAuth } = session
  const terms = { suite, authenticatedAtMs, serverName, credentialKey, clientAuth, client }
  const ticket = newTls12Ticket(terms, masterSecret, config)
  const transcript = [message.raw, serverHello, ticket]
  const ours = verifyData(crypto, suite.hash, masterSecret, 'server', hashOf(crypto, suite.hash, transcript))
  const finished = writeHandshake(handshakeType.finished, (out) => out.raw(ours))
  return {
    next: {
      at: 'tls12-expect-change-cipher-spec',
      suite,
      masterSecret,
      keys,
      transcript: [...transcript, finished],
      tickets: undefined,
      complete: {
        type: 'handshake-complete',
        version: 'TLSv1.2',
        suite: suite.name,
        group: undefined,
        signatureScheme: undefined,
        serverName,
        alpn: heard.alpn,
        fingerprint: credential.fingerprint,
        helloRetried: false,
        resumed: true,
        ...(client === undefined ? {} : { peerChain: [client.leaf] }),
      },
    },
    effects: [
      ...limitRecords(heard),
      { do: 'send', messages: concat(serverHello, ticket) },
      { do: 'send-change-cipher-spec' },
      { do: 'use-write-keys', keys: keys.server },
      { do: 'send', messages: finished },
    ],
  }
}

/** What the tickets of a full handshake will say; undefined where none is given out. */
export function planTls12Ticket(
  { ticket, serverName, extendedMasterSecret }: Tls12Hello,
  suite: Tls12Suite,
  credential: ServerCredential,
  { crypto, tickets, now, clientAuth }: ServerConfig,
): SessionTerms<Tls12Suite> | undefined {
  // RFC 7627 §5.4: without the extended master secret a session could be joined to another (triple handshake).
  if (tickets === undefined || ticket === undefined || !extendedMasterSecret) return undefined
  return {
    suite,
    serverName,
    credentialKey: publicKeyHash(crypto, credential.publicKey),
    authenticatedAtMs: now(),
    clientAuth: clientAuth?.(serverName)?.id ?? new Uint8Array(0),
    client: undefined,
  }
}

/**
 * NewSessionTicket (RFC 5077 §3.3). Our hello has promised it, so it is sent in any case; an empty one says that there is
 * none after all.
 */
export function newTls12Ticket(terms: SessionTerms<Tls12Suite>, secret: Uint8Array, config: ServerConfig): Uint8Array {
  const sealed = sealSession('TLSv1.2', { ...terms, secret }, config)
  return writeHandshake(handshakeType.newSessionTicket, (out) =>
    writeTls12NewSessionTicket(out, {
      lifetimeHint: sealed?.lifetimeSeconds ?? 0,
      ticket: sealed?.ticket ?? new Uint8Array(0),
    }),
  )
}
