import { equalConstantTime } from '../../bytes/arrays.ts'
import { handshakeType } from '../../wire/code-points.ts'
import { writeHandshake, type HandshakeMessage } from '../../wire/handshake.ts'
import type { ServerConfig } from '../config.ts'
import { fault } from '../fault.ts'
import type { Transition } from '../handshake/state.ts'
import { hashOf } from '../transcript.ts'
import { verifyData } from './key-schedule.ts'
import { tls12Secrets, type ExpectChangeCipherSpec, type ExpectTls12Finished } from './state.ts'

/** change_cipher_spec: behind it the client's records are protected. Anywhere else it would be an attack (CVE-2014-0224). */
export function onChangeCipherSpec(state: ExpectChangeCipherSpec): Transition {
  const { keys } = state
  return { next: { ...state, at: 'tls12-expect-finished' }, effects: [{ do: 'use-read-keys', keys: keys.client }] }
}

/** The client's Finished (RFC 5246 §7.4.9), answered by our change_cipher_spec and Finished. */
export function onTls12Finished(
  state: ExpectTls12Finished,
  message: HandshakeMessage,
  { crypto }: ServerConfig,
): Transition {
  const { suite, masterSecret, keys, transcript, complete } = state
  const verify = (sender: 'client' | 'server', messages: readonly Uint8Array[]): Uint8Array =>
    verifyData(crypto, suite.hash, masterSecret, sender, hashOf(crypto, suite.hash, messages))
  const expected = verify('client', transcript)
  if (message.body.length !== expected.length) throw fault('finished-length', `${message.body.length} bytes`)
  if (!equalConstantTime(message.body, expected)) throw fault('finished-mismatch')

  const ours = verify('server', [...transcript, message.raw])
  return {
    next: { at: 'tls12-established', refused: 0 },
    effects: [
      { do: 'send-change-cipher-spec' },
      { do: 'use-write-keys', keys: keys.server },
      { do: 'send', messages: writeHandshake(handshakeType.finished, (out) => out.raw(ours)) },
      { do: 'wipe', secrets: tls12Secrets(state) },
      { do: 'report', event: complete },
    ],
  }
}
