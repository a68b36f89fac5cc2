/** Hashes, HMAC and HKDF, by FIPS 180, RFC 4231 and RFC 5869. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { fromHex, toHex } from '../../../src/bytes/hex.ts'
import { extract } from '../../../src/crypto/hkdf.ts'
import { hashLength, type CryptoProvider, type Expansion, type HashName } from '../../../src/crypto/provider.ts'
import { seededRandom } from '../keys.ts'
import { hashNames, range, utf8 } from './values.ts'

export function hashes(provider: CryptoProvider): void {
  describe(`${provider.name}: hashes`, () => {
    test('digests the examples of FIPS 180', () => {
      for (const [name, message, expected] of fips180) {
        const hash = provider.hash(name)
        hash.update(utf8(message))
        assert.equal(toHex(hash.digest()), expected, `${name} of ${message.slice(0, 20)}`)
      }
    })

    test('gives the digest at any time, and goes on', () => {
      for (const name of hashNames) {
        const hash = provider.hash(name)
        const first = hash.digest()
        assert.deepEqual(hash.digest(), first)
        assert.equal(first.length, hashLength[name])
        for (const byte of utf8('abc')) {
          hash.update(Uint8Array.of(byte))
          hash.digest()
        }
        assert.equal(toHex(hash.digest()), fips180.find(([n, message]) => n === name && message === 'abc')?.[2])
      }
    })

    test('clones hashes that no longer know each other', () => {
      for (const name of hashNames) {
        const hash = provider.hash(name)
        hash.update(utf8('a'))
        const clone = hash.clone()
        hash.update(utf8('x'))
        clone.update(utf8('bc'))
        assert.equal(toHex(clone.digest()), fips180.find(([n, message]) => n === name && message === 'abc')?.[2])
        assert.notDeepEqual(hash.digest(), clone.digest())
      }
    })

    test('returns arrays that are nobody else’s', () => {
      const hash = provider.hash('SHA-256')
      hash.digest().fill(7)
      assert.equal(toHex(hash.digest()), fips180[0]?.[2])
      assert.equal(hash.digest().buffer.byteLength, 32, 'a window into a shared pool')
    })

    test('computes HMAC as in RFC 4231', () => {
      for (const { key, data, ...expected } of rfc4231)
        for (const name of hashNames)
          assert.equal(
            toHex(provider.hmac(name, fromHex(key), fromHex(data))).slice(0, expected[name].length),
            expected[name],
          )
    })

    test('takes an empty HMAC key and an empty message', () => {
      assert.equal(
        toHex(provider.hmac('SHA-256', new Uint8Array(0), new Uint8Array(0))),
        'b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad',
      )
    })
  })
}

export function hkdf(provider: CryptoProvider): void {
  describe(`${provider.name}: HKDF`, () => {
    test('follows the examples of RFC 5869', () => {
      for (const { input, salt, info, length, key, output } of rfc5869) {
        const extracted = extract(provider, 'SHA-256', fromHex(salt), fromHex(input))
        assert.equal(toHex(extracted), key)
        const [expanded] = provider.expand('SHA-256', extracted, [{ info: fromHex(info), length }])
        assert.equal(toHex(expanded as Uint8Array), output)
      }
    })

    test('gives 0 to 255 blocks, and refuses more', () => {
      for (const name of hashNames) {
        const key = new Uint8Array(hashLength[name])
        const most = 255 * hashLength[name]
        const lengths = provider
          .expand(name, key, [outputOf(0), outputOf(most), outputOf(1)])
          .map(({ length }) => length)
        assert.deepEqual(lengths, [0, most, 1])
        assert.throws(() => provider.expand(name, key, [outputOf(1), outputOf(most + 1)]), RangeError)
      }
    })

    test('refuses a key shorter than the hash', () => {
      for (const name of hashNames)
        for (const outputs of [[outputOf(1)], [outputOf(1), outputOf(2)], [outputOf(1000)]])
          assert.throws(() => provider.expand(name, new Uint8Array(hashLength[name] - 1), outputs), RangeError)
    })

    test('makes several outputs as it makes each alone, whatever their number, their infos and the length of the key', () => {
      const random = seededRandom('several outputs')
      for (const name of hashNames)
        for (const count of [0, 1, 2, 3, 4, 5, 9, 300])
          for (const longer of [0, 1, 100]) {
            const key = random(hashLength[name] + longer)
            // On both sides of the longest info whose HMAC ends in one block, with its counter and SHA-2's padding.
            const longest = name === 'SHA-256' ? 54 : 110
            const outputs = Array.from({ length: count }, (_, i) => ({
              info: random(i % (longest + (longer === 0 ? 1 : 4))),
              length: (i * 7) % (hashLength[name] + 1),
            }))
            const alone = outputs.map(({ info, length }) =>
              provider.hmac(name, key, concat(info, Uint8Array.of(1))).slice(0, length),
            )
            assert.deepEqual(provider.expand(name, key, outputs), alone)
          }
    })

    test('returns outputs that are nobody else’s', () => {
      const outputs = provider.expand('SHA-256', new Uint8Array(32), [outputOf(32), outputOf(12)])
      for (const output of outputs) assert.equal(output.buffer.byteLength, output.length, 'a window into shared memory')
    })
  })
}

function outputOf(length: number): Expansion {
  return { info: new Uint8Array(0), length }
}

const long = 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'

// NIST's examples for FIPS 180-4, and the digests of nothing.
const fips180: readonly (readonly [HashName, string, string])[] = [
  ['SHA-256', '', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['SHA-256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['SHA-256', long, '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'],
  ['SHA-256', 'a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
  ['SHA-384', '', '38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b'],
  [
    'SHA-384',
    'abc',
    'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  ],
  [
    'SHA-512',
    '',
    'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
  ],
  [
    'SHA-512',
    'abc',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  ],
]

// RFC 4231 §4.2 to §4.8. Case 5 compares the first 128 bits only.
const rfc4231: readonly (Readonly<Record<HashName, string>> & { readonly key: string; readonly data: string })[] = [
  {
    key: '0b'.repeat(20),
    data: '4869205468657265',
    'SHA-256': 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    'SHA-384': 'afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6',
    'SHA-512':
      '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854',
  },
  {
    key: '4a656665',
    data: '7768617420646f2079612077616e7420666f72206e6f7468696e673f',
    'SHA-256': '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    'SHA-384': 'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
    'SHA-512':
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
  },
  {
    key: 'aa'.repeat(20),
    data: 'dd'.repeat(50),
    'SHA-256': '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe',
    'SHA-384': '88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27',
    'SHA-512':
      'fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb',
  },
  {
    key: '0c'.repeat(20),
    data: '546573742057697468205472756e636174696f6e',
    'SHA-256': 'a3b6167473100ee06e0c796c2955552b',
    'SHA-384': '3abf34c3503b2a23a46efc619baef897',
    'SHA-512': '415fad6271580a531d4179bc891d87a6',
  },
  {
    key: 'aa'.repeat(131),
    data: '54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374',
    'SHA-256': '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    'SHA-384': '4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952',
    'SHA-512':
      '80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598',
  },
]

// RFC 5869, appendix A.1 to A.3.
const rfc5869 = [
  {
    input: '0b'.repeat(22),
    salt: '000102030405060708090a0b0c',
    info: 'f0f1f2f3f4f5f6f7f8f9',
    length: 42,
    key: '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5',
    output: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  },
  {
    input: range(0x00, 0x50),
    salt: range(0x60, 0xb0),
    info: range(0xb0, 0x100),
    length: 82,
    key: '06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244',
    output:
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  },
  {
    input: '0b'.repeat(22),
    salt: '',
    info: '',
    length: 42,
    key: '19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04',
    output: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  },
]
