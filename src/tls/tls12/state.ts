import type { GroupName } from '../../crypto/provider.ts'
import type { HandshakeComplete } from '../events.ts'
import type { PeerChain } from '../peer-chain.ts'
import type { SessionTerms } from '../session.ts'
import type { Randoms, RecordKeys } from './key-schedule.ts'
import type { Tls12Suite } from './suites.ts'

/** Where a TLS 1.2 server's handshake stands, once the ClientHello is answered. */
export type Tls12State =
  | ExpectTls12Certificate
  | AwaitTls12Verdict
  | ExpectKeyExchange
  | ExpectTls12CertificateVerify
  | ExpectChangeCipherSpec
  | ExpectTls12Finished
  | Tls12Established

/** What every state up to the end of the handshake carries. */
interface Underway {
  readonly suite: Tls12Suite
  /** All messages of both sides: the Finished cover them, and so does a CertificateVerify, which chooses its own hash. */
  readonly transcript: readonly Uint8Array[]
  /** What a ticket will say; undefined: none was promised. */
  readonly tickets: SessionTerms<Tls12Suite> | undefined
  readonly complete: HandshakeComplete
}

/** Our share has gone out. */
interface Exchanging extends Underway {
  readonly randoms: Randoms
  /** The client has it too: the master secret is bound to the transcript (RFC 7627). */
  readonly extendedMasterSecret: boolean
  readonly group: GroupName
  readonly privateKey: Uint8Array
}

export interface ExpectTls12Certificate extends Exchanging {
  readonly at: 'tls12-expect-certificate'
  readonly required: boolean
}

/** The client's chain is out to be judged. */
export interface AwaitTls12Verdict extends Exchanging {
  readonly at: 'tls12-await-verdict'
  readonly chain: PeerChain
}

export interface ExpectKeyExchange extends Exchanging {
  readonly at: 'tls12-expect-key-exchange'
  /** The client's, which it has to prove yet; undefined where it showed none. */
  readonly chain: PeerChain | undefined
}

/** Both sides have the master secret, and the keys that come into force around the Finished. */
interface Agreed extends Underway {
  readonly masterSecret: Uint8Array
  readonly keys: { readonly client: RecordKeys; readonly server: RecordKeys }
}

export interface ExpectTls12CertificateVerify extends Agreed {
  readonly at: 'tls12-expect-certificate-verify'
  readonly chain: PeerChain
}

export interface ExpectChangeCipherSpec extends Agreed {
  readonly at: 'tls12-expect-change-cipher-spec'
}

export interface ExpectTls12Finished extends Agreed {
  readonly at: 'tls12-expect-finished'
}

export interface Tls12Established {
  readonly at: 'tls12-established'
  /** How often the client has asked for a renegotiation. */
  readonly refused: number
}

/** To be wiped when the connection is given up. */
export function tls12Secrets(state: Tls12State): readonly Uint8Array[] {
  if (state.at === 'tls12-established') return []
  if ('privateKey' in state) return [state.privateKey]
  const { client, server } = state.keys
  return [state.masterSecret, client.key, client.iv, server.key, server.iv]
}
