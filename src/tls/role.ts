import type { CryptoProvider } from '../crypto/provider.ts'
import type { HandshakeMessage } from '../wire/handshake.ts'
import type { Verdict } from './config.ts'
import type { Transition } from './handshake/state.ts'
import type { Limits } from './limits.ts'
import type { Padding } from './record/outgoing.ts'
import type { ConnectionMemory } from './record/record-queue.ts'
import type { VersionName } from './version.ts'

/**
 * One side of a connection, as conversation.ts sees it: where its machine begins, and what it makes of what comes. Its
 * states are its own business; all that is asked of one is its phase, and which secrets it holds.
 */
export interface Role<State> {
  readonly crypto: CryptoProvider
  readonly limits: Limits
  /** Left out: none. */
  readonly padding?: Padding | undefined
  /** Left out: a piece of its own for all that is made, or comes, at once. */
  readonly memory?: ConnectionMemory | undefined
  /** The first state, and what to do before anything has come. */
  readonly start: Transition<State>
  /**
   * Takes its place when the handshake is over, with limits of its own and without certificates: a connection that lasts for
   * days does not keep all that was replaced since. Left out: nobody does.
   */
  readonly afterwards?: Role<State>
  /** `waiting`: for a verdict; nothing that comes is looked at meanwhile. */
  phase(state: State): 'handshaking' | 'waiting' | 'open'
  /** Whose rules hold; TLS 1.3's, while no version is agreed on. */
  version(state: State): VersionName
  /** To be wiped when the connection is given up. */
  secrets(state: State): readonly Uint8Array[]
  /** Refuses a message by its type alone, before its body is waited for. Throws Fault. */
  checkExpected(state: State, type: number): void
  /** RFC 8446 §5.1: keys change, or the peer's turn ends, behind a message of this type: its record must end there too. */
  endsItsRecord(type: number): boolean
  /** In the clear, and with nothing begun before it: a step to the next state, or (RFC 8446 §5) nothing. Throws Fault. */
  onChangeCipherSpec(state: State): Transition<State> | 'drop'
  onMessage(state: State, message: HandshakeMessage): Transition<State>
  /** Only where it is `waiting`. Throws Fault. */
  onVerdict(state: State, verdict: Verdict): Transition<State>
  /** Sends a KeyUpdate under the old key, and changes ours; `request` 1 asks the peer to change too. Only where it is `open`. */
  updateWriteKey(state: State, request: 0 | 1): Transition<State>
}
