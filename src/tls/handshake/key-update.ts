import type { CryptoProvider } from '../../crypto/provider.ts'
import { handshakeType } from '../../wire/code-points.ts'
import { writeHandshake, type HandshakeMessage } from '../../wire/handshake.ts'
import { readKeyUpdate, writeKeyUpdate } from '../../wire/key-update.ts'
import { fault } from '../fault.ts'
import { nextSecret } from '../key-schedule.ts'
import type { Effect, Established, Transition } from './state.ts'

/** KeyUpdate (RFC 8446 §4.6.3): fresh keys for what comes, and, where the peer asks, for what goes. */
export function onKeyUpdate<State extends Established>(
  state: State,
  message: HandshakeMessage,
  { crypto }: { readonly crypto: CryptoProvider },
): Transition<State> {
  const { request } = readKeyUpdate(message.body)
  if (request > 1) throw fault('key-update-request-unknown', `request_update ${request}`)
  const { suite } = state
  const readSecret = nextSecret(crypto, suite.hash, state.readSecret)
  const effects: Effect[] = [
    { do: 'use-read-secret', suite, secret: readSecret },
    { do: 'wipe', secrets: [state.readSecret] },
  ]
  if (request === 1) effects.push({ do: 'answer-key-update' })
  return { next: { ...state, readSecret }, effects }
}

/** Sends a KeyUpdate under the old key, and changes ours; `request` 1 asks the peer to change too. */
export function updateWriteKey<State extends Established>(
  state: State,
  request: 0 | 1,
  { crypto }: { readonly crypto: CryptoProvider },
): Transition<State> {
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
