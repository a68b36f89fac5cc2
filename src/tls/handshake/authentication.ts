import { equal, equalConstantTime, wipe } from '../../bytes/arrays.ts'
import { bindersLength } from '../../wire/extensions/pre-shared-key.ts'
import type { HandshakeMessage } from '../../wire/handshake.ts'
import { maxTicketLifetimeSeconds, type ClientAuth, type ServerConfig, type ServerCredential } from '../config.ts'
import { fault } from '../fault.ts'
import { earlySecret, type EarlySecret } from '../key-schedule.ts'
import type { Negotiated } from '../negotiate.ts'
import { isHandshakeSignature, schemeIds, type HandshakeSignatureName } from '../suites.ts'
import type { Transcript } from '../transcript.ts'
import { publicKeyHash, readSession, type Session } from './session.ts'

/** How the server proves who it is: by a signature, or by knowing the key of a session that was begun with one. */
export type Authentication =
  | {
      readonly by: 'certificate'
      readonly credential: ServerCredential
      readonly scheme: HandshakeSignatureName
      readonly early: EarlySecret
    }
  | {
      readonly by: 'session'
      /** The one that the session was begun with, or its successor with the same key. */
      readonly credential: ServerCredential
      /** Of the identity, among those that the client offers. */
      readonly index: number
      readonly session: Pick<Session, 'authenticatedAtMs' | 'client'>
      readonly early: EarlySecret
    }

/** Chooses, and adds the hello to the transcript: a binder covers the beginning of it (RFC 8446 §4.2.11.2). Throws Fault. */
export function authenticate(
  message: HandshakeMessage,
  negotiated: Negotiated,
  transcript: Transcript,
  config: ServerConfig,
): Authentication {
  const credentials = config.credentials(negotiated.serverName)
  const found = findSession(negotiated, credentials ?? [], config)
  if (found !== undefined) return resume(message, negotiated, found, transcript, config)
  transcript.add(message.raw)
  const chosen = chooseCredential(negotiated, credentials)
  return { by: 'certificate', ...chosen, early: earlySecret(config.crypto, negotiated.suite.hash) }
}

interface Found {
  readonly index: number
  readonly session: Session
  readonly credential: ServerCredential
}

/** The first session that may be resumed, of the few that are looked at: each costs an attempt to open it. */
function findSession(
  { psks, suite, serverName }: Negotiated,
  credentials: readonly ServerCredential[],
  { crypto, tickets, now, clientAuth }: ServerConfig,
): Found | undefined {
  if (tickets === undefined || psks === undefined) return undefined
  const wanted = clientAuth?.(serverName)
  for (const [index, { identity }] of psks.identities.slice(0, maxIdentities).entries()) {
    const opened = tickets.keys.open('TLSv1.3', identity)
    const session = opened && readSession(opened)
    if (session === undefined) continue
    const credential = credentials.find(({ publicKey }) =>
      equal(publicKeyHash(crypto, publicKey), session.credentialKey),
    )
    // RFC 8446 §4.2.11: the suites need not be equal, but their hashes. §4.6.1, RFC 6066 §3: the name must be.
    const fits = session.suite.hash === suite.hash && session.serverName === serverName
    const isBelieved = equal(session.clientAuth, wanted?.id ?? new Uint8Array(0)) && meets(session, wanted)
    if (credential !== undefined && fits && isBelieved && isFresh(session, now())) return { index, session, credential }
    wipe(session.psk)
  }
  return undefined
}

function meets({ client }: Session, wanted: ClientAuth | undefined): boolean {
  return wanted?.required !== true || client !== undefined
}

/**
 * By our own clock: the age that a client tells matters to early data only (RFC 8446 §8.3), which is refused. Another
 * replica's clock may be ahead of ours.
 */
function isFresh({ issuedAtMs, lifetimeSeconds, authenticatedAtMs }: Session, now: number): boolean {
  const began = now + clockSkewMs >= issuedAtMs
  return began && now < issuedAtMs + lifetimeSeconds * 1000 && now < authenticatedAtMs + maxTicketLifetimeSeconds * 1000
}

function resume(
  { raw }: HandshakeMessage,
  { suite, psks }: Negotiated,
  { index, session, credential }: Found,
  transcript: Transcript,
  { crypto }: ServerConfig,
): Authentication {
  const early = earlySecret(crypto, suite.hash, session.psk)
  wipe(session.psk)
  const binders = psks?.binders ?? []
  const covered = raw.length - bindersLength(binders)
  transcript.add(raw.subarray(0, covered))
  // RFC 8446 §4.2.11: the binder of the PSK that is taken, and of no other, has to be right.
  if (!equalConstantTime(early.binder(transcript.digest()), binders[index] ?? new Uint8Array(0)))
    throw fault('psk-binder-mismatch')
  transcript.add(raw.subarray(covered))
  return { by: 'session', credential, index, session, early }
}

function chooseCredential(
  { signatureSchemes }: Negotiated,
  credentials: readonly ServerCredential[] | undefined,
): { credential: ServerCredential; scheme: HandshakeSignatureName } {
  // RFC 8446 §9.2: it may be missing only where a PSK is taken.
  if (signatureSchemes === undefined) throw fault('signature-algorithms-missing')
  if (credentials === undefined) throw fault('server-name-unknown')
  for (const credential of credentials)
    for (const scheme of credential.signingKey.schemes)
      if (isHandshakeSignature(scheme) && signatureSchemes.includes(schemeIds[scheme].id)) return { credential, scheme }
  throw fault('no-suitable-credential')
}

const maxIdentities = 4
const clockSkewMs = 60_000
