/** The length at the end of what SHA-2 hashes (FIPS 180-4 §5.1), where no test could wait for a message that long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromInteger } from '../../../src/crypto/key-check.ts'
import { instantiate } from '../../../src/crypto/wasm/kernel.ts'
import { readKernels } from '../../../src/crypto/wasm/load.ts'
import type { Sha2 } from '../../../src/crypto/wasm/sha2.ts'

const kernel = instantiate<Sha2>(readKernels(), 'sha2')
const { exports } = kernel

for (const [bits, block, word] of [
  [256, 64, 4],
  [384, 128, 8],
  [512, 128, 8],
] as const)
  test(`SHA-${bits} writes the length of every message in bits, up to the last that is a whole number of bytes exactly`, () => {
    // Where 32 bits end for bits, and for bytes; a terabyte; and what a number in JavaScript counts to.
    for (const total of [0, 2 ** 29 - block, 2 ** 29, 2 ** 32 - block, 2 ** 32, 2 ** 40, 2 ** 53 - block]) {
      exports.start(bits)
      exports.finish(bits, 0, total)
      const digest = kernel.read(exports.state, bits / 8)

      // The same block, written here.
      const padding = new Uint8Array(block)
      padding[0] = 0x80
      padding.set(fromInteger(8n * BigInt(total), 16).subarray(-2 * word), block - 2 * word)
      exports.start(bits)
      kernel.write(exports.input, padding)
      exports.update(bits, block)
      const words = kernel.read(exports.state, bits / 8)
      for (let i = 0; i < words.length; i += word) words.subarray(i, i + word).reverse()
      assert.deepEqual(digest, words, `${total} bytes`)
    }
  })
