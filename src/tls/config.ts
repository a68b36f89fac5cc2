import type { CryptoProvider, GroupName, SigningKey } from '../crypto/provider.ts'
import type { Limits } from './limits.ts'
import type { Padding } from './record/outgoing.ts'
import type { ConnectionMemory } from './record/record-queue.ts'
import type { SuiteName } from './suites.ts'
import type { TicketKeys } from './tickets.ts'
import type { Tls12SuiteName } from './tls12/suites.ts'
import type { VersionRange } from './version.ts'
import type { Refusal } from '../x509/chain-fault.ts'
import type { Credential } from '../x509/credential.ts'

/** Everything a server connection is handed. It is read-only and shared by all connections made with it. */
export interface ServerConfig extends VersionRange {
  readonly crypto: CryptoProvider
  /** Cryptographically strong random bytes. */
  readonly random: (length: number) => Uint8Array
  /** Milliseconds since 1970. */
  readonly now: () => number
  /**
   * The credentials for a name, best first, or undefined where the name is unknown and must be refused
   * (`unrecognized_name`). `serverName` is lower case without a trailing dot; undefined where the client sent none.
   */
  readonly credentials: (serverName: string | undefined) => readonly ServerCredential[] | undefined
  /** Groups, the server's preference first. */
  readonly groups: readonly GroupName[]
  /** Suites, the server's preference first; left out: the order the provider serves fastest. */
  readonly suites?: readonly SuiteName[]
  /** The same for TLS 1.2. */
  readonly tls12Suites?: readonly Tls12SuiteName[]
  /** Left out: `defaultLimits`. Tests make them small. */
  readonly limits?: Limits
  /** ALPN protocols, the server's preference first; empty: the extension is ignored. */
  readonly alpn: readonly string[]
  /** What certificates can be compressed with (RFC 8879). Left out: they are not. */
  readonly compressors?: Compressors
  /** Hides the lengths of what is sent (RFC 8446 §5.4); TLS 1.2 has nothing for it. Left out: nothing is hidden. */
  readonly padding?: Padding
  /** Left out: a piece of its own for all that is made, or comes, at once. */
  readonly memory?: ConnectionMemory
  /** What the clients of a name are asked for; left out, or undefined: nobody is asked who it is. */
  readonly clientAuth?: (serverName: string | undefined) => ClientAuth | undefined
  /** Left out: no tickets are given out, and none are taken. */
  readonly tickets?: TicketSettings
}

/** Each is called once for a credential; the same input has to have the same output. */
export interface Compressors {
  /** RFC 1950. */
  readonly zlib?: (bytes: Uint8Array) => Uint8Array
  /** RFC 7932. */
  readonly brotli?: (bytes: Uint8Array) => Uint8Array
  /** RFC 8878. */
  readonly zstd?: (bytes: Uint8Array) => Uint8Array
}

/**
 * That clients show a certificate, and what they are told about it. Whether it is believed is not asked here: the
 * connection reports `verify-client-certificate`, and waits for the answer.
 */
export interface ClientAuth {
  /** A client without a certificate is refused. */
  readonly required: boolean
  /** Names of the authorities, DER: a client with many certificates chooses by them. Empty: it is told nothing. */
  readonly authorities: readonly Uint8Array[]
  /**
   * Other bytes whenever other clients would be believed: a digest of authorities and revocation lists. A session ends
   * with it.
   */
  readonly id: Uint8Array
}

/** What became of a client's certificates. */
export type Verdict = 'accepted' | Accepted | Refusal

/** Believed until then, at the latest. */
export interface Accepted {
  /** Milliseconds since 1970: no session that is begun now goes on for longer. What is over already begins none. */
  readonly untilMs: number
}

export interface TicketSettings {
  readonly keys: TicketKeys
  /** At most `maxTicketLifetimeSeconds`; more is cut down to it. */
  readonly lifetimeSeconds: number
}

/** RFC 8446 §4.6.1: seven days; and a session goes on from ticket to ticket no longer than that either. */
export const maxTicketLifetimeSeconds = 7 * 24 * 3600

/** A credential whose key has been imported once, not once a handshake. */
export interface ServerCredential extends Credential {
  readonly signingKey: SigningKey
}
