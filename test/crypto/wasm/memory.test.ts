/** What a kernel's memory holds when a call is over: what it held before, and nothing that anybody would want to know. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../../../src/bytes/hex.ts'
import type { Cipher } from '../../../src/crypto/aead.ts'
import { hashLength, nonceLength, tagLength, type HashName } from '../../../src/crypto/provider.ts'
import { aesGcm, type AesGcm } from '../../../src/crypto/wasm/aes-gcm.ts'
import { ChaCha20Poly1305Cipher, type ChaCha20Poly1305 } from '../../../src/crypto/wasm/chacha20-poly1305.ts'
import { hkdfExpand } from '../../../src/crypto/wasm/hkdf.ts'
import { instantiate, type Kernel } from '../../../src/crypto/wasm/kernel.ts'
import { readKernels } from '../../../src/crypto/wasm/load.ts'
import type { MessageExports } from '../../../src/crypto/wasm/message.ts'
import { sha2, type Sha2 } from '../../../src/crypto/wasm/sha2.ts'
import { seededRandom } from '../keys.ts'
import { sealed, unsealed } from './sealed.ts'

const modules = readKernels()
const lengths = [0, 1, 15, 16, 17, 63, 64, 65, 111, 112, 127, 128, 129, 255, 256, 257, 1000, 16384, 20000]

test('AES-GCM leaves what the peer may read, and nothing else once its key is wiped', () => {
  const kernel = instantiate<AesGcm>(modules, 'aes-gcm')
  for (const keyLength of [16, 32]) leavesNothing(kernel, aesGcm(kernel), keyLength)
})

test('ChaCha20-Poly1305 leaves what the peer may read, and nothing else', () => {
  const kernel = instantiate<ChaCha20Poly1305>(modules, 'chacha20-poly1305')
  leavesNothing(kernel, (key) => new ChaCha20Poly1305Cipher(kernel, key), 32)
})

test('SHA-2, HMAC and HKDF leave nothing', () => {
  const kernel = instantiate<Sha2>(modules, 'sha2')
  const { hash, hmac } = sha2(kernel)
  const expand = hkdfExpand(kernel, hmac)
  const before = kernel.memory.slice()
  const random = seededRandom('sha2 memory')
  for (const name of Object.keys(hashLength) as HashName[])
    for (const length of lengths) {
      const running = hash(name)
      running.update(random(3))
      running.update(random(length))
      running.clone().update(random(length))
      running.digest()
      hmac(name, random(length % 200), random(length))
      const info = random(length % 54)
      for (const count of [1, 2, 4, 5])
        expand(
          name,
          random(hashLength[name]),
          Array.from({ length: count }, () => ({ info, length: length % 33 })),
        )
      sameMemory(before, kernel.memory, `${name} of ${length} bytes`)
    }
})

/** Seals, opens, refuses, wipes; after each, only the message and what is public of it may have changed. */
function leavesNothing(kernel: Kernel<MessageExports>, make: (key: Uint8Array) => Cipher, keyLength: number): void {
  const random = seededRandom('aead memory')
  const start = kernel.exports.text
  for (const length of lengths) {
    const [nonce, aad, plaintext] = [random(nonceLength), random(length % 40), random(length)]
    const before = kernel.memory.slice()
    const cipher = make(random(keyLength))
    const forged = sealed(cipher, nonce, aad, plaintext)
    forged[0] = (forged[0] as number) ^ 1
    assert.equal(unsealed(cipher, nonce, aad, forged), undefined)
    cipher.wipe()
    const end = start + aad.length + 15 + length + 2 * tagLength + 15
    const message = kernel.memory.slice(start, end)
    assert.ok(length < 15 || !toHex(message).includes(toHex(plaintext)), 'the plaintext is still there')
    kernel.memory.set(before.subarray(start, end), start)
    sameMemory(before, kernel.memory, `sealing ${length} bytes`)

    const again = make(random(keyLength))
    const other = sealed(again, nonce, aad, plaintext)
    assert.deepEqual(unsealed(again, nonce, aad, other), plaintext)
    again.wipe()
    const text = kernel.memory.subarray(start + aad.length + (-aad.length & 15), end - 31)
    assert.ok(
      text.subarray(0, length + tagLength).every((byte) => byte === 0),
      `the plaintext of ${length} bytes, or keystream behind it, is still there`,
    )
    kernel.memory.set(before.subarray(start, end), start)
    sameMemory(before, kernel.memory, `opening ${length} bytes`)
  }
}

function sameMemory(before: Uint8Array, after: Uint8Array, what: string): void {
  if (Buffer.compare(before, after) === 0) return
  const changed = before.findIndex((byte, i) => byte !== after[i])
  assert.fail(`${what} left something at ${changed}`)
}
