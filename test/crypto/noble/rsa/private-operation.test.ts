import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../../../../src/bytes/hex.ts'
import { fromInteger, toInteger } from '../../../../src/crypto/key-check.ts'
import { prepare, privateOperation } from '../../../../src/crypto/noble/rsa/private-operation.ts'
import { rsaKey, rsaKeys, seededRandom } from '../../keys.ts'

test('is the e-th root, for the smallest and the largest messages, whatever blinds it', () => {
  for (const name of Object.keys(rsaKeys)) {
    const raw = rsaKey(name)
    const key = prepare(raw)
    const n = toInteger(raw.n)
    for (const message of [0n, 1n, 2n, n - 1n, toInteger(seededRandom(name)(key.length)) % n]) {
      const encoded = fromInteger(message, key.length)
      const root = privateOperation(key, encoded, seededRandom('one'))
      assert.deepEqual(privateOperation(key, encoded, seededRandom('two')), root)
      assert.equal(power(toInteger(root), toInteger(raw.e), n), message, `${name} bits`)
    }
  }
})

test('blinds each message with randomness of its own', () => {
  const key = prepare(rsaKey('2048'))
  const asked: number[] = []
  const random = seededRandom('asked')
  const counting = (length: number): Uint8Array => (asked.push(length), random(length))
  privateOperation(key, new Uint8Array(256).fill(1), counting)
  assert.deepEqual(asked, [264, 264])
  privateOperation(key, new Uint8Array(256).fill(1), counting)
  assert.equal(asked.length, 4)
})

test('lets no result out that a fault has touched, in either half or where they are joined', () => {
  const raw = rsaKey('2048')
  const key = prepare(raw)
  const faults = [
    { dp: flip(key.dp) },
    { dq: flip(key.dq) },
    { qi: bent(key.qi) },
    { qValue: bent(key.qValue) },
    { p: key.q },
    { q: key.p },
  ]
  for (const fault of faults)
    assert.throws(
      () => privateOperation({ ...key, ...fault }, new Uint8Array(256).fill(1), seededRandom('fault')),
      (error: Error) => {
        assert.match(error.message, /failed its own check/)
        assert.ok(!`${error.message} ${error.stack}`.includes(toHex(raw.p).slice(0, 12)))
        return true
      },
    )
})

test('ends in an error, not in a loop, where the random source gives only zeros', () => {
  const key = prepare(rsaKey('2048'))
  assert.throws(
    () => privateOperation(key, new Uint8Array(256).fill(1), (length) => new Uint8Array(length)),
    /random source/,
  )
})

test('refuses moduli that are too short or too long', () => {
  const key = rsaKey('2048')
  for (const n of [key.n.slice(1), new Uint8Array(1025).fill(0xff)])
    assert.throws(() => prepare({ ...key, n }), /expected 2048 to 8192/)
})

function flip(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, i) => (i === 100 ? byte ^ 1 : byte))
}

function bent(limbs: Float64Array): Float64Array {
  return limbs.map((limb, i) => (i === 7 ? (limb + 1) % 2 ** 21 : limb))
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus
    if (bit === '1') result = (result * base) % modulus
  }
  return result
}
