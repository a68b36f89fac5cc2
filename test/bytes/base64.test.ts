import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { decodeBase64 } from '../../src/bytes/base64.ts'

test('reads what Node writes, of every length and with every byte', () => {
  for (let length = 0; length < 300; length++) {
    const bytes = randomBytes(length)
    assert.deepEqual(decodeBase64(Buffer.from(bytes).toString('base64')), Uint8Array.from(bytes))
  }
  const all = Uint8Array.from({ length: 256 }, (_, i) => i)
  assert.deepEqual(decodeBase64(Buffer.from(all).toString('base64')), all)
})

test('refuses what is no base64', () => {
  for (const text of ['A', 'AA==A', '*', 'AAA_', 'é']) assert.throws(() => decodeBase64(text), text)
})
