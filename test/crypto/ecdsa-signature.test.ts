import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concat } from '../../src/bytes/arrays.ts'
import { fromHex, toHex } from '../../src/bytes/hex.ts'
import { readSignature, writeSignature } from '../../src/crypto/ecdsa-signature.ts'
import { seededRandom } from './keys.ts'

test('writes numbers with as few bytes as they need, and a zero before a first bit of 1', () => {
  assert.equal(toHex(writeSignature({ r: number('7f'), s: number('80') })), '300702017f02020080')
  assert.equal(toHex(writeSignature({ r: number('0100'), s: number('00') })), '300702020100020100')
})

test('reads what it wrote, for both lengths and numbers of every size', () => {
  const random = seededRandom('der')
  for (const length of [32, 48])
    for (let zeros = 0; zeros <= length; zeros++) {
      const [r, s] = [concat(new Uint8Array(zeros), random(length - zeros)), random(length)]
      const written = writeSignature({ r, s })
      assert.deepEqual(readSignature(written, length), { r, s })
      assert.equal(readSignature(written.subarray(0, -1), length), undefined)
      assert.equal(readSignature(concat(written, Uint8Array.of(0)), length), undefined)
    }
})

test('reads nothing that is cut short at any byte', () => {
  const random = seededRandom('cut')
  const written = writeSignature({ r: random(48), s: random(48) })
  for (let length = 0; length < written.length; length++)
    assert.equal(readSignature(written.subarray(0, length), 48), undefined)
})

test('refuses every encoding that is not the one of DER', () => {
  const long = `0221${'01'.repeat(33)}`
  for (const [why, hex] of Object.entries({
    'negative r': '3006020180020101',
    'a zero that is not needed': '300702020001020101',
    'an empty number': '30050200020101',
    'a length of two bytes': '308106020101020101',
    'an indefinite length': '30800201010201010000',
    'a set': '3106020101020101',
    'a bit string': '3006030101020101',
    'three numbers': '3009020101020101020101',
    'one number': '3003020101',
    'a number longer than the order': `3026${long}020101`,
    nothing: '',
    'an empty sequence': '3000',
  }))
    assert.equal(readSignature(fromHex(hex), 32), undefined, why)
})

function number(hex: string): Uint8Array {
  return fromHex(hex.padStart(64, '0'))
}
