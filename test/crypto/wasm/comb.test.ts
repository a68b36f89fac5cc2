/** The tables of base points' multiples that the build computes, as the kernels have them, against @noble's arithmetic. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256, p384 } from '@noble/curves/nist.js'
import { fields } from '../../../src/crypto/wasm/build/fields.ts'
import { slotBytes } from '../../../src/crypto/wasm/build/print-field.ts'
import { instantiate, type Pointer } from '../../../src/crypto/wasm/kernel.ts'
import { readKernels } from '../../../src/crypto/wasm/load.ts'

const modules = readKernels()

for (const [name, { Point }] of [
  ['p256', p256],
  ['p384', p384],
] as const)
  test(`${name}: row i of its table is the odd multiples of 2^(width i) times the base point`, () => {
    const { prime, order, limbs, combWidth } = fields[name]
    const inverseRadix = Point.Fp.inv((1n << BigInt(29 * limbs)) % prime)
    for (const [i, row] of readTable(name, 2).entries()) {
      const first = Point.BASE.multiply((1n << BigInt(combWidth * i)) % order)
      let expected = first
      for (const [j, elements] of row.entries()) {
        const { x, y } = expected.toAffine()
        const numbers = elements.map((element) => modulo(element * inverseRadix, prime))
        assert.deepEqual(numbers, [x, y], `entry ${j} of row ${i}`)
        expected = expected.add(first.double())
      }
    }
  })

test('curve25519: row i of its table is the multiples of 2^(width i) times the base point, as (y + x, y - x, 2dxy)', () => {
  const { Point } = ed25519
  const { prime, order, combWidth } = fields.curve25519
  const { d } = Point.CURVE()
  for (const [i, row] of readTable('curve25519', 3).entries()) {
    const first = Point.BASE.multiply((1n << BigInt(combWidth * i)) % order)
    let expected = first
    for (const [j, elements] of row.entries()) {
      const { x, y } = expected.toAffine()
      const numbers = elements.map((element) => modulo(element, prime))
      const prepared = [y + x, y - x, 2n * d * x * y].map((value) => modulo(value, prime))
      assert.deepEqual(numbers, prepared, `entry ${j} of row ${i}`)
      expected = expected.add(first)
    }
  }
})

/**
 * The elements of each entry of each row, as they stand there. Fails where a limb is not as balanced as a product's are, on
 * which the bounds of the formulas rest.
 */
function readTable(name: keyof typeof fields, elementsOfEntry: number): bigint[][][] {
  const { limbs, bytes, combWidth } = fields[name]
  const { exports, memory } = instantiate<{ readonly comb: Pointer }>(modules, name)
  const view = new DataView(memory.buffer, exports.comb)
  let at = 0
  const readElement = (): bigint => {
    let value = 0n
    for (let i = 0; i < limbs; i++) {
      const limb = view.getInt32(at + 4 * i, true)
      assert.ok(Math.abs(limb) <= 2 ** 28, `limb ${i} of the element at ${at} is ${limb}`)
      value += BigInt(limb) << BigInt(29 * i)
    }
    at += slotBytes(limbs)
    return value
  }
  return times(Math.ceil((8 * bytes) / combWidth), () =>
    times(2 ** (combWidth - 1), () => times(elementsOfEntry, readElement)),
  )
}

function times<Value>(count: number, make: () => Value): Value[] {
  return Array.from({ length: count }, make)
}

function modulo(value: bigint, prime: bigint): bigint {
  return ((value % prime) + prime) % prime
}
