import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { DecodeError } from '../../src/bytes/decode-error.ts'
import { fromHex, toHex } from '../../src/bytes/hex.ts'
import { Writer } from '../../src/bytes/writer.ts'
import { readClientHello, writeClientHello, type ClientHello } from '../../src/wire/client-hello.ts'
import { refusesOtherLengths } from '../support/codec.ts'

const trace = readFileSync(join(import.meta.dirname, '..', 'vectors', 'rfc8448', 'section-3.txt'), 'utf8')
const published = fromHex(/^client hello record = (.*)$/m.exec(trace)?.[1] ?? '').subarray(9)

suite('ClientHello', () => {
  test('of RFC 8448 is read, and written again the same', () => {
    const hello = readClientHello(published)
    assert.equal(hello.legacyVersion, 0x0303)
    assert.equal(toHex(hello.random), 'cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7')
    assert.equal(hello.sessionId.length, 0)
    assert.deepEqual(hello.cipherSuites, [0x1301, 0x1303, 0x1302])
    assert.deepEqual([...hello.compressionMethods], [0])
    assert.deepEqual(
      hello.extensions.map(({ type }) => type),
      [0, 0xff01, 10, 35, 51, 43, 13, 45, 28],
    )
    assert.equal(toHex(write(hello)), toHex(published))
  })

  test('cut short anywhere is refused, but for the old one without extensions', () => {
    refusesOtherLengths(readClientHello, published, 2 + 32 + 1 + 2 + 6 + 2)
  })

  test('passes unknown numbers and duplicates on, for others to judge', () => {
    const unknown = { type: 0xabcd, body: Uint8Array.of(1, 2) }
    const hello = readClientHello(write({ ...readClientHello(published), extensions: [unknown, unknown] }))
    assert.deepEqual(
      hello.extensions.map(({ type, body }) => [type, ...body]),
      [
        [0xabcd, 1, 2],
        [0xabcd, 1, 2],
      ],
    )
  })

  test('with vectors out of their bounds is refused', () => {
    const hello = readClientHello(published)
    const spoiled: readonly Partial<ClientHello>[] = [
      { sessionId: new Uint8Array(33) },
      { cipherSuites: [] },
      { compressionMethods: new Uint8Array(0) },
    ]
    for (const change of spoiled) assert.throws(() => readClientHello(write({ ...hello, ...change })), DecodeError)
    const odd = published.slice()
    odd[36] = 5 // the length of cipher_suites: two and a half
    assert.throws(() => readClientHello(odd), DecodeError)
  })
})

function write(hello: ClientHello): Uint8Array {
  const out = new Writer()
  writeClientHello(out, hello)
  return out.finish()
}
