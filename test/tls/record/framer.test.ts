import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { Fault } from '../../../src/tls/fault.ts'
import { Framer, maxCiphertext, maxPlaintext } from '../../../src/tls/record/framer.ts'
import { Random, seededRandom } from '../../support/random.ts'
import { plainRecord } from '../../support/tls-client.ts'

const bytes = seededRandom(1)
const records = [0, 1, 5, 4_000, maxPlaintext].map((length) => plainRecord(23, bytes(length)))

suite('Framer', () => {
  test('cuts the same records out of a stream, however it comes', () => {
    const stream = concat(...records)
    for (const size of [1, 2, 3, 4, 5, 6, 7, 1_400, 16_384, stream.length]) {
      const framer = new Framer()
      const seen: Uint8Array[] = []
      for (let at = 0; at < stream.length; at += size) seen.push(...drain(framer, stream.subarray(at, at + size)))
      assert.deepEqual(
        seen.map((record) => Buffer.from(record)),
        records.map((record) => Buffer.from(record)),
        `${size}`,
      )
    }
  })

  test('cuts the same records out of a stream that comes in pieces of any length', () => {
    const random = new Random(2)
    const stream = concat(...records, ...records)
    for (let round = 0; round < 50; round++) {
      const framer = new Framer()
      const seen: Uint8Array[] = []
      for (let at = 0; at < stream.length;) {
        const size = 1 + random.below(random.pick([8, 2_000, 40_000]))
        seen.push(...drain(framer, stream.slice(at, at + size)))
        at += size
      }
      assert.equal(Buffer.compare(concat(...seen), stream), 0)
    }
  })

  test('keeps an unfinished record, though the bytes it came in are used again', () => {
    const framer = new Framer()
    const chunk = plainRecord(23, Buffer.from('unfinished'))
    const first = chunk.slice(0, 8)
    assert.deepEqual(drain(framer, first), [])
    first.fill(0xff)
    assert.deepEqual(Buffer.from(drain(framer, chunk.subarray(8))[0] as Uint8Array), Buffer.from(chunk))
  })

  test('has memory for an unfinished record as its bytes come, and not as they are announced', () => {
    const random = new Random(3)
    for (let round = 0; round < 200; round++) {
      const framer = new Framer()
      const record = plainRecord(23, bytes(1 + random.below(maxPlaintext)))
      for (let at = 0; at < record.length;) {
        const size = 1 + random.below(random.pick([4, 100, 20_000]))
        drain(framer, record.subarray(at, at + size))
        at += size
        const { begunBytes } = framer
        if (at < record.length) assert.ok(begunBytes >= at && begunBytes <= 2 * at, `${begunBytes} for ${at}`)
        else assert.equal(begunBytes, 0)
      }
    }
  })

  test('takes 256 bytes more in a protected record than in another', () => {
    assert.deepEqual(drain(new Framer(), header(23, maxCiphertext)), [])
    assert.deepEqual(drain(new Framer(), header(22, maxPlaintext)), [])
    refuses(header(23, maxCiphertext + 1), 'record-too-long')
    refuses(header(22, maxPlaintext + 1), 'record-too-long')
  })

  test('knows by the first bytes what is no record', () => {
    refuses(Buffer.from('G'), 'not-a-record')
    refuses(Uint8Array.of(22, 2), 'record-version')
    refuses(Uint8Array.of(0x80, 0x2e, 1), 'ssl2-hello')
    refuses(Uint8Array.of(0x80, 0x2e, 2), 'not-a-record')
    assert.deepEqual(drain(new Framer(), Uint8Array.of(0x80, 0x2e)), [], 'too early to tell')
  })

  test('gives out what was whole before it meets a fault', () => {
    const framer = new Framer()
    framer.push(concat(plainRecord(22, Uint8Array.of(1)), Uint8Array.of(0)))
    assert.equal(framer.next()?.type, 22)
    assert.throws(() => framer.next(), Fault)
  })
})

function drain(framer: Framer, pushed: Uint8Array): Uint8Array[] {
  const seen: Uint8Array[] = []
  framer.push(pushed)
  for (let record = framer.next(); record !== undefined; record = framer.next())
    seen.push(concat(record.header, record.fragment))
  return seen
}

function header(type: number, length: number): Uint8Array {
  return Uint8Array.of(type, 3, 3, length >> 8, length & 0xff)
}

function refuses(pushed: Uint8Array, reason: string): void {
  assert.throws(
    () => drain(new Framer(), pushed),
    (error) => error instanceof Fault && error.reason === reason,
  )
}
