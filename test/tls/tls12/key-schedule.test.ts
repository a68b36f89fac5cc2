/**
 * Shows RFC 5246 §5, §6.3.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { fromHex, toHex } from '../../../src/bytes/hex.ts'
import { prf, recordKeys } from '../../../src/tls/tls12/key-schedule.ts'
import { tls12Suites } from '../../../src/tls/tls12/suites.ts'
import { providers } from '../../support/providers.ts'

/** From the IETF's TLS list, "Test vectors for TLS 1.2 PRFs" (M. Ray, 2009): there are none in RFC 5246. */
const vectors = [
  {
    hash: 'SHA-256',
    secret: '9bbe436ba940f017b17652849a71db35',
    seed: 'a0ba9f936cda311827a6f796ffd5198c',
    output:
      'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66',
  },
  {
    hash: 'SHA-384',
    secret: 'b80b733d6ceefcdc71566ea48e5567df',
    seed: 'cd665cf6a8447dd6ff8b27555edb7465',
    output:
      '7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f',
  },
] as const

for (const crypto of providers)
  suite(`TLS 1.2's key schedule, with ${crypto.name}`, () => {
    for (const { hash, secret, seed, output } of vectors)
      test(`the PRF of ${hash} gives the published bytes, of whatever length`, () => {
        for (const length of [1, 12, 31, 32, 33, 48, output.length / 2])
          assert.equal(
            toHex(prf(crypto, hash, fromHex(secret), 'test label', fromHex(seed), length)),
            output.slice(0, 2 * length),
          )
      })

    test('the key block is cut into keys, then into the parts of the nonce that are not sent', () => {
      const randoms = { client: new Uint8Array(32).fill(1), server: new Uint8Array(32).fill(2) }
      const master = new Uint8Array(48).fill(3)
      const seed = new Uint8Array([...randoms.server, ...randoms.client])
      for (const suite of Object.values(tls12Suites)) {
        const { client, server } = recordKeys(crypto, suite, master, randoms)
        const parts = [client.key, server.key, client.iv, server.iv]
        const length = parts.reduce((sum, part) => sum + part.length, 0)
        const block = prf(crypto, suite.hash, master, 'key expansion', seed, length)
        assert.equal(parts.map(toHex).join(''), toHex(block))
        assert.equal(client.iv.length, suite.aead === 'ChaCha20-Poly1305' ? 12 : 4)
      }
    })
  })
