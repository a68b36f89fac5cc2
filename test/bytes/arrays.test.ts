import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concat, equal, equalConstantTime, wipe } from '../../src/bytes/arrays.ts'
import { fromHex, toHex } from '../../src/bytes/hex.ts'

test('joins arrays in order', () => {
  assert.deepEqual(concat(Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2, 3)), Uint8Array.of(1, 2, 3))
})

for (const compare of [equal, equalConstantTime])
  test(`${compare.name} sees every single-bit difference`, () => {
    const a = Uint8Array.from({ length: 16 }, (_, i) => i * 17)
    assert.ok(compare(a, a.slice()))
    assert.ok(!compare(a, a.subarray(1)))
    for (let bit = 0; bit < 128; bit++) {
      const b = a.slice()
      b[bit >> 3] = (b[bit >> 3] as number) ^ (1 << (bit & 7))
      assert.ok(!compare(a, b), `bit ${bit}`)
    }
  })

test('wipes in place', () => {
  const secret = Uint8Array.of(1, 2, 3)
  wipe(secret)
  assert.deepEqual(secret, new Uint8Array(3))
})

test('reads hex with spaces, and refuses what is not hex', () => {
  assert.equal(toHex(fromHex('00 ff\n1A')), '00ff1a')
  assert.throws(() => fromHex('0'), /pairs of hex digits/)
  assert.throws(() => fromHex('zz'), /pairs of hex digits/)
})
