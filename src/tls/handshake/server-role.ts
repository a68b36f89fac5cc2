import type { ServerConfig } from '../config.ts'
import { defaultLimits } from '../limits.ts'
import type { Role } from '../role.ts'
import { updateWriteKey } from './key-update.ts'
import { checkExpected, endsItsRecord, onMessage } from './machine.ts'
import type { State } from './state.ts'

/** The server's side of a connection. */
export function serverRole(config: ServerConfig): Role<State> {
  return {
    crypto: config.crypto,
    limits: config.limits ?? defaultLimits,
    start: { next: { at: 'expect-client-hello' }, effects: [] },
    phase,
    secrets,
    checkExpected,
    endsItsRecord: (type) => endsItsRecord.has(type),
    onMessage: (state, message) => onMessage(state, message, config),
    updateWriteKey(state, request) {
      if (state.at !== 'established') throw new Error(`no KeyUpdate in state ${state.at}`)
      return updateWriteKey(state, request, config)
    },
  }
}

function phase({ at }: State): 'fresh' | 'handshaking' | 'open' {
  if (at === 'expect-client-hello') return 'fresh'
  return at === 'established' ? 'open' : 'handshaking'
}

function secrets(state: State): readonly Uint8Array[] {
  if (state.at === 'established') return [state.readSecret, state.writeSecret]
  if (state.at === 'expect-finished') return [state.traffic.client, state.traffic.server]
  return []
}
