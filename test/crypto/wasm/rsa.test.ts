import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromInteger, toInteger } from '../../../src/crypto/key-check.ts'
import { prepare, privateOperation } from '../../../src/crypto/noble/rsa/private-operation.ts'
import { instantiate } from '../../../src/crypto/wasm/kernel.ts'
import { readKernels } from '../../../src/crypto/wasm/load.ts'
import { rsaOperation, rsaPublicOperation, type Rsa } from '../../../src/crypto/wasm/rsa.ts'
import { rsaKey, rsaKeys, seededRandom } from '../keys.ts'

const kernel = instantiate<Rsa>(readKernels(), 'rsa')
const operationOf = rsaOperation(kernel)

for (const name of Object.keys(rsaKeys))
  test(`RSA of ${name} bits: the roots are those of the implementation in JavaScript, at the edges and between`, () => {
    const raw = rsaKey(name)
    const prepared = prepare(raw)
    const operation = operationOf(prepared, raw)
    const [n, p, q] = [toInteger(raw.n), toInteger(raw.p), toInteger(raw.q)]
    const random = seededRandom(`between ${name}`)
    for (const value of [0n, 1n, 2n, n - 1n, n - 2n, p, q, n - p, n - q, toInteger(random(prepared.length)) % n]) {
      const message = fromInteger(value, prepared.length)
      assert.deepEqual(operation(message, random), privateOperation(prepared, message, random))
    }
  })

test('RSA: the roots stay right through many signatures, as pairs that blind are squared and replaced', () => {
  const raw = rsaKey('2048')
  const prepared = prepare(raw)
  const operation = operationOf(prepared, raw)
  const message = seededRandom('same')(255)
  const expected = privateOperation(prepared, message, seededRandom('once'))
  let asked = 0
  const random = seededRandom('blinds')
  const counting = (length: number): Uint8Array => (asked++, random(length))
  for (let i = 0; i < 100; i++) assert.deepEqual(operation(message, counting), expected)
  // Two numbers for a pair, and 32 uses of each.
  assert.equal(asked, 8)
})

test('RSA: lets no result out that a fault has touched, and forgets it', () => {
  const raw = rsaKey('2048')
  const prepared = prepare(raw)
  const message = new Uint8Array(256).fill(1)
  for (const part of ['p', 'q', 'dp', 'dq', 'qi'] as const) {
    const faulty = { ...raw, [part]: raw[part].with(100, (raw[part][100] as number) ^ 4) }
    const operation = operationOf(prepared, faulty)
    assert.throws(() => operation(message, seededRandom('fault')), /failed its own check/, part)
  }
  const sound = operationOf(prepared, raw)
  assert.deepEqual(sound(message, seededRandom('a')), privateOperation(prepared, message, seededRandom('b')))
})

test('RSA: keys whose owner wiped them go on signing', () => {
  const raw = structuredClone(rsaKey('2048'))
  const prepared = prepare(raw)
  const operation = operationOf(prepared, raw)
  for (const part of [raw.d, raw.p, raw.q, raw.dp, raw.dq, raw.qi]) part.fill(0)
  const message = new Uint8Array(256).fill(1)
  assert.deepEqual(operation(message, seededRandom('a')), privateOperation(prepared, message, seededRandom('b')))
})

test('RSA: powers are those of BigInt, of the shortest modulus and the longest, with every bit set, one after the other', () => {
  const operation = rsaPublicOperation(kernel)
  const random = seededRandom('powers')
  for (const bits of [8192, 1024, 8185, 1032, 2048, 3072])
    for (const n of [
      2n ** BigInt(bits) - 1n,
      2n ** BigInt(bits - 1) + 1n,
      toInteger(random(Math.floor(bits / 8))) | 1n,
    ]) {
      const length = Math.ceil(bits / 8)
      for (const value of [0n, 1n, 2n ** BigInt(bits - 2) - 1n, n - 2n, n - 1n, toInteger(random(length))])
        for (const e of [3n, 65537n, 2n ** 33n - 1n])
          assert.equal(toInteger(operation(fromInteger(value % n, length), n, e)), power(value % n, e, n))
    }
})

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (const bit of exponent.toString(2)) result = (result * result * (bit === '1' ? base : 1n)) % modulus
  return result
}
