/**
 * Shows RFC 5246 §7.4.1.3; RFC 8446 §4.1.3.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/hex.ts'
import { Writer } from '../../src/bytes/writer.ts'
import { readServerHello, retryRandom, writeServerHello } from '../../src/wire/server-hello.ts'
import { refusesOtherLengths } from '../support/codec.ts'

suite('ServerHello', () => {
  for (const [section, name] of [
    [3, 'server hello'],
    [5, 'server hello'],
    [5, 'server retry'],
  ] as const) {
    const published = recordOf(section, name).subarray(9)

    test(`of RFC 8448 section ${section} (${name}) is read, and written again the same`, () => {
      const hello = readServerHello(published)
      assert.equal(toHex(hello.random) === toHex(retryRandom), name === 'server retry')
      const out = new Writer()
      writeServerHello(out, hello)
      assert.equal(toHex(out.finish()), toHex(published))
    })

    test(`of RFC 8448 section ${section} (${name}) cut short anywhere is refused`, () => {
      // Where the extensions would begin: an older server may leave the whole block out.
      refusesOtherLengths(readServerHello, published, 38 + (published[34] as number))
    })
  }

  test("a retry's random is the hash that the standard says", () => {
    assert.equal(toHex(retryRandom), createHash('sha256').update('HelloRetryRequest').digest('hex'))
  })
})

function recordOf(section: number, name: string): Uint8Array {
  const trace = readFileSync(join(import.meta.dirname, '..', 'vectors', 'rfc8448', `section-${section}.txt`), 'utf8')
  return fromHex(new RegExp(`^${name} record = (.*)$`, 'm').exec(trace)?.[1] ?? '')
}
