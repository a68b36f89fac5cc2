import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeAscii, encodeAscii } from '../../src/bytes/ascii.ts'

test('writes and reads ASCII as UTF-8 does', () => {
  const text = String.fromCharCode(...Array(0x80).keys())
  assert.deepEqual(encodeAscii(text), new TextEncoder().encode(text))
  assert.equal(decodeAscii(encodeAscii(text)), text)
  assert.equal(decodeAscii(encodeAscii('')), '')
})

test('refuses to write what is not ASCII, and says which character', () => {
  assert.throws(() => encodeAscii('naïve'), { name: 'RangeError', message: 'character 2 is not ASCII: 239' })
  assert.throws(() => encodeAscii('\u0100'), RangeError)
})

test('reads every byte beyond ASCII as a letter that no ASCII text has, and as many as there are', () => {
  for (let byte = 0x80; byte <= 0xff; byte++) assert.ok(decodeAscii(Uint8Array.of(byte)) >= '\u0080')
  assert.equal(decodeAscii(new Uint8Array(1_000_000)).length, 1_000_000)
})
