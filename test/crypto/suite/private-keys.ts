/** Private keys: which are taken, and that a refusal tells nothing of them. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fromHex, toHex } from '../../../src/bytes/hex.ts'
import type { CryptoProvider, PrivateKey, SignatureName } from '../../../src/crypto/provider.ts'
import { ecdsaKeys, ed25519Key, publicKeyOf, rsaKey, seededRandom } from '../keys.ts'
import { assertRefusal, badScalars, curveNames, utf8 } from './values.ts'

export function privateKeys(provider: CryptoProvider): void {
  describe(`${provider.name}: private keys`, () => {
    test('that are 0, n or more, or too short are refused', () => {
      for (const curve of curveNames)
        for (const scalar of badScalars[curve])
          assertRefusal(
            () => provider.signingKey({ ...ecdsaKeys[curve], scalar: fromHex(scalar) }),
            /ffffffff|bce6faad/i,
          )
    })

    test('whose public half is another’s are refused', () => {
      for (const curve of curveNames) {
        const point = Uint8Array.from(ecdsaKeys[curve].point)
        point[point.length - 1] = (point.at(-1) as number) ^ 1
        assertRefusal(() => provider.signingKey({ ...ecdsaKeys[curve], point }), secretOf(ecdsaKeys[curve]))
        assertRefusal(
          () => provider.signingKey({ ...ecdsaKeys[curve], point: point.slice(1) }),
          secretOf(ecdsaKeys[curve]),
        )
      }
      const key = ed25519Key()
      assertRefusal(() => provider.signingKey({ ...key, publicKey: new Uint8Array(32) }), secretOf(key))
      assertRefusal(() => provider.signingKey({ ...key, seed: key.seed.slice(1) }), secretOf(key))
    })

    test('of RSA whose parts do not belong together are refused', () => {
      const key = rsaKey('2048')
      for (const part of ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const)
        for (const value of [
          key[part].map((byte, i) => (i === 0 ? byte ^ 4 : byte)),
          new Uint8Array(0),
          new Uint8Array(256),
        ])
          assertRefusal(() => provider.signingKey({ ...key, [part]: value }), secretOf(key))
      assertRefusal(() => provider.signingKey({ ...key, p: key.q, q: key.p }), secretOf(key))
      assertRefusal(() => provider.signingKey({ ...key, p: key.n, q: Uint8Array.of(1) }), secretOf(key))
    })

    test('are not in the errors of a wrong scheme', () => {
      for (const key of [ecdsaKeys['P-256'], ed25519Key(), rsaKey('2048')])
        assertRefusal(
          () => provider.signingKey(key).sign('ECDSA-P256-SHA384', new Uint8Array(1), seededRandom('no')),
          secretOf(key),
        )
    })

    test('may be wiped by their owner once handed over', () => {
      for (const original of [ecdsaKeys['P-256'], ed25519Key(), rsaKey('2048')]) {
        const key = structuredClone(original)
        const signing = provider.signingKey(key)
        if (key.kind === 'ecdsa') key.scalar.fill(0)
        if (key.kind === 'ed25519') key.seed.fill(0)
        if (key.kind === 'rsa') for (const part of [key.d, key.p, key.q, key.dp, key.dq, key.qi]) part.fill(0)
        const scheme = signing.schemes[0] as SignatureName
        const signature = signing.sign(scheme, utf8('kept'), seededRandom('kept'))
        assert.ok(provider.verify(scheme, publicKeyOf(original), utf8('kept'), signature))
      }
    })
  })
}

/** The beginnings of a key's private parts, as hex, base64url or a list of bytes would show them. */
function secretOf(key: PrivateKey): RegExp {
  const parts =
    key.kind === 'ecdsa'
      ? [key.scalar]
      : key.kind === 'ed25519'
        ? [key.seed]
        : [key.d, key.p, key.q, key.dp, key.dq, key.qi]
  const shown = parts.flatMap((part) => [
    toHex(part.subarray(0, 6)),
    Buffer.from(part.subarray(0, 6)).toString('base64url'),
    part.subarray(0, 4).join(','),
  ])
  return new RegExp(shown.join('|'), 'i')
}
