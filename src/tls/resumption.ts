import { equal, wipe } from '../bytes/arrays.ts'
import { maxTicketLifetimeSeconds, type ServerConfig, type ServerCredential } from './config.ts'
import { publicKeyHash, readSession, writeSession, type Session, type SessionTerms } from './session.ts'
import type { VersionName } from './version.ts'

/** What holds for sessions of either version: how long they go on, and what ends them before. */

type AnySuite = { readonly id: number }

/** A ticket with the session in it, and for how long it is good; undefined where it would not be worth sending. */
export function sealSession(
  version: VersionName,
  session: SessionTerms<AnySuite> & { readonly secret: Uint8Array },
  config: ServerConfig,
): { readonly ticket: Uint8Array; readonly lifetimeSeconds: number } | undefined {
  const issuedAtMs = config.now()
  const lifetimeSeconds = lifetime(version, session, issuedAtMs, config)
  if (lifetimeSeconds < 1 || (session.client?.leaf.length ?? 0) > maxLeaf) return undefined
  const bytes = writeSession({ ...session, issuedAtMs, lifetimeSeconds })
  const ticket = config.tickets?.keys.seal(version, bytes, config.random)
  wipe(bytes)
  // The keys were wiped while the handshake went on: others have taken their place, and the next connection has them.
  return ticket && { ticket, lifetimeSeconds }
}

/** The session of a ticket, or undefined where there is none that we understand. */
export function openSession<Suite extends AnySuite>(
  version: VersionName,
  ticket: Uint8Array,
  suites: Readonly<Record<string, Suite>>,
  { tickets }: ServerConfig,
): Session<Suite> | undefined {
  const opened = tickets?.keys.open(version, ticket)
  const session = opened && readSession(opened, suites)
  // Another release's, but a secret all the same.
  if (opened !== undefined && session === undefined) wipe(opened)
  return session
}

/**
 * The credential that the session was begun with, or its successor with the same key, where the session may go on: the
 * host is the same (RFC 8446 §4.6.1, RFC 6066 §3), its time is not over, and its client is still believed.
 */
export function credentialOf(
  version: VersionName,
  session: Session<AnySuite>,
  serverName: string | undefined,
  credentials: readonly ServerCredential[],
  { crypto, now, clientAuth }: ServerConfig,
): ServerCredential | undefined {
  const wanted = clientAuth?.(serverName)
  const isBelieved =
    equal(session.clientAuth, wanted?.id ?? new Uint8Array(0)) &&
    (wanted?.required !== true || session.client !== undefined)
  if (!isBelieved || session.serverName !== serverName || !isFresh(version, session, now())) return undefined
  return credentials.find(({ publicKey }) => equal(publicKeyHash(crypto, publicKey), session.credentialKey))
}

/**
 * By our own clock: the age that a client tells matters to early data only (RFC 8446 §8.3), which is refused. Another
 * replica's clock may be ahead of ours.
 */
function isFresh(version: VersionName, session: Session<AnySuite>, now: number): boolean {
  const { issuedAtMs, lifetimeSeconds, authenticatedAtMs } = session
  const began = now + clockSkewMs >= issuedAtMs
  return began && now < issuedAtMs + lifetimeSeconds * 1000 && now < authenticatedAtMs + longestSeconds[version] * 1000
}

function lifetime(
  version: VersionName,
  { authenticatedAtMs, client }: SessionTerms<AnySuite>,
  now: number,
  { tickets }: ServerConfig,
): number {
  const sinceProof = Math.ceil((now - authenticatedAtMs) / 1000)
  const ofClient = client === undefined ? Infinity : Math.floor((client.notAfterMs - now) / 1000)
  return Math.min(tickets?.lifetimeSeconds ?? 0, longestSeconds[version] - sinceProof, ofClient)
}

/**
 * From the last proof of who the server is. RFC 5246 §F.1.4 suggests a day at most for TLS 1.2, where whoever learns the
 * master secret can read every connection that resumes with it: no fresh key exchange comes in.
 */
const longestSeconds: Readonly<Record<VersionName, number>> = {
  'TLSv1.3': maxTicketLifetimeSeconds,
  'TLSv1.2': 24 * 3600,
}

const clockSkewMs = 60_000

/** A ticket is sent with every hello: one that would hold a greater certificate than this is not worth it. In bytes. */
const maxLeaf = 4096
