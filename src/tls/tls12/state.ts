import type { GroupName } from '../../crypto/provider.ts'
import type { HandshakeComplete } from '../events.ts'
import type { Randoms, RecordKeys } from './key-schedule.ts'
import type { Tls12Suite } from './suites.ts'

/** Where a TLS 1.2 server's handshake stands, once the ClientHello is answered. */
export type Tls12State = ExpectKeyExchange | ExpectChangeCipherSpec | ExpectTls12Finished | Tls12Established

export interface ExpectKeyExchange {
  readonly at: 'tls12-expect-key-exchange'
  readonly suite: Tls12Suite
  readonly randoms: Randoms
  /** The client has it too: the master secret is bound to the transcript (RFC 7627). */
  readonly extendedMasterSecret: boolean
  readonly group: GroupName
  readonly privateKey: Uint8Array
  /** All messages of both sides. */
  readonly transcript: readonly Uint8Array[]
  readonly complete: HandshakeComplete
}

/** What both Finished are made of, and the keys that come into force around them. */
interface Agreed {
  readonly suite: Tls12Suite
  readonly masterSecret: Uint8Array
  readonly keys: { readonly client: RecordKeys; readonly server: RecordKeys }
  readonly transcript: readonly Uint8Array[]
  readonly complete: HandshakeComplete
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
  if (state.at === 'tls12-expect-key-exchange') return [state.privateKey]
  if (state.at === 'tls12-established') return []
  const { client, server } = state.keys
  return [state.masterSecret, client.key, client.iv, server.key, server.iv]
}
