/** AEADs, by RFC 8439 and the GCM specification, at every length around the block sizes. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { fromHex, toHex } from '../../../src/bytes/hex.ts'
import {
  aeadKeyLength,
  maxAeadLength,
  nonceLength,
  tagLength,
  type AeadName,
  type CryptoProvider,
} from '../../../src/crypto/provider.ts'
import { seededRandom } from '../keys.ts'
import { assertRefusal, bitFlips, range, utf8 } from './values.ts'

export function aeads(provider: CryptoProvider, other: CryptoProvider): void {
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
        for (const length of lengths) {
          const nonce = random(nonceLength)
          const aad = random(length % 40)
          const plaintext = random(length + 3)
            .subarray(length % 4)
            .subarray(0, length)
          const sealed = ours.seal(nonce, aad, plaintext)
          assert.equal(sealed.length, plaintext.length + tagLength)
          assert.deepEqual(sealed, theirs.seal(nonce, aad, plaintext), `${name}, ${length} bytes`)
          for (const cut of new Set([0, length >> 1, length - 1, length].filter((at) => at >= 0))) {
            const room = new Uint8Array(sealed.length + 4).fill(7)
            ours.sealInto(room.subarray(3, -1), nonce, aad, plaintext.subarray(0, cut), plaintext.subarray(cut))
            assert.deepEqual(room, concat(sevens, sealed, Uint8Array.of(7)), 'from two parts, and nothing beside it')
          }
          const shifted = concat(new Uint8Array(1), sealed).subarray(1)
          assert.deepEqual(ours.open(nonce, aad, shifted), Uint8Array.from(plaintext))
          const room = new Uint8Array(length + 4).fill(7)
          assert.ok(ours.openInto(room.subarray(3, -1), nonce, aad, shifted))
          assert.deepEqual(room, concat(sevens, plaintext, Uint8Array.of(7)), 'and nothing beside it')
        }
      }
    })

    test('agrees with the other provider on every length from 0 to 300, of text and of additional data', () => {
      const random = seededRandom('every length')
      for (const name of aeadNames) {
        const key = random(aeadKeyLength[name])
        const [ours, theirs] = [provider.aead(name, key), other.aead(name, key)]
        for (let length = 0; length <= 300; length++) {
          // 11 and 301 have no divisor in common: each length of the one meets another of the other.
          const [nonce, aad, plaintext] = [random(nonceLength), random((length * 11) % 301), random(length)]
          const sealed = ours.seal(nonce, aad, plaintext)
          assert.deepEqual(sealed, theirs.seal(nonce, aad, plaintext), `${name}, ${length} and ${aad.length} bytes`)
          assert.deepEqual(ours.open(nonce, aad, sealed), plaintext)
        }
      }
    })

    test('agrees with the other provider on ciphertexts of ones alone, which fill every limb', () => {
      const random = seededRandom('ones')
      for (const name of aeadNames)
        for (const length of lengths) {
          const [key, nonce, aad] = [random(aeadKeyLength[name]), random(nonceLength), new Uint8Array(16).fill(0xff)]
          const keystream = other.aead(name, key).seal(nonce, aad, new Uint8Array(length)).subarray(0, length)
          const plaintext = keystream.map((byte) => byte ^ 0xff)
          const sealed = provider.aead(name, key).seal(nonce, aad, plaintext)
          assert.deepEqual(sealed, other.aead(name, key).seal(nonce, aad, plaintext), `${name}, ${length} bytes`)
          assert.ok(sealed.subarray(0, length).every((byte) => byte === 0xff))
        }
    })

    test('refuses every single bit flipped, in tag, ciphertext, nonce and additional data', () => {
      const random = seededRandom('flips')
      for (const name of aeadNames) {
        const aead = provider.aead(name, random(aeadKeyLength[name]))
        const [nonce, aad, plaintext] = [random(nonceLength), random(5), random(19)]
        const sealed = aead.seal(nonce, aad, plaintext)
        const target = new Uint8Array(plaintext.length).fill(7)
        for (const flipped of bitFlips(sealed)) {
          assert.equal(aead.open(nonce, aad, flipped), undefined)
          assert.equal(aead.openInto(target, nonce, aad, flipped), false)
        }
        assert.ok(
          target.every((byte) => byte === 7),
          'and leaves nothing of what it deciphered',
        )
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
          assert.throws(() => aead.sealInto(new Uint8Array(16), nonce, nonce, nothing, nothing), RangeError)
          assert.throws(() => aead.open(nonce, nonce, new Uint8Array(32)), RangeError)
          assert.throws(() => aead.openInto(new Uint8Array(16), nonce, nonce, new Uint8Array(32)), RangeError)
        }
      }
    })

    test('throws RangeError where the memory that it is given is not as long as what goes there', () => {
      for (const name of aeadNames) {
        const aead = provider.aead(name, new Uint8Array(aeadKeyLength[name]))
        const [nonce, text] = [new Uint8Array(nonceLength), new Uint8Array(20)]
        const sealed = aead.seal(nonce, text, text)
        for (const length of [0, 15, 19, 21, 35, 36, 38, 1000]) {
          const target = new Uint8Array(length)
          assert.throws(() => aead.sealInto(target, nonce, text, text, Uint8Array.of(1)), RangeError)
          assert.throws(() => aead.openInto(target, nonce, text, sealed), RangeError)
          assert.ok(target.every((byte) => byte === 0))
        }
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
        assert.throws(
          () => aead.sealInto(new Uint8Array(more.length + tagLength), nonce, most, most, Uint8Array.of(1)),
          RangeError,
        )
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
        assert.throws(() => aead.openInto(nonce, nonce, nonce, sealed), /wiped/)
        assert.throws(() => aead.sealInto(sealed, nonce, nonce, nonce, nothing), /wiped/)
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

const nothing = new Uint8Array(0)
const sevens = Uint8Array.of(7, 7, 7)

/** Around blocks, and around the runs of blocks that kernels take together. */
const lengths = [
  ...Array.from({ length: 70 }, (_, i) => i),
  ...[128, 192, 256, 448, 512, 704].flatMap((edge) => [edge - 1, edge, edge + 1]),
  1000,
  16384,
  16401,
]

const aeadNames = ['AES-128-GCM', 'AES-256-GCM', 'ChaCha20-Poly1305'] as const satisfies AeadName[]

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
