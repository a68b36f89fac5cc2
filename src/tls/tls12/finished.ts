import { concat, equalConstantTime } from '../../bytes/arrays.ts'
import { handshakeType } from '../../wire/code-points.ts'
import { writeHandshake, type HandshakeMessage } from '../../wire/handshake.ts'
import type { ServerConfig } from '../config.ts'
import { fault } from '../fault.ts'
import type { Effect, Transition } from '../handshake/state.ts'
import { hashOf } from '../transcript.ts'
import { verifyData } from './key-schedule.ts'
import { newTls12Ticket } from './resumption.ts'
import { tls12Secrets, type ExpectChangeCipherSpec, type ExpectTls12Finished } from './state.ts'

/** change_cipher_spec: behind it the client's records are protected. Anywhere else it would be an attack (CVE-2014-0224). */
export function onChangeCipherSpec(state: ExpectChangeCipherSpec): Transition {
  const { keys } = state
  return { next: { ...state, at: 'tls12-expect-finished' }, effects: [{ do: 'use-read-keys', keys: keys.client }] }
}

/** The client's Finished (RFC 5246 §7.4.9). Where the session was resumed, ours has gone before it; else it is the answer. */
export function onTls12Finished(
  state: ExpectTls12Finished,
  message: HandshakeMessage,
  config: ServerConfig,
): Transition {
  const { suite, masterSecret, transcript, complete } = state
  const { crypto } = config
  const heard = hashOf(crypto, suite.hash, transcript)
  const expected = verifyData(crypto, suite.hash, masterSecret, 'client', heard)
  if (message.body.length !== expected.length) throw fault('finished-length', `${message.body.length} bytes`)
  if (!equalConstantTime(message.body, expected)) throw fault('finished-mismatch')
  return {
    next: { at: 'tls12-established', refused: 0 },
    effects: [
      ...(complete.resumed ? [] : ourFinished(state, message, config)),
      { do: 'wipe', secrets: tls12Secrets(state) },
      { do: 'report', event: complete },
    ],
  }
}

function ourFinished(state: ExpectTls12Finished, message: HandshakeMessage, config: ServerConfig): Effect[] {
  const { suite, masterSecret, keys, transcript, tickets } = state
  const { crypto } = config
  const ticket = tickets === undefined ? [] : [newTls12Ticket(tickets, masterSecret, config)]
  const said = hashOf(crypto, suite.hash, [...transcript, message.raw, ...ticket])
  const ours = verifyData(crypto, suite.hash, masterSecret, 'server', said)
  return [
    { do: 'send', messages: concat(...ticket) },
    { do: 'send-change-cipher-spec' },
    { do: 'use-write-keys', keys: keys.server },
    { do: 'send', messages: writeHandshake(handshakeType.finished, (out) => out.raw(ours)) },
  ]
}
