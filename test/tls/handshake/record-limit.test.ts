/**
 * Clients that ask for short records, and servers that hide how long their data is.
 *
 * Shows RFC 8449 §4; RFC 6066 §4.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { native } from '../../../src/crypto/native/provider.ts'
import type { ServerConfig } from '../../../src/tls/config.ts'
import { extensionType } from '../../../src/wire/code-points.ts'
import type { Extension } from '../../../src/wire/extension.ts'
import { testCredential } from '../../support/credentials.ts'
import { seededRandom } from '../../support/random.ts'
import { TestClient } from '../../support/tls-client.ts'
import { established } from '../../support/tls-server.ts'

const data = Buffer.from('0123456789abcdef'.repeat(2048))

/** What a client with these extensions is answered, the lengths of all protected records it gets, and the data in them. */
function hear(extra: readonly Extension[], config: Partial<ServerConfig> = {}) {
  const lengths: number[] = []
  class Watching extends TestClient {
    override receive(bytes: Uint8Array): Uint8Array[] {
      for (let at = 0; at < bytes.length;) {
        const length = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number)
        if (bytes[at] === 23) lengths.push(length)
        at += 5 + length
      }
      return super.receive(bytes)
    }
  }
  const client = new Watching({ crypto: native, random: seededRandom(7), extra })
  const rsa = testCredential('rsa', native)
  const { server } = established(client, { credentials: () => [rsa], ...config })
  const flight = lengths.splice(0)
  server.send(data)
  client.receive(Buffer.concat(server.takeOutput()))
  const heard = client.heard.flatMap((each) => (each.type === 'data' ? [Buffer.from(each.data)] : []))
  assert.deepEqual(Buffer.concat(heard), data)
  const answers = client.encryptedExtensions.filter(({ type }) => type !== extensionType.serverName)
  return { answers, flight, sent: lengths }
}

function recordSizeLimit(limit: number): Extension {
  return { type: extensionType.recordSizeLimit, body: Uint8Array.of(limit >> 8, limit & 0xff) }
}

function maxFragmentLength(code: number): Extension {
  return { type: extensionType.maxFragmentLength, body: Uint8Array.of(code) }
}

/** Behind the inner plaintext there is a tag. */
const tag = 16

suite('record_size_limit', () => {
  for (const limit of [64, 65, 1000, 16_384, 16_385])
    test(`${limit}: no protected record has more, the type included, and ours is answered`, () => {
      const { answers, flight, sent } = hear([recordSizeLimit(limit)])
      assert.deepEqual(answers, [recordSizeLimit(16_385)])
      assert.equal(Math.max(...sent), limit + tag)
      assert.ok(Math.max(...flight) <= limit + tag)
    })

  test('beyond what the version has, changes nothing', () => {
    assert.deepEqual(hear([recordSizeLimit(65_535)]).sent, hear([]).sent)
  })

  test('is what counts where max_fragment_length is there too, which then goes unanswered', () => {
    const { answers, sent } = hear([maxFragmentLength(1), recordSizeLimit(2000)])
    assert.deepEqual(answers, [recordSizeLimit(16_385)])
    assert.equal(Math.max(...sent), 2000 + tag)
  })

  test('counts padding', () => {
    const { sent } = hear([recordSizeLimit(1000)], { padding: () => 100_000 })
    assert.deepEqual([...new Set(sent)], [1000 + tag])
  })
})

suite('max_fragment_length', () => {
  for (const code of [1, 2, 3, 4])
    test(`${code}: no record has more than ${2 ** (8 + code)} bytes of content, and the same is answered`, () => {
      const { answers, flight, sent } = hear([maxFragmentLength(code)])
      assert.deepEqual(answers, [maxFragmentLength(code)])
      assert.equal(Math.max(...sent), 2 ** (8 + code) + 1 + tag)
      assert.ok(Math.max(...flight) <= 2 ** (8 + code) + 1 + tag)
    })
})

suite('padding', () => {
  test('is what the policy says, for application data only, and the data is the same', () => {
    const plain = hear([])
    const { flight, sent } = hear([], { padding: (length) => 512 - (length % 512) })
    assert.deepEqual(flight, plain.flight)
    assert.deepEqual(
      sent.map((length) => (length - 1 - tag) % 512),
      sent.map(() => 0),
    )
  })

  test('never makes a record too long', () => {
    const { sent } = hear([], { padding: () => 1_000_000 })
    assert.deepEqual(
      sent,
      [16_384, 16_384].map((length) => length + 1 + tag),
    )
  })

  test('makes short and long answers alike', () => {
    assert.equal(lengthOf('yes'), lengthOf('no, and here is why: '.repeat(50)))
  })
})

/** Bytes on the wire of an answer that is padded to 4096. */
function lengthOf(answer: string): number {
  const client = new TestClient({ crypto: native, random: seededRandom(7) })
  const { server } = established(client, { padding: (length) => 4096 - length })
  server.send(Buffer.from(answer))
  return Buffer.concat(server.takeOutput()).length
}
