import type { AlertName } from '../../wire/code-points.ts'
import type { ConnectionEvent, HandshakeComplete } from '../events.ts'
import type { TrafficSecrets } from '../key-schedule.ts'
import type { PeerChain } from '../peer-chain.ts'
import type { RecordLimit } from '../record-limit.ts'
import type { Suite } from '../suites.ts'
import type { RecordKeys } from '../tls12/key-schedule.ts'
import type { Tls12State } from '../tls12/state.ts'
import type { Transcript } from '../transcript.ts'
import type { TicketPlan } from './new-session-ticket.ts'

/** Where a server's handshake stands, each state with exactly what it needs; named for what it waits for. */
export type State =
  | ExpectClientHello
  | ExpectSecondHello
  | ExpectCertificate
  | AwaitVerdict
  | ExpectCertificateVerify
  | ExpectFinished
  | Established
  | Tls12State

export interface ExpectClientHello {
  readonly at: 'expect-client-hello'
}

export interface ExpectSecondHello {
  readonly at: 'expect-second-hello'
  /** The first one's body, to be read again: bytes, for a great hello that was read is twenty times as much. */
  readonly first: Uint8Array
  /** Which of the sessions it offers would have been taken. */
  readonly taken: number | undefined
  /** message_hash of the first hello, and our HelloRetryRequest. */
  readonly transcript: readonly Uint8Array[]
}

/** From our Finished to the client's: what the handshake has come to, and what its end needs. */
export interface Answered {
  readonly suite: Suite
  /** Of all messages so far; the client's Finished covers them. */
  readonly transcript: Transcript
  /** The client's handshake traffic secret. */
  readonly clientSecret: Uint8Array
  readonly traffic: TrafficSecrets
  /** Left out: the client gets no tickets. */
  readonly tickets: TicketPlan | undefined
  readonly complete: HandshakeComplete
}

export interface ExpectCertificate extends Answered {
  readonly at: 'expect-certificate'
  readonly required: boolean
}

/** The client's chain is out to be judged. */
export interface AwaitVerdict extends Answered {
  readonly at: 'await-verdict'
  readonly chain: PeerChain
}

export interface ExpectCertificateVerify extends Answered {
  readonly at: 'expect-certificate-verify'
  readonly chain: PeerChain
}

export interface ExpectFinished extends Answered {
  readonly at: 'expect-finished'
}

export interface Established {
  readonly at: 'established'
  readonly suite: Suite
  readonly readSecret: Uint8Array
  readonly writeSecret: Uint8Array
}

/** A message's outcome: the next state, and what to do, in this order. conversation.ts does it. */
export interface Transition<Next = State> {
  readonly next: Next
  readonly effects: readonly Effect[]
}

export type Effect =
  /** Sends handshake messages, under the write key in force if there is one. */
  | { readonly do: 'send'; readonly messages: Uint8Array }
  /** The same, of messages that the peer does not wait for: they may leave together with the next that it does. */
  | { readonly do: 'send-along'; readonly messages: Uint8Array }
  | { readonly do: 'send-change-cipher-spec' }
  | { readonly do: 'use-write-secret'; readonly suite: Suite; readonly secret: Uint8Array }
  /** Only at a record boundary (RFC 8446 §5.1); conversation.ts checks it. */
  | { readonly do: 'use-read-secret'; readonly suite: Suite; readonly secret: Uint8Array }
  /** TLS 1.2's: a key block has been made, and each side's change_cipher_spec says from where on it holds. */
  | { readonly do: 'use-write-keys'; readonly keys: RecordKeys }
  | { readonly do: 'use-read-keys'; readonly keys: RecordKeys }
  /** An alert that does not end the connection. */
  | { readonly do: 'send-warning'; readonly alert: AlertName }
  /** From the next record on, both ways. */
  | { readonly do: 'limit-records'; readonly limit: Pick<RecordLimit, 'outgoing' | 'incoming'> }
  /** `by-type`: records that are protected are early data; `by-trial`: records that do not open are. */
  | { readonly do: 'skip-early-data'; readonly how: 'by-type' | 'by-trial' | 'no-more' }
  /** A KeyUpdate of ours, unless one is queued already: one answer will do for several requests (RFC 8446 §4.6.3). */
  | { readonly do: 'answer-key-update' }
  /** Secrets that nothing needs any more. */
  | { readonly do: 'wipe'; readonly secrets: readonly Uint8Array[] }
  | { readonly do: 'report'; readonly event: ConnectionEvent }
