/** More connections than a kernel has contexts. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Cipher } from '../../../src/crypto/aead.ts'
import { Contexts } from '../../../src/crypto/wasm/contexts.ts'
import { aesGcm, type AesGcm } from '../../../src/crypto/wasm/aes-gcm.ts'
import { instantiate } from '../../../src/crypto/wasm/kernel.ts'
import { readKernels } from '../../../src/crypto/wasm/load.ts'
import { seededRandom } from '../keys.ts'
import { sealed, unsealed } from './sealed.ts'

test('takes the context of whoever went without it the longest', () => {
  const contexts = new Contexts(3)
  const [a, b, c, d] = [{}, {}, {}, {}]
  const [ofA, ofB, ofC] = [contexts.take(a), contexts.take(b), contexts.take(c)]
  assert.deepEqual(new Set([ofA, ofB, ofC]), new Set([0, 1, 2]))
  assert.ok(contexts.use(ofA, a))
  assert.equal(contexts.take(d), ofB, 'b was the last to be used')
  assert.ok(!contexts.use(ofB, b))
  assert.ok(contexts.use(ofB, d))
})

test('takes one that was given back first, and only from its owner', () => {
  const contexts = new Contexts(3)
  const [a, b, c, d] = [{}, {}, {}, {}]
  const [ofA, ofB, ofC] = [contexts.take(a), contexts.take(b), contexts.take(c)]
  assert.ok(!contexts.release(ofC, a))
  assert.ok(contexts.release(ofC, c))
  assert.ok(!contexts.release(ofC, c))
  assert.equal(contexts.take(d), ofC)
  assert.ok(contexts.use(ofA, a) && contexts.use(ofB, b))
})

test('serves a thousand keys in turn with 256 contexts, none in place of another', () => {
  const kernel = instantiate<AesGcm>(readKernels(), 'aes-gcm')
  const make = aesGcm(kernel)
  const random = seededRandom('many keys')
  const nonce = random(12)
  const ciphers = Array.from({ length: 1000 }, (_, i) => make(random(i % 2 === 0 ? 16 : 32)))
  const first = ciphers.map((cipher) => sealed(cipher, nonce, nonce, nonce))
  for (let round = 0; round < 2; round++)
    for (const [i, cipher] of ciphers.entries()) {
      assert.deepEqual(sealed(cipher, nonce, nonce, nonce), first[i])
      assert.deepEqual(unsealed(cipher, nonce, nonce, first[i] as Uint8Array), nonce)
      assert.equal(unsealed(cipher, nonce, nonce, first[(i + 1) % 1000] as Uint8Array), undefined)
    }
  // Wiping those that lost their context takes nothing from those that have it.
  for (const cipher of ciphers.slice(0, 990)) cipher.wipe()
  for (let i = 990; i < 1000; i++) assert.deepEqual(sealed(ciphers[i] as Cipher, nonce, nonce, nonce), first[i])
})
