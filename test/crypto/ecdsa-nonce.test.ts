import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromHex, toHex } from '../../src/bytes/hex.ts'
import { nonces } from '../../src/crypto/ecdsa-nonce.ts'
import { noble } from '../../src/crypto/noble/provider.ts'
import type { HashName } from '../../src/crypto/provider.ts'

test('without additional randomness, nonces are those of RFC 6979 appendix A.2.5 and A.2.6', () => {
  for (const { hash, key, message, nonce } of rfc6979)
    assert.equal(toHex(first(hash, fromHex(key), digest(hash, message), new Uint8Array(0))), nonce, message)
})

test('key, digest and randomness each make another nonce, and the next candidate is another one too', () => {
  const { hash, key, message } = rfc6979[0]
  const made = [
    first(hash, fromHex(key), digest(hash, message), new Uint8Array(0)),
    first(hash, fromHex(key), digest(hash, 'other'), new Uint8Array(0)),
    first(hash, fromHex(key).toReversed(), digest(hash, message), new Uint8Array(0)),
    first(hash, fromHex(key), digest(hash, message), new Uint8Array(32)),
    first(hash, fromHex(key), digest(hash, message), new Uint8Array(32).fill(1)),
  ]
  const candidates = nonces(noble, hash, fromHex(key), digest(hash, message), new Uint8Array(0))
  candidates.next()
  made.push(candidates.next().value)
  assert.equal(new Set(made.map((nonce) => toHex(nonce))).size, made.length)
})

function first(hash: HashName, key: Uint8Array, digest: Uint8Array, random: Uint8Array): Uint8Array {
  return nonces(noble, hash, key, digest, random).next().value
}

function digest(name: HashName, message: string): Uint8Array {
  const hash = noble.hash(name)
  hash.update(new TextEncoder().encode(message))
  return hash.digest()
}

const keyP256 = 'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721'
const keyP384 = '6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5'
const rfc6979 = [
  {
    hash: 'SHA-256',
    key: keyP256,
    message: 'sample',
    nonce: 'a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60',
  },
  {
    hash: 'SHA-256',
    key: keyP256,
    message: 'test',
    nonce: 'd16b6ae827f17175e040871a1c7ec3500192c4c92677336ec2537acaee0008e0',
  },
  {
    hash: 'SHA-384',
    key: keyP384,
    message: 'sample',
    nonce: '94ed910d1a099dad3254e9242ae85abde4ba15168eaf0ca87a555fd56d10fbca2907e3e83ba95368623b8c4686915cf9',
  },
  {
    hash: 'SHA-384',
    key: keyP384,
    message: 'test',
    nonce: '015ee46a5bf88773ed9123a5ab0807962d193719503c527b031b4c2d225092ada71f4a459bc0da98adb95837db8312ea',
  },
] as const
