import type { CryptoProvider, GroupName, SigningKey } from '../../crypto/provider.ts'
import type { Limits } from '../limits.ts'
import type { SuiteName } from '../suites.ts'
import type { Tls12SignatureName, Tls12SuiteName } from '../tls12/suites.ts'
import type { VersionRange } from '../version.ts'
import type { Session } from './session.ts'
import type { Trust } from './trust.ts'

/** Everything a client connection is handed. It is read-only; connections to one server may share it. */
export interface ClientConfig extends VersionRange {
  readonly crypto: CryptoProvider
  /** Cryptographically strong random bytes. */
  readonly random: (length: number) => Uint8Array
  /** Milliseconds since 1970: certificates end, and tickets age. */
  readonly now: () => number
  /** The host name that the server is asked for (RFC 6066); undefined, or an IP address: none is sent. */
  readonly serverName: string | undefined
  /** Whose certificate is good enough. There is no default: whoever accepts any certificate has to say so. */
  readonly trust: Trust
  /** Groups, the client's preference first. */
  readonly groups: readonly GroupName[]
  /** Groups a key share is sent for at once; left out: `defaultShares`. Empty: the server has to ask. */
  readonly shares?: readonly GroupName[]
  /** Suites of TLS 1.3, the client's preference first; left out: the order the provider does fastest. */
  readonly suites?: readonly SuiteName[]
  /** The same for TLS 1.2. */
  readonly tls12Suites?: readonly Tls12SuiteName[]
  /** Signatures, the client's preference first; left out: all that the engine can verify. */
  readonly schemes?: readonly Tls12SignatureName[]
  /** ALPN protocols, the client's preference first; empty: none is offered. */
  readonly alpn: readonly string[]
  /** What an earlier connection gave out; it is offered where it fits, and a full handshake follows where it does not. */
  readonly session?: Session
  /** What the client shows where it is asked who it is: the first that the server can verify. */
  readonly credentials?: readonly ClientCredential[]
  /** Left out: `defaultLimits`. Tests make them small. */
  readonly limits?: Limits
}

/** A chain with its key, imported once, not once a handshake. */
export interface ClientCredential {
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[]
  readonly signingKey: SigningKey
}
