/** Signatures, by RFC 8032, RFC 6979 and RFC 8017: what is signed, and what is refused. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { fromHex, toHex } from '../../../src/bytes/hex.ts'
import { native } from '../../../src/crypto/native/provider.ts'
import type { CryptoProvider, CurveName, PrivateKey, SignatureName } from '../../../src/crypto/provider.ts'
import { ecdsaKeys, ed25519Key, publicKeyOf, rsaKey, rsaKeys, seededRandom } from '../keys.ts'
import { bitFlips, curveNames, orders, utf8 } from './values.ts'

export function eddsa(provider: CryptoProvider): void {
  test(`${provider.name}: Ed25519 signs and verifies the examples of RFC 8032`, () => {
    for (const { seed, publicKey, message, signature } of rfc8032) {
      const key: PrivateKey = { kind: 'ed25519', seed: fromHex(seed), publicKey: fromHex(publicKey) }
      const signed = provider.signingKey(key).sign('Ed25519', fromHex(message), seededRandom('unused'))
      assert.equal(toHex(signed), signature)
      assert.ok(provider.verify('Ed25519', publicKeyOf(key), fromHex(message), signed))
    }
  })

  test(`${provider.name}: Ed25519 refuses s + L, which RFC 8032 §5.1.7 does not allow`, () => {
    const key = ed25519Key()
    const message = utf8('malleable')
    const signature = provider.signingKey(key).sign('Ed25519', message, seededRandom('unused'))
    const s = BigInt(`0x${toHex(signature.slice(32).toReversed())}`)
    const more = s + 2n ** 252n + 27742317777372353535851937790883648493n
    const forged = concat(signature.subarray(0, 32), fromHex(more.toString(16).padStart(64, '0')).toReversed())
    assert.equal(provider.verify('Ed25519', publicKeyOf(key), message, forged), false)
  })

  test(`${provider.name}: Ed25519 refuses keys of small order, under which anybody’s signature holds for one message in eight`, () => {
    for (const key of smallOrder)
      for (const commitment of smallOrder)
        for (let message = 0; message < 8; message++) {
          // s = 0, and k times the key is one of eight points, too.
          const signature = concat(fromHex(commitment), new Uint8Array(32))
          const publicKey = { kind: 'ed25519', publicKey: fromHex(key) } as const
          assert.equal(provider.verify('Ed25519', publicKey, Uint8Array.of(message), signature), false, key)
        }
  })
}

export function ecdsa(provider: CryptoProvider): void {
  test(`${provider.name}: ECDSA verifies the examples of RFC 6979`, () => {
    for (const { curve, point, message, r, s } of rfc6979)
      assert.ok(
        provider.verify(ecdsaScheme[curve], { kind: 'ecdsa', curve, point: fromHex(point) }, utf8(message), der(r, s)),
        `${curve} ${message}`,
      )
  })

  test(`${provider.name}: ECDSA verifies a low and a high s`, () => {
    for (const curve of curveNames) {
      const key = ecdsaKeys[curve]
      const signing = provider.signingKey(key)
      const high = new Set<boolean>()
      for (let i = 0; i < 16; i++) {
        const message = Uint8Array.of(i)
        const signature = signing.sign(ecdsaScheme[curve], message, seededRandom(`s ${i}`))
        const [r, s] = readDer(signature)
        const mirrored = der(r.toString(16), (orders[curve] - s).toString(16))
        high.add(s > orders[curve] / 2n)
        assert.ok(provider.verify(ecdsaScheme[curve], publicKeyOf(key), message, signature))
        assert.ok(provider.verify(ecdsaScheme[curve], publicKeyOf(key), message, mirrored))
      }
      // Both kinds come out too: nothing normalizes s, as nothing in TLS does. OpenSSL's nonces are not ours to seed.
      assert.ok(high.size === 2 || provider.name === 'native', `${curve}: every s was of one kind`)
    }
  })

  test(`${provider.name}: ECDSA never repeats a nonce, not even with a random source that does`, () => {
    for (const curve of curveNames) {
      const signing = provider.signingKey(ecdsaKeys[curve])
      const nonces = new Set<bigint>()
      for (let i = 0; i < 8; i++)
        nonces.add(readDer(signing.sign(ecdsaScheme[curve], Uint8Array.of(i), (length) => new Uint8Array(length)))[0])
      assert.equal(nonces.size, 8)
    }
  })

  test(`${provider.name}: ECDSA refuses public points that are compressed, off the curve, or of the other curve`, () => {
    for (const curve of curveNames) {
      const key = ecdsaKeys[curve]
      const message = utf8('point')
      const signature = provider.signingKey(key).sign(ecdsaScheme[curve], message, seededRandom('point'))
      const half = (key.point.length - 1) / 2
      const compressed = concat(Uint8Array.of(2 + ((key.point.at(-1) as number) & 1)), key.point.subarray(1, 1 + half))
      const off = Uint8Array.from(key.point)
      off[off.length - 1] = (off.at(-1) as number) ^ 1
      const others = [compressed, off, new Uint8Array(0), new Uint8Array(key.point.length), key.point.subarray(1)]
      for (const point of others)
        assert.equal(provider.verify(ecdsaScheme[curve], { kind: 'ecdsa', curve, point }, message, signature), false)
      const strange = curve === 'P-256' ? 'P-384' : 'P-256'
      assert.equal(
        provider.verify(ecdsaScheme[curve], publicKeyOf(ecdsaKeys[strange]), message, signature),
        false,
        'a scheme of the other curve',
      )
    }
  })
}

export function rsa(provider: CryptoProvider): void {
  test(`${provider.name}: RSA with PKCS #1 v1.5 makes the one signature there is, whatever the random source says`, () => {
    const key = rsaKey('2048')
    for (const scheme of ['RSA-PKCS1-SHA256', 'RSA-PKCS1-SHA384', 'RSA-PKCS1-SHA512'] as const) {
      const openssl = native.signingKey(key).sign(scheme, utf8('one'), seededRandom('openssl'))
      for (const seed of ['a', 'b'])
        assert.equal(toHex(provider.signingKey(key).sign(scheme, utf8('one'), seededRandom(seed))), toHex(openssl))
    }
  })

  test(`${provider.name}: RSA makes another PSS signature each time`, () => {
    const signing = provider.signingKey(rsaKey('2048'))
    const random = seededRandom('salts')
    const made = Array.from({ length: 3 }, () => toHex(signing.sign('RSA-PSS-SHA256', utf8('same'), random)))
    assert.equal(new Set(made).size, 3)
  })

  test(`${provider.name}: RSA refuses s + n, moduli of odd shape and silly exponents`, () => {
    const key = rsaKey('2048')
    const message = utf8('numbers')
    const signature = provider.signingKey(key).sign('RSA-PSS-SHA256', message, seededRandom('numbers'))
    const { n, e } = key
    const verify = (n: Uint8Array, e: Uint8Array, signature: Uint8Array): boolean =>
      provider.verify('RSA-PSS-SHA256', { kind: 'rsa', n, e }, message, signature)
    assert.ok(verify(n, e, signature))
    assert.ok(verify(concat(new Uint8Array(1), n), concat(new Uint8Array(2), e), signature), 'zeros in front')
    const sum = BigInt(`0x${toHex(signature)}`) + BigInt(`0x${toHex(n)}`)
    const written = fromHex(sum.toString(16).padStart(Math.ceil(sum.toString(16).length / 2) * 2, '0'))
    assert.equal(verify(n, e, written), false)
    for (const exponent of ['', '00', '01', '02', '010000', '0200000001', 'ff'.repeat(256)])
      assert.equal(verify(n, fromHex(exponent), signature), false, exponent)
    const even = Uint8Array.from(n)
    even[255] = (even[255] as number) & 0xfe
    for (const modulus of [
      even,
      new Uint8Array(0),
      new Uint8Array(256),
      n.slice(0, 64),
      new Uint8Array(1025).fill(0xff),
    ])
      assert.equal(verify(modulus, e, signature), false)
  })

  test(`${provider.name}: RSA signs by no scheme of another key`, () => {
    const signing = provider.signingKey(rsaKey('2048'))
    for (const scheme of ['Ed25519', 'ECDSA-P256-SHA256'] as const)
      assert.throws(() => signing.sign(scheme, new Uint8Array(1), seededRandom('no')), /cannot sign/)
  })

  for (const name of Object.keys(rsaKeys))
    test(`${provider.name}: RSA of ${name} bits signs and verifies with every hash`, () => {
      const key = rsaKey(name)
      const signing = provider.signingKey(key)
      for (const scheme of ['RSA-PSS-SHA256', 'RSA-PSS-SHA384', 'RSA-PSS-SHA512'] as const) {
        const signature = signing.sign(scheme, utf8(name), seededRandom(name))
        assert.equal(signature.length, key.n.length)
        assert.ok(provider.verify(scheme, publicKeyOf(key), utf8(name), signature))
      }
    })
}

export function signatures(provider: CryptoProvider, other: CryptoProvider): void {
  const keys: readonly PrivateKey[] = [
    ecdsaKeys['P-256'],
    ecdsaKeys['P-384'],
    ed25519Key(),
    ...Object.keys(rsaKeys).map((name) => rsaKey(name)),
  ]
  describe(`${provider.name}: signatures`, () => {
    test('are verified by the other provider, and the other’s by this one', () => {
      for (const key of keys) {
        const [ours, theirs] = [provider.signingKey(key), other.signingKey(key)]
        assert.deepEqual(ours.schemes, theirs.schemes)
        assert.ok(ours.schemes.length > 0)
        const random = seededRandom('cross')
        for (const scheme of ours.schemes)
          for (const message of [new Uint8Array(0), utf8('cross'), random(3000)]) {
            const [one, two] = [ours.sign(scheme, message, random), theirs.sign(scheme, message, random)]
            assert.ok(other.verify(scheme, publicKeyOf(key), message, one), `${scheme} by ${provider.name}`)
            assert.ok(provider.verify(scheme, publicKeyOf(key), message, two), `${scheme} by ${other.name}`)
          }
      }
    })

    test('are refused with a bit flipped in signature or message, cut short, or lengthened', () => {
      for (const key of [ecdsaKeys['P-256'], ecdsaKeys['P-384'], ed25519Key(), rsaKey('2048')]) {
        const signing = provider.signingKey(key)
        const scheme = signing.schemes[0] as SignatureName
        const message = utf8('a bit')
        const signature = signing.sign(scheme, message, seededRandom('bits'))
        const refuses = (message: Uint8Array, signature: Uint8Array): void =>
          assert.equal(provider.verify(scheme, publicKeyOf(key), message, signature), false)
        assert.ok(provider.verify(scheme, publicKeyOf(key), message, signature))
        for (const [i, flipped] of [...bitFlips(signature)].entries()) if (i % 5 === 0) refuses(message, flipped)
        for (const [i, flipped] of [...bitFlips(message)].entries()) if (i % 5 === 0) refuses(flipped, signature)
        for (const length of [0, 1, 2, 32, signature.length - 1]) refuses(message, signature.slice(0, length))
        refuses(message, concat(signature, Uint8Array.of(0)))
        refuses(message, concat(Uint8Array.of(0), signature))
        refuses(message, new Uint8Array(signature.length))
        refuses(message, new Uint8Array(signature.length).fill(0xff))
      }
    })

    test('of ECDSA are verified where curve and hash do not go together, as certificates have them', () => {
      for (const [curve, scheme, r, s] of otherHashes) {
        const key = publicKeyOf(ecdsaKeys[curve])
        const signature = der(r, s)
        assert.ok(provider.verify(scheme, key, utf8('sample'), signature), scheme)
        for (const wrong of schemes.filter((name) => name !== scheme))
          assert.equal(provider.verify(wrong, key, utf8('sample'), signature), false, `${scheme} as ${wrong}`)
        assert.equal(provider.verify(scheme, key, utf8('Sample'), signature), false, scheme)
      }
    })

    test('are refused under every scheme but their own, and under every other key', () => {
      const messages = utf8('schemes')
      for (const key of [ecdsaKeys['P-256'], ecdsaKeys['P-384'], ed25519Key(), rsaKey('2048')]) {
        const signing = provider.signingKey(key)
        for (const scheme of signing.schemes) {
          const signature = signing.sign(scheme, messages, seededRandom('schemes'))
          for (const wrong of schemes.filter((name) => name !== scheme))
            assert.equal(provider.verify(wrong, publicKeyOf(key), messages, signature), false, `${scheme} as ${wrong}`)
          for (const stranger of keys.filter((one) => one !== key && one.kind !== key.kind))
            assert.equal(provider.verify(scheme, publicKeyOf(stranger), messages, signature), false)
        }
        for (const wrong of schemes.filter((name) => !signing.schemes.includes(name)))
          assert.throws(() => signing.sign(wrong, messages, seededRandom('schemes')), /cannot sign/)
      }
    })
  })
}

/** ECDSA-Sig-Value of two hex numbers. */
function der(r: string, s: string): Uint8Array {
  const body = concat(integer(r), integer(s))
  return concat(Uint8Array.of(0x30, body.length), body)
}

