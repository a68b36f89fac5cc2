import { fault } from '../fault.ts'
import { defaultLimits } from '../limits.ts'
import { updateWriteKey } from '../handshake/key-update.ts'
import type { Role } from '../role.ts'
import type { ClientConfig } from './config.ts'
import { firstOffer, privateKeys } from './hello.ts'
import { checkExpected, endsItsRecord, onMessage } from './machine.ts'
import type { ClientState, ClientTransition } from './state.ts'
import { keyedSecrets, onServerChangeCipherSpec } from './tls12/finished.ts'

/** The client's side of a connection: it speaks first. */
export function clientRole(config: ClientConfig): Role<ClientState> {
  return {
    crypto: config.crypto,
    limits: config.limits ?? defaultLimits,
    start: start(config),
    phase: ({ at }) => (at === 'established' || at === 'tls12-established' ? 'open' : 'handshaking'),
    version: ({ at }) => (isTls12(at) ? 'TLSv1.2' : 'TLSv1.3'),
    secrets,
    checkExpected,
    endsItsRecord: (type) => endsItsRecord.has(type),
    onChangeCipherSpec(state) {
      if (state.at === 'tls12-expect-server-change-cipher-spec') return onServerChangeCipherSpec(state)
      if (state.at === 'established' || isTls12(state.at)) throw fault('change-cipher-spec-misplaced', state.at)
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
  if (state.at === 'tls12-established') return []
  if ('handshake' in state) return [state.handshake.client, state.handshake.server]
  return 'offer' in state ? privateKeys(state.offer) : keyedSecrets(state)
}

function isTls12(at: ClientState['at']): boolean {
  return at.startsWith('tls12')
}
