import type { Session } from './client/session.ts'
import type { VersionName } from './version.ts'

/** What a connection reports to the one who drives it, in the order in which it happened. */
export type ConnectionEvent =
  | VerifyClientCertificate
  | HandshakeComplete
  /** Plaintext from the peer. The bytes are the receiver's: to keep, or to give back to where they were deciphered. */
  | { readonly type: 'application-data'; readonly data: Uint8Array }
  /** The peer sent close_notify: no more data will come; we may go on sending (RFC 8446 §6.1). */
  | { readonly type: 'peer-closed' }
  /** A client's: what the server gave out to resume with. It is a secret, and the receiver's to keep. */
  | { readonly type: 'session'; readonly session: Session }
  | ConnectionFailed

/**
 * The connection is over. `sent`: we found a fault, and an alert is in the output. `received`: the peer's fatal alert.
 * `reason` is a FaultReason, `internal-error` for a fault of ours, or `peer-alert`. `detail` is for the debug log.
 */
export interface ConnectionFailed {
  readonly type: 'failed'
  readonly by: 'sent' | 'received'
  readonly alert: string
  readonly reason: string
  readonly detail?: string
}

/**
 * The client showed a certificate. The connection waits for `answer`, and keeps what comes meanwhile; whoever drives it
 * should stop reading. Whether the client holds the key is seen afterwards.
 */
export interface VerifyClientCertificate {
  readonly type: 'verify-client-certificate'
  /** DER, leaf first, the others in any order. */
  readonly chain: readonly Uint8Array[]
  readonly serverName: string | undefined
}

export interface HandshakeComplete {
  readonly type: 'handshake-complete'
  readonly version: VersionName
  readonly suite: string
  /** Left out where a session of TLS 1.2 was resumed: no keys were exchanged. */
  readonly group: string | undefined
  /** Left out where the session was resumed: nothing was signed. */
  readonly signatureScheme: string | undefined
  readonly serverName: string | undefined
  readonly alpn: string | undefined
  /** SHA-256 of the server's leaf, lower-case hex; where the session was resumed, of the leaf that has the same key now. */
  readonly fingerprint: string
  readonly helloRetried: boolean
  /** By a ticket: nobody showed a certificate. */
  readonly resumed: boolean
  /**
   * What the peer proved itself with, DER, leaf first; left out where it showed no certificate. Where a session was
   * resumed, the leaf that it was begun with, alone.
   */
  readonly peerChain?: readonly Uint8Array[]
}
