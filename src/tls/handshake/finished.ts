import { equalConstantTime } from '../../bytes/arrays.ts'
import type { HandshakeMessage } from '../../wire/handshake.ts'
import { fault } from '../fault.ts'
import type { ExpectFinished, Transition } from './state.ts'

/** The client's Finished (RFC 8446 §4.4.4): it holds the keys, and saw the same messages as we did. */
export function onFinished(state: ExpectFinished, message: HandshakeMessage): Transition {
  if (message.body.length !== state.expected.length) throw fault('finished-length', `${message.body.length} bytes`)
  if (!equalConstantTime(message.body, state.expected)) throw fault('finished-mismatch')
  const { suite, traffic } = state
  return {
    next: { at: 'established', suite, readSecret: traffic.client, writeSecret: traffic.server },
    effects: [
      { do: 'use-read-secret', suite, secret: traffic.client },
      { do: 'report', event: state.complete },
    ],
  }
}
