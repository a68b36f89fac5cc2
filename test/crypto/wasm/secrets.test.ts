/**
 * Whatever a kernel was told or found out in confidence: not eight bytes of it, in either order, stand anywhere in its memory
 * when the operation is over. The other tests of memory look at what has changed; this one looks for what must not be there.
 */
import assert from 'node:assert/strict'
import { createCipheriv, createHash, createHmac } from 'node:crypto'
import { describe, test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { fromInteger, toInteger } from '../../../src/crypto/key-check.ts'
import { noble } from '../../../src/crypto/noble/provider.ts'
import { prepare } from '../../../src/crypto/noble/rsa/private-operation.ts'
import type { CurveName } from '../../../src/crypto/provider.ts'
import { aesGcm, type AesGcm } from '../../../src/crypto/wasm/aes-gcm.ts'
import { ChaCha20Poly1305Cipher, type ChaCha20Poly1305 } from '../../../src/crypto/wasm/chacha20-poly1305.ts'
import { x25519, type Curve25519 } from '../../../src/crypto/wasm/curve25519.ts'
import { ed25519Signer } from '../../../src/crypto/wasm/ed25519.ts'
import { instantiate, type Kernel } from '../../../src/crypto/wasm/kernel.ts'
import { readKernels } from '../../../src/crypto/wasm/load.ts'
import { mlKem768, type MlKem } from '../../../src/crypto/wasm/ml-kem.ts'
import { nistCurve, type NistCurveExports } from '../../../src/crypto/wasm/nist-curve.ts'
import { rsaOperation, type Rsa } from '../../../src/crypto/wasm/rsa.ts'
import { sha2, type Sha2 } from '../../../src/crypto/wasm/sha2.ts'
import { ecdsaKeys, ed25519Key, rsaKey, seededRandom } from '../keys.ts'
import { sealed, unsealed } from './sealed.ts'

const modules = readKernels()
const random = seededRandom('secrets')

describe('of secrets, no kernel keeps eight bytes', () => {
  for (const keyLength of [16, 32])
    test(`AES-GCM with a key of ${keyLength} bytes, once it is wiped`, () => {
      const kernel = instantiate<AesGcm>(modules, 'aes-gcm')
      const [key, nonce, text] = [random(keyLength), random(12), random(100)]
      const cipher = aesGcm(kernel)(key)
      const record = sealed(cipher, nonce, nonce, text)
      const block = (counter: Uint8Array): Uint8Array =>
        createCipheriv(`aes-${8 * keyLength}-ecb`, key, null)
          .setAutoPadding(false)
          .update(counter)
      const secrets = { key, text, stream: xor(text, record), mask: block(concat(nonce, Uint8Array.of(0, 0, 0, 1))) }
      forgets(kernel, secrets)
      assert.deepEqual(unsealed(cipher, nonce, nonce, record), text)
      forgets(kernel, secrets)
      assert.equal(unsealed(cipher, nonce, nonce, record.with(3, 0)), undefined)
      forgets(kernel, secrets)
      cipher.wipe()
      forgets(kernel, { ...secrets, hashKey: block(new Uint8Array(16)) })
    })

  test('ChaCha20-Poly1305', () => {
    const kernel = instantiate<ChaCha20Poly1305>(modules, 'chacha20-poly1305')
    const [key, nonce, text] = [random(32), random(12), random(100)]
    const cipher = new ChaCha20Poly1305Cipher(kernel, key)
    const record = sealed(cipher, nonce, nonce, text)
    // RFC 8439 §2.6: the one-time key of Poly1305 is block 0.
    const oneTimeKey = createCipheriv('chacha20', key, concat(new Uint8Array(4), nonce)).update(new Uint8Array(32))
    const secrets = { key, text, stream: xor(text, record), oneTimeKey }
    forgets(kernel, secrets)
    assert.deepEqual(unsealed(cipher, nonce, nonce, record), text)
    forgets(kernel, secrets)
    assert.equal(unsealed(cipher, nonce, nonce, record.with(3, 0)), undefined)
    forgets(kernel, secrets)
  })

  test('SHA-2 and HMAC, neither of what they read nor of what they say', () => {
    const kernel = instantiate<Sha2>(modules, 'sha2')
    const { hash, hmac } = sha2(kernel)
    for (const name of ['SHA-256', 'SHA-384', 'SHA-512'] as const) {
      const [key, message] = [random(48), random(200)]
      const running = hash(name)
      running.update(message)
      forgets(kernel, { message, digest: running.digest() })
      const mac = hmac(name, key, message)
      const algorithm = name.replace('-', '').toLowerCase()
      assert.deepEqual(mac, Uint8Array.from(createHmac(algorithm, key).update(message).digest()))
      const [inner, outer] = [0x36, 0x5c].map((mask) => key.map((byte) => byte ^ mask)) as [Uint8Array, Uint8Array]
      const filled = concat(inner, new Uint8Array((name === 'SHA-256' ? 64 : 128) - 48).fill(0x36))
      forgets(kernel, { key, message, mac, inner, outer, hashed: digest(algorithm, filled, message) })
    }
  })

  test('X25519', () => {
    const kernel = instantiate<Curve25519>(modules, 'curve25519')
    const exchange = x25519(kernel)
    const { privateKey, share } = exchange.keyPair(random)
    const clamped = privateKey.with(0, (privateKey[0] as number) & 248).with(31, ((privateKey[31] as number) & 63) | 64)
    forgets(kernel, { privateKey, clamped })
    const secret = exchange.sharedSecret(privateKey, share)
    assert.ok(secret !== undefined)
    forgets(kernel, { privateKey, clamped, secret })
    assert.equal(exchange.sharedSecret(privateKey, new Uint8Array(32)), undefined)
    forgets(kernel, { privateKey, clamped })
  })

  test('Ed25519', () => {
    const kernel = instantiate<Curve25519>(modules, 'curve25519')
    const key = ed25519Key()
    const expanded = digest('sha512', key.seed)
    const secrets = { seed: key.seed, scalar: expanded.subarray(0, 32), prefix: expanded.subarray(32) }
    const sign = ed25519Signer(key, kernel, noble)
    forgets(kernel, secrets)
    const message = random(20)
    sign('Ed25519', message, random)
    const hashed = digest('sha512', secrets.prefix, message)
    const nonce = fromInteger(
      toInteger(hashed.toReversed()) % (2n ** 252n + 27742317777372353535851937790883648493n),
      32,
    )
    forgets(kernel, { ...secrets, hashed, nonce })
  })

  for (const [curve, kernelName] of [
    ['P-256', 'p256'],
    ['P-384', 'p384'],
  ] as const satisfies [CurveName, string][])
    test(curve, () => {
      const kernel = instantiate<NistCurveExports>(modules, kernelName)
      const bound = nistCurve(kernel, curve)
      const { exchange } = bound
      const { scalar, point } = ecdsaKeys[curve]
      const seed = random(scalar.length + 8)
      const { privateKey } = exchange.keyPair(() => seed.slice())
      forgets(kernel, { seed, privateKey })
      const secret = exchange.sharedSecret(privateKey, point)
      assert.ok(secret !== undefined)
      forgets(kernel, { privateKey, secret })
      assert.equal(exchange.sharedSecret(privateKey, point.with(9, 1)), undefined)
      forgets(kernel, { privateKey })
      bound.publicKey(scalar)
      forgets(kernel, { scalar })
      const nonce = random(scalar.length)
      assert.ok(bound.sign(scalar, random(scalar.length), nonce) !== undefined)
      forgets(kernel, { scalar, nonce })
      assert.equal(bound.sign(scalar, random(scalar.length), new Uint8Array(scalar.length).fill(0xff)), undefined)
      forgets(kernel, { scalar })
    })

  test('ML-KEM-768, for a ciphertext that is honest and for one that is not', () => {
    const kernel = instantiate<MlKem>(modules, 'ml-kem')
    const exchange = mlKem768(kernel)
    const { privateKey, share } = exchange.keyPair(random)
    // FIPS 203 Algorithm 13: the second half makes the secret vector.
    const noiseSeed = digest('sha3-512', privateKey.subarray(0, 32), Uint8Array.of(3)).subarray(32)
    forgets(kernel, { privateKey, noiseSeed })
    const message = random(32)
    const answer = exchange.respond(share, () => message.slice())
    assert.ok(answer !== undefined)
    // Algorithm 17: the secret, and the coins behind it.
    const committed = digest('sha3-512', message, digest('sha3-256', share))
    assert.deepEqual(committed.subarray(0, 32), answer.secret)
    forgets(kernel, { message, committed })
    exchange.sharedSecret(privateKey, answer.share)
    forgets(kernel, { privateKey, noiseSeed, message, committed })
    const changed = answer.share.with(7, (answer.share[7] as number) ^ 1)
    const rejection = exchange.sharedSecret(privateKey, changed)
    assert.ok(rejection !== undefined)
    forgets(kernel, { privateKey, noiseSeed, message, committed, rejection })
    assert.equal(
      exchange.respond(share.with(0, 0xff).with(1, 0xff), () => message.slice()),
      undefined,
    )
    forgets(kernel, { message })
  })

  test('RSA, in bytes and in limbs, of a key that is sound and of one that is not', () => {
    const kernel = instantiate<Rsa>(modules, 'rsa')
    const raw = rsaKey('2048')
    const message = random(256).with(0, 0)
    const [p, q, qi, m] = [raw.p, raw.q, raw.qi, message].map(toInteger) as [bigint, bigint, bigint, bigint]
    const halves = {
      dp: toInteger(raw.dp),
      dq: toInteger(raw.dq),
      mp: power(m, toInteger(raw.dp), p),
      mq: power(m, toInteger(raw.dq), q),
    }
    const secrets = Object.entries({ p, q, qi, d: toInteger(raw.d), ...halves }).flatMap(([name, number]) => [
      [name, fromInteger(number, 256)],
      [`limbs of ${name}`, limbs(number)],
    ])
    rsaOperation(kernel)(prepare(raw), raw)(message, random)
    forgets(kernel, Object.fromEntries(secrets))
    const faulty = rsaOperation(kernel)(prepare(raw), { ...raw, dp: raw.dp.with(9, 9) })
    assert.throws(() => faulty(message, random))
    forgets(kernel, Object.fromEntries(secrets))
  })

  test('and the search finds what is there: in either order, and one byte behind', () => {
    const kernel = instantiate<Sha2>(modules, 'sha2')
    const secret = random(32)
    forgets(kernel, { secret })
    for (const piece of [secret.subarray(11, 19), secret.subarray(20, 28).toReversed()]) {
      kernel.write(kernel.exports.input + 1, piece)
      assert.throws(() => forgets(kernel, { secret }), /of secret/)
      kernel.wipe(kernel.exports.input + 1, 8)
    }
  })
})

function forgets(kernel: Kernel<object>, secrets: Readonly<Record<string, Uint8Array>>): void {
  const memory = Buffer.from(kernel.memory.buffer)
  for (const [name, secret] of Object.entries(secrets))
    for (let i = 0; i + 8 <= secret.length; i++) {
      const piece = secret.subarray(i, i + 8)
      // Zeros in front of a number are everywhere.
      if (piece.filter((byte) => byte === 0).length > 4) continue
      for (const bytes of [piece, piece.toReversed()]) {
        const at = memory.indexOf(bytes)
        assert.equal(at, -1, `bytes ${i} to ${i + 7} of ${name} are still at ${at}`)
      }
    }
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] as number))
}

function digest(algorithm: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(
    createHash(algorithm)
      .update(concat(...parts))
      .digest(),
  )
}

/** Of 29 bits in 32, as assembly/montgomery.ts has them. */
function limbs(number: bigint): Uint8Array {
  const row = Array.from({ length: 72 }, (_, i) => Number((number >> BigInt(29 * i)) & 0x1fffffffn))
  return new Uint8Array(Uint32Array.from(row).buffer)
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (const bit of exponent.toString(2)) result = (result * result * (bit === '1' ? base : 1n)) % modulus
  return result
}
