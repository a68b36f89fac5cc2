import { fault } from '../fault.ts'
import { defaultLimits } from '../limits.ts'
import { updateWriteKey } from '../handshake/key-update.ts'
import type { Role } from '../role.ts'
import type { ClientConfig } from './config.ts'
import { firstOffer, privateKeys } from './hello.ts'
import { checkExpected, endsItsRecord, onMessage } from './machine.ts'
import type { ClientState, ClientTransition } from './state.ts'

/** The client's side of a connection: it speaks first. */
export function clientRole(config: ClientConfig): Role<ClientState> {
  return {
    crypto: config.crypto,
    limits: config.limits ?? defaultLimits,
    start: start(config),
    phase: ({ at }) => (at === 'established' ? 'open' : 'handshaking'),
    version: () => 'TLSv1.3',
    secrets,
    checkExpected,
    endsItsRecord: (type) => endsItsRecord.has(type),
    onChangeCipherSpec({ at }) {
      if (at === 'established') throw fault('change-cipher-spec-misplaced', at)
      return 'drop'
    },
    onMessage: (state, message) => onMessage(state, message, config),
    onVerdict({ at }) {
      throw new Error(`no verdict is waited for in state ${at}`)
    },
    updateWriteKey(state, request) {
      if (state.at !== 'established') throw new Error(`no KeyUpdate in state ${state.at}`)
      return updateWriteKey(state, request, config)
    },
  }
}

function start(config: ClientConfig): ClientTransition {
  const offer = firstOffer(config)
  return { next: { at: 'expect-server-hello', offer }, effects: [{ do: 'send', messages: offer.message }] }
}

function secrets(state: ClientState): readonly Uint8Array[] {
  if (state.at === 'established') return [state.readSecret, state.writeSecret, state.resumption]
  if ('handshake' in state) return [state.handshake.client, state.handshake.server]
  return privateKeys(state.offer)
}
