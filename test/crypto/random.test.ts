import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pooledRandom } from '../../src/crypto/native/random.ts'
import { toHex } from '../../src/bytes/hex.ts'

test('gives as many bytes as it is asked for, also none, and more than it has in stock', () => {
  const random = pooledRandom()
  for (const length of [0, 1, 32, 4095, 4096, 4097, 100_000]) assert.equal(random(length).length, length)
})

test('gives no bytes twice, whether its stock is divided evenly or not', () => {
  for (const length of [16, 32, 37, 3000]) {
    const random = pooledRandom()
    const given = Array.from({ length: 1000 }, () => toHex(random(length)))
    assert.equal(new Set(given.map((text) => text.slice(0, 32))).size, given.length)
  }
})

test('two sources have nothing in common', () => {
  const [one, other] = [pooledRandom(), pooledRandom()]
  assert.notDeepEqual(one(32), other(32))
})

test('what was given out is its taker’s alone', () => {
  const random = pooledRandom()
  const first = random(64)
  const copy = first.slice()
  random(64).fill(0)
  assert.deepEqual(first, copy)
  assert.equal(first.buffer.byteLength, 64)
})
