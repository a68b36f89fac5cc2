/** Key exchange, by RFC 7748 and RFC 5903: what is agreed on, and which shares are refused. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { fromHex, toHex } from '../../../src/bytes/hex.ts'
import { scalarLength } from '../../../src/crypto/key-check.ts'
import type { CryptoProvider, CurveName, GroupName } from '../../../src/crypto/provider.ts'
import { seededRandom } from '../keys.ts'
import { assertRefusal, badScalars, bitFlips, orders } from './values.ts'

export function x25519(provider: CryptoProvider): void {
  const exchange = provider.keyExchange('X25519')
  describe(`${provider.name}: X25519`, () => {
    test('follows the examples of RFC 7748', () => {
      for (const [scalar, share, secret] of rfc7748)
        assert.equal(toHex(exchange.sharedSecret(fromHex(scalar), fromHex(share)) ?? new Uint8Array(0)), secret)
    })

    test('comes to the value of RFC 7748 §5.2 after a thousand rounds', () => {
      let [scalar, share] = [Uint8Array.of(9, ...new Uint8Array(31)), Uint8Array.of(9, ...new Uint8Array(31))]
      for (let i = 0; i < 1000; i++) {
        const secret = exchange.sharedSecret(scalar, share)
        assert.ok(secret !== undefined)
        ;[scalar, share] = [Uint8Array.from(secret), scalar]
      }
      assert.equal(toHex(scalar), '684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51')
    })

    test('makes the shares of RFC 7748 §6.1', () => {
      for (const [scalar, share] of rfc7748Pairs)
        assert.equal(toHex(exchange.keyPair(() => fromHex(scalar)).share), share)
    })

    test('refuses the points whose secret is all zeros', () => {
      const scalar = seededRandom('low order')(32)
      for (const point of lowOrderPoints)
        for (const topBit of [0, 0x80]) {
          const share = fromHex(point)
          share[31] = (share[31] as number) | topBit
          assert.equal(exchange.sharedSecret(scalar, share), undefined, toHex(share))
        }
    })
  })
}

export function nistCurve(provider: CryptoProvider, curve: CurveName): void {
  const exchange = provider.keyExchange(curve)
  const order = orders[curve]
  const bytes = scalarLength[curve]
  describe(`${provider.name}: ${curve}`, () => {
    test('follows the example of RFC 5903 §8', () => {
      const { i, gi, r, gr, secret } = rfc5903[curve]
      assert.equal(toHex(exchange.sharedSecret(fromHex(i), fromHex(gr)) ?? new Uint8Array(0)), secret)
      assert.equal(toHex(exchange.sharedSecret(fromHex(r), fromHex(gi)) ?? new Uint8Array(0)), secret)
    })

    test('reduces 64 bits more than it needs modulo n-1 and adds 1', () => {
      for (const value of [0n, 1n, order - 3n, order - 2n, order - 1n, order, 2n ** BigInt(8 * bytes + 64) - 1n]) {
        const pair = exchange.keyPair((length) => fromHex(value.toString(16).padStart(length * 2, '0')))
        assert.equal(BigInt(`0x${toHex(pair.privateKey)}`), (value % (order - 1n)) + 1n)
        assert.equal(pair.privateKey.length, bytes)
        assert.equal(pair.share.length, 1 + 2 * bytes)
        assert.equal(pair.share[0], 4)
      }
    })

    test('refuses points that are compressed, hybrid, at infinity, off the curve or beyond the field', () => {
      const { privateKey, share } = exchange.keyPair(seededRandom('pair'))
      const [x, y] = [share.subarray(1, 1 + bytes), share.subarray(1 + bytes)]
      const prime = fromHex(primes[curve])
      const sign = (y[bytes - 1] as number) & 1
      const wrong = [
        concat(Uint8Array.of(2 + sign), x),
        concat(Uint8Array.of(6 + sign), x, y),
        Uint8Array.of(0),
        new Uint8Array(1 + 2 * bytes),
        concat(Uint8Array.of(4), new Uint8Array(2 * bytes)),
        concat(Uint8Array.of(4), y, x),
        concat(Uint8Array.of(4), prime, y),
        concat(Uint8Array.of(4), x, prime),
        concat(Uint8Array.of(4), new Uint8Array(2 * bytes).fill(0xff)),
        ...[...bitFlips(share)].filter((_, i) => i % 7 === 0),
      ]
      for (const point of wrong) {
        assert.equal(exchange.sharedSecret(privateKey, point), undefined, toHex(point))
        assert.equal(exchange.respond(point, seededRandom('answer')), undefined, toHex(point))
      }
    })

    test('throws for a private scalar that is 0, n or more, or of another length', () => {
      const { share } = exchange.keyPair(seededRandom('pair'))
      for (const scalar of badScalars[curve])
        assertRefusal(() => exchange.sharedSecret(fromHex(scalar), share), /ffffffff|bce6faad/i, RangeError)
    })
  })
}

export function hybrids(provider: CryptoProvider): void {
  describe(`${provider.name}: hybrid groups`, () => {
    test('put ML-KEM-768 first beside X25519, and second beside P-256, in shares, answers and secrets', () => {
      for (const [hybrid, plain, kemFirst] of [
        ['X25519MLKEM768', 'X25519', true],
        ['SecP256r1MLKEM768', 'P-256', false],
      ] as const) {
        const exchange = provider.keyExchange(hybrid)
        const curve = provider.keyExchange(plain)
        const ours = exchange.keyPair(seededRandom('ours'))
        const curveShareLength = curve.keyPair(seededRandom('any')).share.length
        assert.equal(ours.share.length, 1184 + curveShareLength)
        const answer = exchange.respond(ours.share, seededRandom('theirs'))
        assert.ok(answer !== undefined)
        assert.equal(answer.share.length, 1088 + curveShareLength)
        // The half that is a curve must be one that the curve alone would have come to.
        const privateKey = kemFirst ? ours.privateKey.subarray(64) : ours.privateKey.subarray(0, 32)
        const share = kemFirst ? answer.share.subarray(1088) : answer.share.subarray(0, curveShareLength)
        const half = kemFirst ? answer.secret.subarray(32) : answer.secret.subarray(0, 32)
        assert.deepEqual(curve.sharedSecret(privateKey, share), Uint8Array.from(half))
      }
    })

    test('refuse an encapsulation key with a coefficient that is not reduced, and a bad half of a curve', () => {
      for (const [name, kemAt, curveAt] of [
        ['X25519MLKEM768', 0, 1184],
        ['SecP256r1MLKEM768', 65, 0],
      ] as const) {
        const exchange = provider.keyExchange(name)
        const { share, privateKey } = exchange.keyPair(seededRandom('pair'))
        // FIPS 203 §7.2: twelve bits that hold 3329 or more, first and last of the 768.
        for (const at of [kemAt, kemAt + 1151 - 1]) {
          const wrong = Uint8Array.from(share)
          wrong.set([0xff, 0xff], at)
          assert.equal(exchange.respond(wrong, seededRandom('answer')), undefined, `${name}, byte ${at}`)
        }
        const zeroPoint = Uint8Array.from(share).fill(0, curveAt, curveAt + (name === 'X25519MLKEM768' ? 32 : 65))
        assert.equal(exchange.respond(zeroPoint, seededRandom('answer')), undefined)
        const answer = exchange.respond(share, seededRandom('answer'))
        assert.ok(answer !== undefined)
        const zeroAnswer = Uint8Array.from(answer.share)
        if (name === 'X25519MLKEM768') zeroAnswer.fill(0, 1088)
        else zeroAnswer.fill(0, 0, 65)
        assert.equal(exchange.sharedSecret(privateKey, zeroAnswer), undefined)
      }
    })

    test('come to another secret, and to no error, where the ciphertext was changed (FIPS 203 §6.3)', () => {
      for (const [name, at] of [
        ['X25519MLKEM768', 0],
        ['SecP256r1MLKEM768', 65],
      ] as const) {
        const exchange = provider.keyExchange(name)
        const { privateKey, share } = exchange.keyPair(seededRandom('pair'))
        const answer = exchange.respond(share, seededRandom('answer'))
        assert.ok(answer !== undefined)
        const changed = Uint8Array.from(answer.share)
        changed[at] = (changed[at] as number) ^ 1
        const secret = exchange.sharedSecret(privateKey, changed)
        assert.equal(secret?.length, 64)
        assert.notDeepEqual(secret, answer.secret)
        assert.deepEqual(exchange.sharedSecret(privateKey, changed), secret, 'the same for the same ciphertext')
      }
    })
  })
}

export function exchanges(provider: CryptoProvider, other: CryptoProvider): void {
  describe(`${provider.name}: key exchange`, () => {
    for (const [name, secretLength] of Object.entries(secretLengths) as [GroupName, number][]) {
      test(`${name}: makes the other provider’s pairs, and agrees with it on the secret`, () => {
        const [ours, theirs] = [provider.keyExchange(name), other.keyExchange(name)]
        for (let i = 0; i < 5; i++) {
          const pair = ours.keyPair(seededRandom(`${name} ${i}`))
          assert.deepEqual(theirs.keyPair(seededRandom(`${name} ${i}`)), pair)
          for (const responder of [ours, theirs]) {
            const answer = responder.respond(pair.share, seededRandom(`peer ${i}`))
            assert.equal(answer?.secret.length, secretLength)
            assert.deepEqual(ours.sharedSecret(pair.privateKey, answer.share), answer.secret)
            assert.deepEqual(theirs.sharedSecret(pair.privateKey, answer.share), answer.secret)
          }
        }
      })

      test(`${name}: answers each time with another secret, and returns arrays that are nobody else’s`, () => {
        const exchange = provider.keyExchange(name)
        const { share } = exchange.keyPair(seededRandom(name))
        const random = seededRandom('answers')
        const [one, two] = [exchange.respond(share, random), exchange.respond(share, random)]
        assert.notDeepEqual(one?.secret, two?.secret)
        for (const bytes of [one?.secret, one?.share]) assert.equal(bytes?.buffer.byteLength, bytes?.length)
      })

      test(`${name}: refuses shares of every other length`, () => {
        const exchange = provider.keyExchange(name)
        const { privateKey, share } = exchange.keyPair(seededRandom(name))
        const answer = exchange.respond(share, seededRandom('answer'))?.share as Uint8Array
        for (const length of [...Array(answer.length).keys(), answer.length + 1]) {
          const wrong = concat(answer, Uint8Array.of(0)).slice(0, length)
          assert.equal(exchange.sharedSecret(privateKey, wrong), undefined, `${length} bytes`)
        }
        for (const length of [...Array(share.length).keys(), share.length + 1]) {
          const wrong = concat(share, Uint8Array.of(0)).slice(0, length)
          assert.equal(exchange.respond(wrong, seededRandom('answer')), undefined, `${length} bytes`)
        }
      })

      test(`${name}: throws RangeError for a private key of another length`, () => {
        const exchange = provider.keyExchange(name)
        const { share, privateKey } = exchange.keyPair(seededRandom(name))
        const answer = exchange.respond(share, seededRandom('answer'))?.share as Uint8Array
        for (const length of [0, privateKey.length - 1, privateKey.length + 1])
          assert.throws(() => exchange.sharedSecret(new Uint8Array(length).fill(1), answer), RangeError)
      })
    }
  })
}

const primes = {
  'P-256': 'ffffffff00000001000000000000000000000000ffffffffffffffffffffffff',
  'P-384': 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff',
} as const

/** Of each group, in bytes. */
const secretLengths = {
  X25519: 32,
  'P-256': 32,
  'P-384': 48,
  X25519MLKEM768: 64,
  SecP256r1MLKEM768: 64,
} as const satisfies Record<GroupName, number>

