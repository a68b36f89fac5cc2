import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { native } from '../../../src/crypto/native/provider.ts'
import { noble } from '../../../src/crypto/noble/provider.ts'
import { hashLength } from '../../../src/crypto/provider.ts'
import { maxPlaintext } from '../../../src/tls/record/framer.ts'
import { Tls13Protection } from '../../../src/tls/record/tls13-protection.ts'
import { suites } from '../../../src/tls/suites.ts'
import { seededRandom } from '../../support/random.ts'

for (const tls of Object.values(suites))
  suite(`record protection with ${tls.name}`, () => {
    const secret = seededRandom(4)(hashLength[tls.hash])

    test('what one provider seals, the other opens, record by record', () => {
      const write = new Tls13Protection(noble, tls, secret)
      const read = new Tls13Protection(native, tls, secret)
      for (let i = 0; i < 300; i++) {
        const content = Uint8Array.of(i >> 8, i & 0xff)
        const inner = open(read, write.seal(23, content))
        assert.deepEqual([inner?.type, ...(inner?.content ?? [])], [23, ...content])
      }
      assert.equal(read.count, 300)
    })

    test('a record that does not open leaves the count as it was', () => {
      const write = new Tls13Protection(native, tls, secret)
      const read = new Tls13Protection(native, tls, secret)
      const record = write.seal(22, Uint8Array.of(1))
      const spoiled = record.with(7, (record[7] as number) ^ 1)
      assert.equal(open(read, spoiled), undefined)
      assert.equal(read.count, 0)
      assert.equal(open(read, record)?.type, 22)
      assert.equal(open(read, record), undefined, 'the same record again')
    })

    test('the header is protected too', () => {
      const write = new Tls13Protection(native, tls, secret)
      const read = new Tls13Protection(native, tls, secret)
      assert.equal(open(read, write.seal(23, Uint8Array.of(1)).with(2, 4)), undefined)
    })

    test('a record of the greatest length goes through, a longer one is our mistake', () => {
      const write = new Tls13Protection(native, tls, secret)
      const read = new Tls13Protection(native, tls, secret)
      assert.equal(open(read, write.seal(23, new Uint8Array(maxPlaintext).fill(1)))?.content.length, maxPlaintext)
      assert.throws(() => write.seal(23, new Uint8Array(maxPlaintext + 1)), RangeError)
    })
  })

function open(protection: Tls13Protection, record: Uint8Array): { type: number; content: Uint8Array } | undefined {
  return protection.open(record.subarray(0, 5), record.subarray(5))
}
