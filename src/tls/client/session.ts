import type { SuiteName } from '../suites.ts'
import type { Tls12SuiteName } from '../tls12/suites.ts'
import type { ClientConfig } from './config.ts'
import { doubtOf } from './trust.ts'

/**
 * What resumes a connection later: a ticket, and the secret that it stands for. Whoever holds it can be taken for the
 * client by that server, so it is kept like a key, and best used once (RFC 8446 §C.4).
 */
export type Session = Tls13Session | Tls12Session

export interface Tls13Session extends Ticket {
  readonly version: 'TLSv1.3'
  readonly suite: SuiteName
  readonly ageAdd: number
}

export interface Tls12Session extends Ticket {
  readonly version: 'TLSv1.2'
  readonly suite: Tls12SuiteName
}

interface Ticket {
  /** The server's to read; bytes to everybody else. */
  readonly ticket: Uint8Array
  /** The pre-shared key (RFC 8446 §4.6.1), or the master secret. */
  readonly secret: Uint8Array
  /** Milliseconds since 1970. */
  readonly receivedAt: number
  readonly expiresAt: number
  readonly serverName: string | undefined
  /** The chain that the server proved itself with at first, DER, leaf first: no new one comes when it is resumed. */
  readonly chain: readonly Uint8Array[]
}

/**
 * The configured session, if it may be offered: to the server of that name, in its time, with its suite on offer
 * (RFC 8446 §4.6.1, §4.2.11), and while its certificate would still be believed: a ticket does not outlive the trust.
 */
export function usableSession(
  config: ClientConfig,
  suites: readonly (SuiteName | Tls12SuiteName)[],
): Session | undefined {
  const { session, serverName } = config
  if (session === undefined || session.serverName !== serverName || !suites.includes(session.suite)) return undefined
  const now = config.now()
  if (now < session.receivedAt || now >= session.expiresAt) return undefined
  return doubtOf(session.chain, config) === undefined ? session : undefined
}

/** The ticket's age in milliseconds, as it travels: with the server's number added, modulo 2^32 (RFC 8446 §4.2.11.1). */
export function obfuscatedAge({ receivedAt, ageAdd }: Tls13Session, now: number): number {
  return (now - receivedAt + ageAdd) % 2 ** 32
}