// RFC 7748 §5.2 and §6.1.
const rfc7748: readonly (readonly [string, string, string])[] = [
  [
    'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
    'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
    'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
  ],
  [
    '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
    'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
    '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
  ],
  [
    '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
    'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
  ],
]

const rfc7748Pairs: readonly (readonly [string, string])[] = [
  [
    '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
    '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  ],
  [
    '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
    'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  ],
]

// The numbers of low order: 0, 1, two of order 8, p-1, p, p+1. RFC 7748 §5 ignores the top bit, so each comes twice.
const lowOrderPoints = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]

const rfc5903 = {
  'P-256': {
    i: 'c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433',
    gi: '04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3',
    r: 'c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53',
    gr: '04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab',
    secret: 'd6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de',
  },
  'P-384': {
    i: '099f3c7034d4a2c699884d73a375a67f7624ef7c6b3c0f160647b67414dce655e35b538041e649ee3faef896783ab194',
    gi: '04667842d7d180ac2cde6f74f37551f55755c7645c20ef73e31634fe72b4c55ee6de3ac808acb4bdb4c88732aee95f41aa9482ed1fc0eeb9cafc4984625ccfc23f65032149e0e144ada024181535a0f38eeb9fcff3c2c947dae69b4c634573a81c',
    r: '41cb0779b4bdb85d47846725fbec3c9430fab46cc8dc5060855cc9bda0aa2942e0308312916b8ed2960e4bd55a7448fc',
    gr: '04e558dbef53eecde3d3fccfc1aea08a89a987475d12fd950d83cfa41732bc509d0d1ac43a0336def96fda41d0774a3571dcfbec7aacf3196472169e838430367f66eebe3c6e70c416dd5f0c68759dd1fff83fa40142209dff5eaad96db9e6386c',
    secret: '11187331c279962d93d604243fd592cb9d0a926f422e47187521287e7156c5c4d603135569b9e9d09cf5d4a270f59746',
  },
} as const
