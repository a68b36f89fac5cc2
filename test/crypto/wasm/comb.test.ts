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
    for (const [i, row] of readTable(name, 2 * slotBytes(limbs), oneByOne).entries()) {
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
  for (const [i, row] of readTable('curve25519', 120, sideBySide).entries()) {
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

/** The elements of each entry of each row, as they stand there. */
function readTable(
  name: keyof typeof fields,
  entryBytes: number,
  elementsOf: (entry: DataView) => bigint[],
): bigint[][][] {
  const { bytes, combWidth } = fields[name]
  const { exports, memory } = instantiate<{ readonly comb: Pointer }>(modules, name)
  const entries = 2 ** (combWidth - 1)
  const entryAt = (i: number): DataView => new DataView(memory.buffer, exports.comb + entryBytes * i, entryBytes)
  return times(Math.ceil((8 * bytes) / combWidth), (row) =>
    times(entries, (j) => elementsOf(entryAt(row * entries + j))),
  )
}

/** Two elements of limbs of 29 bits, one behind the other. */
function oneByOne(entry: DataView): bigint[] {
  const size = entry.byteLength / 2
  return times(2, (element) =>
    valueOf(
      29,
      times(size / 4, (i) => entry.getInt32(element * size + 4 * i, true)),
    ),
  )
}

/** Three elements of limbs of 13 bits: two of each, then the next two, … */
function sideBySide(entry: DataView): bigint[] {
  const pair = (element: number, i: number): number[] =>
    [0, 2].map((offset) => entry.getInt16(12 * i + 4 * element + offset, true))
  return times(3, (element) => valueOf(13, times(10, (i) => pair(element, i)).flat()))
}

/** Fails where a limb is not as balanced as a product's are, on which the bounds of the formulas rest. */
function valueOf(bits: number, limbs: readonly number[]): bigint {
  let value = 0n
  for (const [i, limb] of limbs.entries()) {
    assert.ok(Math.abs(limb) <= 2 ** (bits - 1), `limb ${i} is ${limb}`)
    value += BigInt(limb) << BigInt(bits * i)
  }
  return value
}

function times<Value>(count: number, make: (i: number) => Value): Value[] {
  return Array.from({ length: count }, (_, i) => make(i))
}

function modulo(value: bigint, prime: bigint): bigint {
  return ((value % prime) + prime) % prime
}
