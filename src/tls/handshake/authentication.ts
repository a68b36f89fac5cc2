import { equalConstantTime, wipe } from '../../bytes/arrays.ts'
import { bindersLength } from '../../wire/extensions/pre-shared-key.ts'
import type { HandshakeMessage } from '../../wire/handshake.ts'
import type { ServerConfig, ServerCredential } from '../config.ts'
import { fault } from '../fault.ts'
import { earlySecret, type EarlySecret } from '../key-schedule.ts'
import type { Negotiated } from '../negotiate.ts'
import { credentialOf, openSession } from '../resumption.ts'
import type { Session } from '../session.ts'
import { suites, type HandshakeSignatureName, type Suite } from '../suites.ts'
import type { Transcript } from '../transcript.ts'
import { chooseCredential } from './choose-credential.ts'

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
      readonly session: Pick<Session<Suite>, 'authenticatedAtMs' | 'client'>
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
  // RFC 8446 §4.2.11: no hash of TLS is shorter. The one that is taken is compared, and then it is decrypt_error.
  if (negotiated.psks?.binders.some(({ length }) => length < 32) === true) throw fault('psk-binder-short')
  transcript.add(message.raw)
  const chosen = chooseCredential(negotiated, credentials)
  return { by: 'certificate', ...chosen, early: earlySecret(config.crypto, negotiated.suite.hash) }
}

interface Found {
  readonly index: number
  readonly session: Session<Suite>
  readonly credential: ServerCredential
}

/** The first session that may be resumed, of the few that are looked at: each costs an attempt to open it. */
function findSession(
  { psks, suite, serverName }: Negotiated,
  credentials: readonly ServerCredential[],
  config: ServerConfig,
): Found | undefined {
  if (psks === undefined) return undefined
  for (const [index, { identity }] of psks.identities.slice(0, maxIdentities).entries()) {
    const session = openSession<Suite>('TLSv1.3', identity, suites, config)
    if (session === undefined) continue
    const credential = credentialOf('TLSv1.3', session, serverName, credentials, config)
    // RFC 8446 §4.2.11: the suites need not be equal, but their hashes.
    if (credential !== undefined && session.suite.hash === suite.hash) return { index, session, credential }
    wipe(session.secret)
  }
  return undefined
}

function resume(
  { raw }: HandshakeMessage,
  { suite, psks }: Negotiated,
  { index, session, credential }: Found,
  transcript: Transcript,
  { crypto }: ServerConfig,
): Authentication {
  const early = earlySecret(crypto, suite.hash, session.secret)
  wipe(session.secret)
  const binders = psks?.binders ?? []
  const covered = raw.length - bindersLength(binders)
  transcript.add(raw.subarray(0, covered))
  // RFC 8446 §4.2.11: the binder of the PSK that is taken, and of no other, has to be right.
  if (!equalConstantTime(early.binder(transcript.digest()), binders[index] ?? new Uint8Array(0))) {
    early.wipe()
    throw fault('psk-binder-mismatch')
  }
  transcript.add(raw.subarray(covered))
  return { by: 'session', credential, index, session, early }
}

const maxIdentities = 4
