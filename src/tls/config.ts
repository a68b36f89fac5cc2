import type { CryptoProvider, GroupName, SigningKey } from '../crypto/provider.ts'
import type { Limits } from './limits.ts'
import type { SuiteName } from './suites.ts'
import type { Tls12SuiteName } from './tls12/suites.ts'
import type { VersionRange } from './version.ts'
import type { Credential } from '../x509/credential.ts'

/** Everything a server connection is handed. It is read-only and shared by all connections made with it. */
export interface ServerConfig extends VersionRange {
  readonly crypto: CryptoProvider
  /** Cryptographically strong random bytes. */
  readonly random: (length: number) => Uint8Array
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
}

/** A credential whose key has been imported once, not once a handshake. */
export interface ServerCredential extends Credential {
  readonly signingKey: SigningKey
}
