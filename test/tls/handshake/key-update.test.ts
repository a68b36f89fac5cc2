import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { native } from '../../../src/crypto/native/provider.ts'
import { onKeyUpdate, updateWriteKey } from '../../../src/tls/handshake/key-update.ts'
import type { Established } from '../../../src/tls/handshake/state.ts'
import { nextSecret } from '../../../src/tls/key-schedule.ts'
import { suites } from '../../../src/tls/suites.ts'
import { handshakeType } from '../../../src/wire/code-points.ts'
import { writeHandshake, type HandshakeMessage } from '../../../src/wire/handshake.ts'
import { seededRandom } from '../../support/random.ts'
import { serverConfig } from '../../support/tls-server.ts'

const state: Established = {
  at: 'established',
  suite: suites.TLS_AES_256_GCM_SHA384,
  readSecret: seededRandom(1)(48),
  writeSecret: seededRandom(2)(48),
}

suite('KeyUpdate, as values in and values out', () => {
  test('fresh read keys come at once, and the old secret goes', () => {
    const { next, effects } = onKeyUpdate(state, keyUpdate(0), serverConfig())
    const secret = nextSecret(native, 'SHA-384', state.readSecret)
    assert.deepEqual(next, { ...state, readSecret: secret })
    assert.deepEqual(effects, [
      { do: 'use-read-secret', suite: state.suite, secret },
      { do: 'wipe', secrets: [state.readSecret] },
    ])
  })

  test('a request is answered', () => {
    const { effects } = onKeyUpdate(state, keyUpdate(1), serverConfig())
    assert.deepEqual(effects.at(-1), { do: 'answer-key-update' })
  })

  test('our own goes out under the old key, before the fresh one is used', () => {
    const { next, effects } = updateWriteKey(state, 1, serverConfig())
    const secret = nextSecret(native, 'SHA-384', state.writeSecret)
    assert.deepEqual(next, { ...state, writeSecret: secret })
    assert.deepEqual(effects, [
      { do: 'send', messages: Uint8Array.of(24, 0, 0, 1, 1) },
      { do: 'use-write-secret', suite: state.suite, secret },
      { do: 'wipe', secrets: [state.writeSecret] },
    ])
  })
})

function keyUpdate(request: number): HandshakeMessage {
  const raw = writeHandshake(handshakeType.keyUpdate, (out) => out.u8(request))
  return { type: handshakeType.keyUpdate, body: raw.subarray(4), raw }
}
