import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { native } from '../../../src/crypto/native/provider.ts'
import { noble } from '../../../src/crypto/noble/provider.ts'
import { loadWasm } from '../../../src/crypto/wasm/load.ts'
import { aeadKeyLength, type AeadName } from '../../../src/crypto/provider.ts'
import { maxPlaintext } from '../../../src/tls/record/framer.ts'
import type { Content } from '../../../src/tls/record/protection.ts'
import { Tls12Protection } from '../../../src/tls/tls12/protection.ts'
import { seededRandom } from '../../support/random.ts'

const wasm = loadWasm()

for (const aead of ['AES-128-GCM', 'AES-256-GCM', 'ChaCha20-Poly1305'] as const satisfies readonly AeadName[]) {
  const explicit = aead === 'ChaCha20-Poly1305' ? 0 : 8
  const keys = { aead, key: seededRandom(1)(aeadKeyLength[aead]), iv: seededRandom(2)(12 - explicit) }
  const pair = () => [new Tls12Protection(noble, keys), new Tls12Protection(native, keys)] as const

  suite(`TLS 1.2 record protection with ${aead}`, () => {
    for (const [writer, reader] of [
      [noble, native],
      [wasm, noble],
      [native, wasm],
    ] as const)
      test(`what ${writer.name} seals, ${reader.name} opens, record by record, of every type`, () => {
        const write = new Tls12Protection(writer, keys)
        const read = new Tls12Protection(reader, keys)
        for (const [i, length] of [0, 1, 100, maxPlaintext].entries()) {
          const content = seededRandom(i)(length)
          const record = write.seal(20 + i, content)
          assert.equal(record[0], 20 + i)
          assert.equal(record.length, 5 + explicit + length + 16)
          assert.deepEqual(plain(open(read, record)), { type: 20 + i, content: Buffer.from(content) })
        }
        assert.deepEqual([write.count, read.count], [4, 4])
      })

    if (explicit > 0)
      test('no nonce comes twice: the part that is sent counts', () => {
        const [write] = pair()
        const sent = Array.from({ length: 300 }, () => Buffer.from(write.seal(23, new Uint8Array(1)).subarray(5, 13)))
        assert.deepEqual(
          sent.map((bytes) => Number(bytes.readBigUInt64BE())),
          Array.from({ length: 300 }, (_, i) => i),
        )
      })

    if (explicit > 0)
      test("the sender's part of the nonce is its own affair (RFC 5288 §3)", () => {
        const [write, read] = pair()
        const counted = write.seal(23, Buffer.from('first'))
        const nonce = Buffer.concat([keys.iv, Buffer.from('whatever')])
        const aad = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 23, 3, 3, 0, 5])
        const sealed = native.aead(aead, keys.key).seal(nonce, aad, Buffer.from('first'))
        const other = Buffer.concat([counted.subarray(0, 5), Buffer.from('whatever'), sealed])
        assert.deepEqual(plain(open(read, other)), { type: 23, content: Buffer.from('first') })
      })

    test('a record with any bit flipped does not open, and leaves the count as it was', () => {
      const [write, read] = pair()
      const record = write.seal(23, Buffer.from('something'))
      for (let bit = 0; bit < record.length * 8; bit++) {
        // The header's version and length are not the protection's to read; a wrong version is a fault of its own.
        if (bit >= 8 && bit < 40) continue
        const spoiled = record.slice()
        spoiled[bit >> 3] = (spoiled[bit >> 3] as number) ^ (1 << (bit & 7))
        assert.equal(open(read, spoiled), undefined, `bit ${bit}`)
      }
      assert.equal(read.count, 0)
      assert.deepEqual(plain(open(read, record)), { type: 23, content: Buffer.from('something') })
    })

    test('a record out of its order, said twice, or cut short does not open', () => {
      const [write, read] = pair()
      const [first, second] = [write.seal(23, Buffer.from('first')), write.seal(23, Buffer.from('second'))]
      assert.equal(open(read, second), undefined)
      assert(open(read, first) !== undefined)
      assert.equal(open(read, first), undefined)
      for (let length = 5; length < second.length; length++)
        assert.equal(open(read, second.subarray(0, length)), undefined)
      assert(open(read, second) !== undefined)
    })

    test('more content than a record may have is refused, though it authenticates', () => {
      const content = new Uint8Array(maxPlaintext + 1)
      const nonce = Buffer.concat([keys.iv, Buffer.alloc(12 - keys.iv.length)])
      const aad = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 23, 3, 3, content.length >> 8, content.length & 0xff])
      const sealed = native.aead(aead, keys.key).seal(nonce, aad, content)
      const length = explicit + sealed.length
      const header = Buffer.from([23, 3, 3, length >> 8, length & 0xff])
      const record = Buffer.concat([header, Buffer.alloc(explicit), sealed])
      assert.throws(() => open(pair()[1], record), { reason: 'record-too-long' })
    })

    test('another version than 1.2 is refused by name', () => {
      const [write, read] = pair()
      const record = write.seal(23, Buffer.from('x'))
      for (const version of [0x0300, 0x0301, 0x0302, 0x0304]) {
        const other = Buffer.from(record)
        other.writeUInt16BE(version, 1)
        assert.throws(() => open(read, other), { reason: 'record-version' })
      }
    })

    test('a longer record than there may be is our mistake', () => {
      const [write] = pair()
      assert.throws(() => write.seal(23, new Uint8Array(maxPlaintext + 1)), RangeError)
    })
  })
}

function open(protection: Tls12Protection, record: Uint8Array): Content | undefined {
  return protection.open(record.subarray(0, 5), record.subarray(5))
}

function plain(content: Content | undefined): { type: number; content: Buffer } {
  assert(content !== undefined)
  return { type: content.type, content: Buffer.from(content.content) }
}
