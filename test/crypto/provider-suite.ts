/**
 * What every CryptoProvider must do, told once and run against each. `other` is another provider: what one signs or
 * agrees on, the other must accept, and what one refuses, so must the other.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { concat } from '../../src/bytes/arrays.ts'
import { fromHex, toHex } from '../../src/bytes/hex.ts'
import { expand, extract } from '../../src/crypto/hkdf.ts'
import { scalarLength } from '../../src/crypto/key-check.ts'
import { native } from '../../src/crypto/native/provider.ts'
import {
  aeadKeyLength,
  hashLength,
  maxAeadLength,
  nonceLength,
  tagLength,
  type AeadName,
  type CryptoProvider,
  type CurveName,
  type GroupName,
  type HashName,
  type PrivateKey,
  type SignatureName,
} from '../../src/crypto/provider.ts'
import { ecdsaKeys, ed25519Key, publicKeyOf, rsaKey, rsaKeys, seededRandom } from './keys.ts'
import { wycheproof } from './wycheproof.ts'

export function providerSuite(provider: CryptoProvider, other: CryptoProvider): void {
  hashes(provider)
  hkdf(provider)
  aeads(provider, other)
  x25519(provider)
  for (const curve of curveNames) nistCurve(provider, curve)
  hybrids(provider)
  exchanges(provider, other)
  eddsa(provider)
  ecdsa(provider)
  rsa(provider)
  signatures(provider, other)
  privateKeys(provider)
  wycheproof(provider)
}

function hashes(provider: CryptoProvider): void {
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

function hkdf(provider: CryptoProvider): void {
  describe(`${provider.name}: HKDF`, () => {
    test('follows the examples of RFC 5869', () => {
      for (const { input, salt, info, length, key, output } of rfc5869) {
        const extracted = extract(provider, 'SHA-256', fromHex(salt), fromHex(input))
        assert.equal(toHex(extracted), key)
        assert.equal(toHex(expand(provider, 'SHA-256', extracted, fromHex(info), length)), output)
      }
    })

    test('gives 0 to 255 blocks, and refuses more', () => {
      for (const name of hashNames) {
        const key = new Uint8Array(hashLength[name])
        assert.equal(expand(provider, name, key, new Uint8Array(0), 0).length, 0)
        const most = 255 * hashLength[name]
        assert.equal(expand(provider, name, key, new Uint8Array(0), most).length, most)
        assert.throws(() => expand(provider, name, key, new Uint8Array(0), most + 1), RangeError)
      }
    })
  })
}

function aeads(provider: CryptoProvider, other: CryptoProvider): void {
  describe(`${provider.name}: AEAD`, () => {
    test('seals and opens the examples of RFC 8439 and of the GCM specification', () => {
      for (const { name, key, nonce, aad, plaintext, sealed } of aeadExamples) {
        const aead = provider.aead(name, fromHex(key))
        assert.equal(toHex(aead.seal(fromHex(nonce), fromHex(aad), fromHex(plaintext))), sealed)
        assert.equal(toHex(aead.open(fromHex(nonce), fromHex(aad), fromHex(sealed)) ?? new Uint8Array(1)), plaintext)
      }
    })

    test('agrees with the other provider at every length around the block sizes, on unaligned views too', () => {
      const random = seededRandom('lengths')
      for (const name of aeadNames) {
        const key = random(aeadKeyLength[name])
        const [ours, theirs] = [provider.aead(name, key), other.aead(name, key)]
        for (const length of [
          ...Array.from({ length: 70 }, (_, i) => i),
          127,
          128,
          129,
          255,
          256,
          257,
          1000,
          16384,
          16401,
        ]) {
          const nonce = random(nonceLength)
          const aad = random(length % 40)
          const plaintext = random(length + 3)
            .subarray(length % 4)
            .subarray(0, length)
          const sealed = ours.seal(nonce, aad, plaintext)
          assert.equal(sealed.length, plaintext.length + tagLength)
          assert.deepEqual(sealed, theirs.seal(nonce, aad, plaintext), `${name}, ${length} bytes`)
          const inPlace = concat(Uint8Array.of(7, 7, 7), plaintext, new Uint8Array(tagLength), Uint8Array.of(7))
          ours.sealInPlace(nonce, aad, inPlace.subarray(3, -1))
          assert.deepEqual(inPlace, concat(Uint8Array.of(7, 7, 7), sealed, Uint8Array.of(7)), 'and nothing beside it')
          const shifted = concat(new Uint8Array(1), sealed).subarray(1)
          assert.deepEqual(ours.open(nonce, aad, shifted), Uint8Array.from(plaintext))
        }
      }
    })

    test('refuses every single bit flipped, in tag, ciphertext, nonce and additional data', () => {
      const random = seededRandom('flips')
      for (const name of aeadNames) {
        const aead = provider.aead(name, random(aeadKeyLength[name]))
        const [nonce, aad, plaintext] = [random(nonceLength), random(5), random(19)]
        const sealed = aead.seal(nonce, aad, plaintext)
        for (const flipped of bitFlips(sealed)) assert.equal(aead.open(nonce, aad, flipped), undefined)
        for (const flipped of bitFlips(nonce)) assert.equal(aead.open(flipped, aad, sealed), undefined)
        for (const flipped of bitFlips(aad)) assert.equal(aead.open(nonce, flipped, sealed), undefined)
        assert.deepEqual(aead.open(nonce, aad, sealed), plaintext, 'still opens the true one')
      }
    })

    test('refuses a ciphertext cut short at every byte, or one byte longer', () => {
      const random = seededRandom('cuts')
      for (const name of aeadNames) {
        const aead = provider.aead(name, random(aeadKeyLength[name]))
        const [nonce, aad] = [random(nonceLength), random(5)]
        const sealed = aead.seal(nonce, aad, random(20))
        for (let length = 0; length < sealed.length; length++)
          assert.equal(aead.open(nonce, aad, sealed.slice(0, length)), undefined)
        assert.equal(aead.open(nonce, aad, concat(sealed, new Uint8Array(1))), undefined)
      }
    })

    test('throws RangeError for keys and nonces of other lengths, and does not quote them', () => {
      for (const name of aeadNames) {
        for (const length of [0, 15, 16, 17, 24, 31, 32, 33, 64].filter((length) => length !== aeadKeyLength[name]))
          assertRefusal(() => provider.aead(name, new Uint8Array(length).fill(0xa5)), /a5a5|165,165/, RangeError)
        const aead = provider.aead(name, new Uint8Array(aeadKeyLength[name]))
        for (const length of [0, 8, 11, 13, 16]) {
          const nonce = new Uint8Array(length)
          assert.throws(() => aead.seal(nonce, nonce, nonce), RangeError)
          assert.throws(() => aead.sealInPlace(nonce, nonce, new Uint8Array(32)), RangeError)
          assert.throws(() => aead.open(nonce, nonce, new Uint8Array(32)), RangeError)
        }
        const short = new Uint8Array(tagLength - 1)
        assert.throws(() => aead.sealInPlace(new Uint8Array(nonceLength), short, short), RangeError)
      }
    })

    test('takes 64 KiB of text and of additional data, and not one byte more', () => {
      const [most, more] = [new Uint8Array(maxAeadLength).fill(1), new Uint8Array(maxAeadLength + 1)]
      for (const name of aeadNames) {
        const key = new Uint8Array(aeadKeyLength[name])
        const [aead, nonce] = [provider.aead(name, key), new Uint8Array(nonceLength)]
        const sealed = aead.seal(nonce, most, most)
        assert.deepEqual(sealed, other.aead(name, key).seal(nonce, most, most))
        assert.deepEqual(aead.open(nonce, most, sealed), most)
        assert.throws(() => aead.seal(nonce, most, more), RangeError)
        assert.throws(() => aead.seal(nonce, more, most), RangeError)
        assert.throws(() => aead.open(nonce, more, sealed), RangeError)
        assert.equal(aead.open(nonce, most, concat(more, sealed)), undefined, 'a peer’s doing, so no error')
      }
    })

    test('keeps its own copy of the key, and changes none of its inputs', () => {
      for (const name of aeadNames) {
        const key = new Uint8Array(aeadKeyLength[name]).fill(1)
        const aead = provider.aead(name, key)
        const [nonce, aad, plaintext] = [
          new Uint8Array(12).fill(2),
          new Uint8Array(5).fill(3),
          new Uint8Array(33).fill(4),
        ]
        const sealed = aead.seal(nonce, aad, plaintext)
        key.fill(9)
        assert.deepEqual(aead.seal(nonce, aad, plaintext), sealed)
        const kept = Uint8Array.from(sealed)
        aead.open(nonce, aad, sealed)
        assert.deepEqual(sealed, kept)
        assert.ok(
          nonce.every((byte) => byte === 2) && aad.every((byte) => byte === 3) && plaintext.every((byte) => byte === 4),
        )
        assert.equal(sealed.buffer.byteLength, sealed.length, 'a window into a shared pool')
      }
    })

    test('does nothing more once wiped: it does not seal with a key of zeros', () => {
      for (const name of aeadNames) {
        const aead = provider.aead(name, new Uint8Array(aeadKeyLength[name]).fill(1))
        const nonce = new Uint8Array(nonceLength)
        const sealed = aead.seal(nonce, nonce, nonce)
        aead.wipe()
        aead.wipe()
        assert.throws(() => aead.seal(nonce, nonce, nonce), /wiped/)
        assert.throws(() => aead.open(nonce, nonce, sealed), /wiped/)
      }
    })

    test('gives two objects of one key that do not wipe each other', () => {
      for (const name of aeadNames) {
        const key = new Uint8Array(aeadKeyLength[name]).fill(1)
        const [one, two] = [provider.aead(name, key), provider.aead(name, key)]
        const nonce = new Uint8Array(nonceLength)
        const sealed = one.seal(nonce, nonce, nonce)
        one.wipe()
        assert.deepEqual(two.open(nonce, nonce, sealed), nonce)
      }
    })
  })
}

function x25519(provider: CryptoProvider): void {
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

function nistCurve(provider: CryptoProvider, curve: CurveName): void {
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

function hybrids(provider: CryptoProvider): void {
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

function exchanges(provider: CryptoProvider, other: CryptoProvider): void {
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

function eddsa(provider: CryptoProvider): void {
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
}

function ecdsa(provider: CryptoProvider): void {
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

function rsa(provider: CryptoProvider): void {
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

function signatures(provider: CryptoProvider, other: CryptoProvider): void {
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

function privateKeys(provider: CryptoProvider): void {
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

/** Asserts that it throws, and that neither message, stack, cause nor any other field says what must not be said. */
function assertRefusal(act: () => unknown, secret: RegExp, kind: new (message: string) => Error = Error): void {
  let thrown: unknown
  try {
    act()
  } catch (error) {
    thrown = error
  }
  assert.ok(thrown instanceof kind, `expected a ${kind.name}`)
  const fields = Object.getOwnPropertyNames(thrown).map((name) =>
    String((thrown as unknown as Record<string, unknown>)[name]),
  )
  assert.doesNotMatch([thrown.message, thrown.stack ?? '', ...fields].join('\n'), secret)
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

function* bitFlips(bytes: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Uint8Array.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    yield flipped
  }
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

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

const hashNames = ['SHA-256', 'SHA-384', 'SHA-512'] as const satisfies HashName[]
const aeadNames = ['AES-128-GCM', 'AES-256-GCM', 'ChaCha20-Poly1305'] as const satisfies AeadName[]
const curveNames = ['P-256', 'P-384'] as const satisfies CurveName[]
const ecdsaScheme = { 'P-256': 'ECDSA-P256-SHA256', 'P-384': 'ECDSA-P384-SHA384' } as const
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

const orders = {
  'P-256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  'P-384': 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
} as const

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

const badScalars: Readonly<Record<CurveName, readonly string[]>> = {
  'P-256': ['00'.repeat(32), orders['P-256'].toString(16), 'ff'.repeat(32), '01', '', `00${'11'.repeat(32)}`],
  'P-384': ['00'.repeat(48), orders['P-384'].toString(16), 'ff'.repeat(48), '01', '', `00${'11'.repeat(48)}`],
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

function range(from: number, to: number): string {
  return toHex(Uint8Array.from({ length: to - from }, (_, i) => from + i))
}

// McGrew & Viega, "The Galois/Counter Mode of Operation", appendix B, cases 1, 2, 4, 13 and 16; RFC 8439 §2.8.2.
const gcmText =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39'
const aeadExamples: readonly (Readonly<Record<'key' | 'nonce' | 'aad' | 'plaintext' | 'sealed', string>> & {
  readonly name: AeadName
})[] = [
  {
    name: 'AES-128-GCM',
    key: '00'.repeat(16),
    nonce: '00'.repeat(12),
    aad: '',
    plaintext: '',
    sealed: '58e2fccefa7e3061367f1d57a4e7455a',
  },
  {
    name: 'AES-128-GCM',
    key: '00'.repeat(16),
    nonce: '00'.repeat(12),
    aad: '',
    plaintext: '00'.repeat(16),
    sealed: '0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf',
  },
  {
    name: 'AES-128-GCM',
    key: 'feffe9928665731c6d6a8f9467308308',
    nonce: 'cafebabefacedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plaintext: gcmText,
    sealed:
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e0915bc94fbc3221a5db94fae95ae7121a47',
  },
  {
    name: 'AES-256-GCM',
    key: '00'.repeat(32),
    nonce: '00'.repeat(12),
    aad: '',
    plaintext: '',
    sealed: '530f8afbc74536b9a963b4f1c4cb738b',
  },
  {
    name: 'AES-256-GCM',
    key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
    nonce: 'cafebabefacedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plaintext: gcmText,
    sealed:
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
  },
  {
    name: 'ChaCha20-Poly1305',
    key: range(0x80, 0xa0),
    nonce: '070000004041424344454647',
    aad: '50515253c0c1c2c3c4c5c6c7',
    plaintext: toHex(
      utf8(
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
      ),
    ),
    sealed:
      'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691',
  },
]

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
