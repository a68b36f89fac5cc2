/** The limbs against BigInt, which computes the same by another way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bitLength, fromInteger, toInteger } from '../../../../src/crypto/key-check.ts'
import {
  fromBytes,
  limbsFor,
  Modulus,
  multiplyAdd,
  toBytes,
  type Limbs,
} from '../../../../src/crypto/noble/rsa/montgomery.ts'
import { seededRandom } from '../../keys.ts'

const random = seededRandom('montgomery')

test('bytes become limbs and bytes again, at every length', () => {
  for (let length = 0; length < 80; length++)
    for (const bytes of [random(length), new Uint8Array(length).fill(0xff), new Uint8Array(length)]) {
      const limbs = fromBytes(bytes, limbsFor(8 * length) + (length % 3))
      assert.ok(limbs.every((limb) => Number.isInteger(limb) && limb >= 0 && limb < 2 ** 21))
      assert.deepEqual(toBytes(limbs, length), bytes)
    }
})

test('a number too large for its limbs is an error, zeros in front are not', () => {
  assert.throws(() => fromBytes(Uint8Array.of(0x20, 0, 0), 1), RangeError)
  assert.deepEqual(fromBytes(Uint8Array.of(0, 0, 0, 0x1f, 0xff, 0xff), 1), Float64Array.of(0x1fffff))
})

for (const bits of [21, 42, 64, 1023, 1024, 1025, 2048, 4096])
  test(`arithmetic modulo numbers of ${bits} bits is BigInt’s`, () => {
    for (const n of moduli(bits))
      for (const limbs of [limbsFor(bits), limbsFor(bits) + 1]) {
        const ring = new Modulus(n, limbs)
        const values = [0n, 1n, 2n, n - 2n, n - 1n, n >> 1n, toInteger(random(bits)) % n, toInteger(random(bits)) % n]
        for (const a of values)
          for (const b of values) {
            const [x, y] = [inForm(ring, a), inForm(ring, b)]
            assert.equal(plain(ring, ring.add(x, y)), (a + b) % n)
            assert.equal(plain(ring, ring.subtract(x, y)), (a - b + n) % n)
            assert.equal(plain(ring, ring.multiply(x, y)), (a * b) % n)
          }
      }
  })

test('numbers beyond the modulus, as wide as twice its limbs, are reduced on entering', () => {
  for (const bits of [1024, 2048]) {
    const [n = 0n] = moduli(bits)
    const ring = new Modulus(n, limbsFor(bits))
    const length = Math.floor((2 * ring.limbs * 21) / 8)
    for (const wide of [new Uint8Array(length).fill(0xff), random(length), new Uint8Array(length)])
      assert.equal(plain(ring, ring.enter(fromBytes(wide, 2 * ring.limbs))), toInteger(wide) % n)
  }
})

test('powers are BigInt’s, for every digit of an exponent', () => {
  const [n = 0n] = moduli(512)
  const ring = new Modulus(n, limbsFor(512))
  const exponents = ['', '00', '01', '0f', 'f0', 'ff', '0123456789abcdef', 'fedcba9876543210', 'ff'.repeat(64)]
  for (const base of [0n, 1n, n - 1n, toInteger(random(64)) % n])
    for (const hex of exponents) {
      const exponent = Uint8Array.from(Buffer.from(hex, 'hex'))
      const expected = power(base, toInteger(exponent), n)
      assert.equal(plain(ring, ring.power(inForm(ring, base), exponent)), expected)
      assert.equal(plain(ring, ring.publicPower(inForm(ring, base), toInteger(exponent))), expected)
    }
})

test('the largest sums of products are exact: all limbs full, in as many as an RSA key of 8192 bits has', () => {
  const bits = limbsFor(8192) * 21
  const n = 2n ** BigInt(bits) - 1n
  const ring = new Modulus(n, limbsFor(bits))
  const value = n - 1n
  assert.equal(plain(ring, ring.multiply(inForm(ring, value), inForm(ring, value))), (value * value) % n)
})

test('multiplyAdd is exact over the integers', () => {
  for (const limbs of [1, 2, 49, 98, 196]) {
    const full = new Float64Array(limbs).fill(2 ** 21 - 1)
    const value = 2n ** BigInt(21 * limbs) - 1n
    assert.equal(toInteger(toBytes(multiplyAdd(full, full, full), Math.ceil((42 * limbs) / 8))), value + value * value)
  }
})

/** Odd numbers of exactly so many bits: the smallest, the largest, and one between. */
function moduli(bits: number): readonly bigint[] {
  const top = 1n << BigInt(bits - 1)
  const between = top | (toInteger(random(bits)) % top) | 1n
  for (const n of [between, top + 1n, 2n * top - 1n]) assert.equal(bitLength(n), bits)
  return [between, top + 1n, 2n * top - 1n]
}

function inForm(ring: Modulus, value: bigint): Limbs {
  return ring.enter(fromBytes(fromInteger(value, Math.ceil((ring.limbs * 21) / 8)), ring.limbs))
}

function plain(ring: Modulus, value: Limbs): bigint {
  assert.ok(value.every((limb) => Number.isInteger(limb) && limb >= 0 && limb < 2 ** 21))
  return toInteger(toBytes(ring.leave(value), Math.ceil((ring.limbs * 21) / 8)))
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n % modulus
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus
    if (bit === '1') result = (result * base) % modulus
  }
  return result
}