function integer(hex: string): Uint8Array {
  const digits = BigInt(`0x${hex}`).toString(16)
  const bytes = fromHex(digits.length % 2 === 0 ? digits : `0${digits}`)
  const signed = (bytes[0] as number) >= 0x80 ? concat(Uint8Array.of(0), bytes) : bytes
  return concat(Uint8Array.of(2, signed.length), signed)
}

function readDer(signature: Uint8Array): readonly [bigint, bigint] {
  const length = signature[3] as number
  assert.deepEqual([...signature.subarray(0, 3)], [0x30, signature.length - 2, 2])
  assert.equal(signature[4 + length], 2)
  return [BigInt(`0x${toHex(signature.subarray(4, 4 + length))}`), BigInt(`0x${toHex(signature.subarray(6 + length))}`)]
}

const schemes = [
  'ECDSA-P256-SHA256',
  'ECDSA-P384-SHA384',
  'ECDSA-P256-SHA384',
  'ECDSA-P256-SHA512',
  'ECDSA-P384-SHA256',
  'ECDSA-P384-SHA512',
  'Ed25519',
  'RSA-PSS-SHA256',
  'RSA-PSS-SHA384',
  'RSA-PSS-SHA512',
  'RSA-PKCS1-SHA256',
  'RSA-PKCS1-SHA384',
  'RSA-PKCS1-SHA512',
] as const satisfies SignatureName[]

