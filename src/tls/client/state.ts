import type { GroupName } from '../../crypto/provider.ts'
import type { HandshakeSecret } from '../key-schedule.ts'
import type { PeerChain } from '../peer-chain.ts'
import type { Suite } from '../suites.ts'
import type { Transcript } from '../transcript.ts'
import type { Established, Transition } from '../handshake/state.ts'
import type { Offer } from './hello.ts'
import type { Tls13Session } from './session.ts'
import type { Tls12ClientState } from './tls12/state.ts'

/** Where a client's handshake stands, each state with exactly what it needs; named for what it waits for. */
export type ClientState =
  | ExpectServerHello
  | ExpectSecondServerHello
  | ExpectEncryptedExtensions
  | ExpectCertificateOrRequest
  | ExpectCertificate
  | ExpectCertificateVerify
  | ExpectServerFinished
  | ClientEstablished
  | Tls12ClientState

export interface ExpectServerHello {
  readonly at: 'expect-server-hello'
  readonly offer: Offer
}

export interface ExpectSecondServerHello {
  readonly at: 'expect-second-server-hello'
  readonly offer: Offer
  /** That of the retry request; the second answer has to keep to it. */
  readonly suite: Suite
  /** message_hash of the first hello, the request, and the second hello. */
  readonly transcript: readonly Uint8Array[]
}

/** What the ServerHello settled; every later state of the handshake carries it. */
export interface Agreed {
  readonly offer: Offer
  readonly suite: Suite
  readonly group: GroupName
  readonly retried: boolean
  /** What the server agreed to resume. */
  readonly resumed: Tls13Session | undefined
  /** Runs on with each message. */
  readonly transcript: Transcript
  readonly handshake: HandshakeSecret
}

export interface ExpectEncryptedExtensions extends Agreed {
  readonly at: 'expect-encrypted-extensions'
}

export interface ExpectCertificateOrRequest extends Agreed {
  readonly at: 'expect-certificate-or-request'
  readonly alpn: string | undefined
}

export interface ExpectCertificate extends Agreed {
  readonly at: 'expect-certificate'
  readonly alpn: string | undefined
  readonly wanted: readonly number[]
}

export interface ExpectCertificateVerify extends Agreed {
  readonly at: 'expect-certificate-verify'
  readonly alpn: string | undefined
  /** Signature schemes that the server takes from the client; undefined where it did not ask who that is. */
  readonly wanted: readonly number[] | undefined
  readonly chain: PeerChain
}

export interface ExpectServerFinished extends Agreed {
  readonly at: 'expect-server-finished'
  readonly alpn: string | undefined
  readonly wanted: readonly number[] | undefined
  /** DER, leaf first. */
  readonly chain: readonly Uint8Array[]
  /** By which the server proved its key; undefined where a session is resumed, which does it too. */
  readonly signatureScheme: string | undefined
}

export interface ClientEstablished extends Established {
  /** Tickets that come later make their keys from it (RFC 8446 §4.6.1). */
  readonly resumption: Uint8Array
  readonly chain: readonly Uint8Array[]
}

export type ClientTransition = Transition<ClientState>
