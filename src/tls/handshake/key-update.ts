import { handshakeType } from '../../wire/code-points.ts'
import { writeHandshake, type HandshakeMessage } from '../../wire/handshake.ts'
import { readKeyUpdate, writeKeyUpdate } from '../../wire/key-update.ts'
import type { ServerConfig } from '../config.ts'
import { fault } from '../fault.ts'
import { nextSecret } from '../key-schedule.ts'
import type { Effect, Established, Transition } from './state.ts'

/** KeyUpdate (RFC 8446 §4.6.3): fresh keys for what comes, and, where the peer asks, for what goes. */
export function onKeyUpdate(state: Established, message: HandshakeMessage, config: ServerConfig): Transition {
  const { request } = readKeyUpdate(message.body)
  if (request > 1) throw fault('key-update-request-unknown', `request_update ${request}`)
  const { suite } = state
  const readSecret = nextSecret(config.crypto, suite.hash, state.readSecret)
  const effects: Effect[] = [
    { do: 'use-read-secret', suite, secret: readSecret },
    { do: 'wipe', secrets: [state.readSecret] },
  ]
  if (request === 1) effects.push({ do: 'answer-key-update' })
  return { next: { ...state, readSecret }, effects }
}

/** Sends a KeyUpdate under the old key, and changes ours; `request` 1 asks the peer to change too. */
export function updateWriteKey(state: Established, request: 0 | 1, { crypto }: ServerConfig): Transition {
  const { suite } = state
  const writeSecret = nextSecret(crypto, suite.hash, state.writeSecret)
  const messages = writeHandshake(handshakeType.keyUpdate, (out) => writeKeyUpdate(out, { request }))
  return {
    next: { ...state, writeSecret },
    effects: [
      { do: 'send', messages },
      { do: 'use-write-secret', suite, secret: writeSecret },
      { do: 'wipe', secrets: [state.writeSecret] },
    ],
  }
}
