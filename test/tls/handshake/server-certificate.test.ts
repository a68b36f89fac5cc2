/**
 * Certificates that are sent compressed (RFC 8879).
 *
 * Shows RFC 8879 §3, §4, §7.3.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { brotliCompressSync, deflateSync, zstdCompressSync } from 'node:zlib'
import { native } from '../../../src/crypto/native/provider.ts'
import type { Compressors, ServerConfig } from '../../../src/tls/config.ts'
import { ServerConnection } from '../../../src/tls/connection.ts'
import { extensionType } from '../../../src/wire/code-points.ts'
import { testCredential } from '../../support/credentials.ts'
import { seededRandom } from '../../support/random.ts'
import { TestClient } from '../../support/tls-client.ts'
import { converse, established, serverConfig } from '../../support/tls-server.ts'

const compressors: Compressors = { zlib: deflateSync, brotli: brotliCompressSync, zstd: zstdCompressSync }

/** With a chain that compresses well, as one whose authorities repeat each other does. */
function makeConfig(): Pick<ServerConfig, 'credentials' | 'compressors'> {
  const { chain, ...rsa } = testCredential('rsa', native)
  const credential = { ...rsa, chain: [...chain, ...chain, ...chain] }
  return { credentials: () => [credential], compressors }
}

function connect(offered: readonly number[], config: Partial<ServerConfig> = makeConfig()): TestClient {
  const list = offered.flatMap((algorithm) => [algorithm >> 8, algorithm & 0xff])
  const extra = [{ type: extensionType.compressCertificate, body: Uint8Array.of(list.length, ...list) }]
  const client = new TestClient({ crypto: native, random: seededRandom(7), extra })
  established(client, config)
  assert.ok(client.signedBy(testCredential('rsa', native).publicKey))
  return client
}

suite('a certificate', () => {
  for (const [algorithm, name] of [
    [1, 'zlib'],
    [2, 'brotli'],
    [3, 'zstd'],
  ] as const)
    test(`comes compressed by ${name} to a client that asks for it, and is the same`, () => {
      const client = connect([algorithm])
      assert.equal(client.compression, algorithm)
      assert.equal(client.chain.length, 3)
      assert.deepEqual(Buffer.from(client.chain[0] ?? []), Buffer.from(testCredential('rsa', native).chain[0] ?? []))
    })

  test('comes in the way that makes it shortest, of those that both sides have', () => {
    assert.equal(connect([1, 3, 2]).compression, 2)
    assert.equal(connect([1, 3]).compression, 3)
    assert.equal(connect([1, 3], { ...makeConfig(), compressors: { zlib: deflateSync } }).compression, 1)
  })

  test('comes as it is where the client knows other ways only, where we have none, and where it would be longer', () => {
    assert.equal(connect([0x4a4a, 0xff01]).compression, undefined)
    const { credentials } = makeConfig()
    assert.equal(connect([1, 2, 3], { credentials }).compression, undefined)
    assert.equal(connect([1], { credentials, compressors: { zlib: stored } }).compression, undefined)
  })

  test('is compressed once, however many ask for it', () => {
    let calls = 0
    const zlib = (bytes: Uint8Array): Uint8Array => {
      calls++
      return deflateSync(bytes)
    }
    const config = { ...makeConfig(), compressors: { zlib } }
    for (let i = 0; i < 3; i++) assert.equal(connect([1], config).compression, 1)
    assert.equal(calls, 1)
  })

  test('is not sent at all to a client whose list is malformed', () => {
    for (const body of [[], [0], [1, 0], [2, 0], [3, 0, 1, 0], [2, 0, 1, 9]]) {
      const extra = [{ type: extensionType.compressCertificate, body: Uint8Array.from(body) }]
      const client = new TestClient({ crypto: native, random: seededRandom(7), extra })
      const events = converse(client, new ServerConnection(serverConfig(makeConfig())))
      assert.deepEqual(
        events.map((event) => event.type === 'failed' && event.alert),
        ['decode_error'],
        String(body),
      )
    }
  })
})

function stored(bytes: Uint8Array): Uint8Array {
  return deflateSync(bytes, { level: 0 })
}
