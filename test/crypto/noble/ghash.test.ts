/** Our GHASH against @noble's, which works by tables. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GHASH } from '@noble/ciphers/_polyval.js'
import { concat } from '../../../src/bytes/arrays.ts'
import { HashKey } from '../../../src/crypto/noble/ghash.ts'
import { seededRandom } from '../keys.ts'

const random = seededRandom('ghash')

test('hashes as the table does, under keys and data of every single bit', () => {
  for (let bit = 0; bit < 128; bit++) {
    const one = new Uint8Array(16)
    one[bit >> 3] = 1 << (bit & 7)
    for (const [key, data] of [
      [one, random(16)],
      [random(16), one],
      [one, one],
    ] as const)
      agrees(key, new Uint8Array(0), data)
  }
})

test('hashes as the table does, under keys of zeros, ones and anything, at every length', () => {
  for (const key of [new Uint8Array(16), new Uint8Array(16).fill(0xff), random(16), random(16)])
    for (let length = 0; length < 70; length++) {
      agrees(key, random(length), random(70 - length))
      agrees(key, new Uint8Array(0), new Uint8Array(length).fill(0xff))
    }
})

test('begins anew for each message, and knows nothing of the key once wiped', () => {
  const key = new HashKey(random(16))
  const data = random(100)
  const first = key.hash(data, data)
  assert.deepEqual(key.hash(data, data), first)
  key.wipe()
  assert.deepEqual(key.hash(data, data), new Uint8Array(16))
})

function agrees(key: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): void {
  const lengths = new DataView(new ArrayBuffer(16))
  lengths.setBigUint64(0, BigInt(aad.length * 8))
  lengths.setBigUint64(8, BigInt(ciphertext.length * 8))
  const table = new GHASH(key, 2048)
  table.update(padded(aad)).update(padded(ciphertext)).update(new Uint8Array(lengths.buffer))
  assert.deepEqual(new HashKey(key).hash(aad, ciphertext), table.digest())
}

function padded(bytes: Uint8Array): Uint8Array {
  return concat(bytes, new Uint8Array((16 - (bytes.length % 16)) % 16))
}