// RFC 6979 appendix A.2.5 and A.2.6, message "sample", under the other hashes: curve, scheme, r, s.
const otherHashes = [
  [
    'P-256',
    'ECDSA-P256-SHA384',
    '0eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef7719',
    '4861f0491e6998b9455193e34e7b0d284ddd7149a74b95b9261f13abde940954',
  ],
  [
    'P-256',
    'ECDSA-P256-SHA512',
    '8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00',
    '2362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe',
  ],
  [
    'P-384',
    'ECDSA-P384-SHA256',
    '21b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33bde1e888e63355d92fa2b3c36d8fb2cd',
    'f3aa443fb107745bf4bd77cb3891674632068a10ca67e3d45db2266fa7d1feebefdc63eccd1ac42ec0cb8668a4fa0ab0',
  ],
  [
    'P-384',
    'ECDSA-P384-SHA512',
    'ed0959d5880ab2d869ae7f6c2915c6d60f96507f9cb3e047c0046861da4a799cfe30f35cc900056d7c99cd7882433709',
    '512c8cceee3890a84058ce1e22dbc2198f42323ce8aca9135329f03c068e5112dc7cc3ef3446defceb01a45c2667fdd5',
  ],
] as const

const ecdsaScheme = { 'P-256': 'ECDSA-P256-SHA256', 'P-384': 'ECDSA-P384-SHA384' } as const

