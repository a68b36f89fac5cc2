import type { GroupName } from '../../../crypto/provider.ts'
import type { PeerChain } from '../../peer-chain.ts'
import type { Randoms, RecordKeys } from '../../tls12/key-schedule.ts'
import type { Tls12Suite } from '../../tls12/suites.ts'
import type { Offer } from '../hello.ts'
import type { Tls12Session } from '../session.ts'

/** Where a client's handshake stands, once the server has answered in TLS 1.2. */
export type Tls12ClientState =
  | ExpectTls12Certificate
  | ExpectServerKeyExchange
  | ExpectRequestOrDone
  | ExpectServerHelloDone
  | ExpectTicket
  | ExpectServerChangeCipherSpec
  | ExpectTls12ServerFinished
  | Tls12ClientEstablished

/** What the ServerHello settled; every later state of the handshake carries it. */
export interface Tls12Agreed {
  readonly offer: Offer
  readonly suite: Tls12Suite
  readonly randoms: Randoms
  readonly alpn: string | undefined
  /** The server will give out a ticket, before its Finished (RFC 5077 §3.3). */
  readonly ticketComes: boolean
  /** All messages of both sides. */
  readonly transcript: readonly Uint8Array[]
}

export interface ExpectTls12Certificate extends Tls12Agreed {
  readonly at: 'tls12-expect-certificate'
}

export interface ExpectServerKeyExchange extends Tls12Agreed {
  readonly at: 'tls12-expect-server-key-exchange'
  readonly chain: PeerChain
}

/** The server has proved that the share is its own. */
export interface Proved extends Tls12Agreed {
  readonly chain: readonly Uint8Array[]
  readonly signatureScheme: string
  readonly group: GroupName
  readonly share: Uint8Array
}

export interface ExpectRequestOrDone extends Proved {
  readonly at: 'tls12-expect-request-or-done'
}

export interface ExpectServerHelloDone extends Proved {
  readonly at: 'tls12-expect-server-hello-done'
  /** Signature schemes that the server takes from the client. */
  readonly wanted: readonly number[]
}

/** From here on there are keys, and what is left is to see that both sides have the same. */
export interface Keyed {
  readonly suite: Tls12Suite
  readonly masterSecret: Uint8Array
  readonly keys: { readonly client: RecordKeys; readonly server: RecordKeys }
  readonly alpn: string | undefined
  readonly transcript: readonly Uint8Array[]
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[]
  readonly signatureScheme: string | undefined
  readonly group: GroupName | undefined
  /** What the server took up; then its Finished comes before ours (RFC 5077 §3.1). */
  readonly resumed: Tls12Session | undefined
  /** What the server gave out; it counts when the handshake is over. */
  readonly session: Tls12Session | undefined
}

export interface ExpectTicket extends Keyed {
  readonly at: 'tls12-expect-ticket'
}

export interface ExpectServerChangeCipherSpec extends Keyed {
  readonly at: 'tls12-expect-server-change-cipher-spec'
}

export interface ExpectTls12ServerFinished extends Keyed {
  readonly at: 'tls12-expect-server-finished'
}

export interface Tls12ClientEstablished {
  readonly at: 'tls12-established'
  /** How often the server has asked for a renegotiation. */
  readonly refused: number
}