/** The points of edwards25519 whose order divides 8, and two that are written as RFC 8032 §5.1.3 does not allow. */
const smallOrder = [
  `01${'00'.repeat(31)}`,
  `ec${'ff'.repeat(30)}7f`,
  '00'.repeat(32),
  `${'00'.repeat(31)}80`,
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  `01${'00'.repeat(30)}80`,
  `ee${'ff'.repeat(30)}7f`,
]

// RFC 8032 §7.1.
const rfc8032 = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
]

// RFC 6979 appendix A.2.5 and A.2.6.
const rfc6979Points = {
  'P-256':
    '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
  'P-384':
    '04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720',
} as const

const rfc6979: readonly {
  readonly curve: CurveName
  readonly point: string
  readonly message: string
  readonly r: string
  readonly s: string
}[] = [
  {
    curve: 'P-256',
    point: rfc6979Points['P-256'],
    message: 'sample',
    r: 'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716',
    s: 'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
  },
  {
    curve: 'P-256',
    point: rfc6979Points['P-256'],
    message: 'test',
    r: 'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367',
    s: '019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
  },
  {
    curve: 'P-384',
    point: rfc6979Points['P-384'],
    message: 'sample',
    r: '94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46',
    s: '99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8',
  },
  {
    curve: 'P-384',
    point: rfc6979Points['P-384'],
    message: 'test',
    r: '8203b63d3c853e8d77227fb377bcf7b7b772e97892a80f36ab775d509d7a5feb0542a7f0812998da8f1dd3ca3cf023db',
    s: 'ddd0760448d42d8a43af45af836fce4de8be06b485e9b61b827c2f13173923e06a739f040649a667bf3b828246baa5a5',
  },
]
