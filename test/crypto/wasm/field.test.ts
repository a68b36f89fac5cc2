/** The products of the curves' fields, as the compiler made them: whatever the factors, within the bounds that the formulas keep. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fields } from '../../../src/crypto/wasm/build/fields.ts'
import { RangeMachine } from './range-machine.ts'
import { range } from './ranges.ts'
import { kernelText, readWat } from './wat.ts'

const unit = 2 ** 28
/** As bounds.test.ts takes it: the second limb of a fold has taken a carry of few bits. The top limb is as large as the value. */
const within = unit * (1 + 2 ** -12)
const [o, a, b, x, y] = [1, 2, 3, 4, 5].map((i) => i << 20) as [number, number, number, number, number]

for (const [name, most] of [
  ['p256', 14],
  ['p384', 9],
  ['curve25519', 14],
] as const) {
  const module = readWat(kernelText(name))
  const { limbs } = fields[name]
  const operations = name === 'curve25519' ? (['mul', 'sqr'] as const) : (['mul', 'sqr', 'mulAdd', 'mulSub'] as const)

  describe(`products of ${name}`, () => {
    for (const operation of operations)
      test(`${operation}: overflows nowhere where bounds multiply to ${most}, and limbs come out balanced`, () => {
        for (const first of operation === 'sqr' ? [Math.sqrt(most)] : [2, 3, Math.sqrt(most)]) {
          const machine = multiplied(operation, first, most / first)
          assert.deepEqual(machine.lost, [])
          const result = Array.from({ length: limbs }, (_, i) => machine.read(o + 4 * i, 32))
          for (const [i, { least, most }] of result.slice(0, -1).entries())
            assert.ok(Number(least) >= -within && Number(most) <= within, `limb ${i}: ${least} to ${most}`)
        }
      })

    test('that bound is real: a third more is noticed, in a column', () => {
      for (const operation of operations) {
        const first = Math.sqrt((most * 4) / 3)
        const { lost } = multiplied(operation, first, first)
        assert.ok(
          lost.some((what) => /i64\.(add|sub)/.test(what)),
          operation,
        )
      }
    })
  })

  /** Of factors whose limbs are within these bounds, in units of 2^28; of two products, each has half of the column. */
  function multiplied(operation: (typeof operations)[number], first: number, second: number): RangeMachine {
    const machine = new RangeMachine(module)
    const put = (at: number, bound: number): void => {
      const limb = BigInt(Math.floor(bound * unit))
      machine.set(at, ...Array.from({ length: limbs }, () => range(32, -limb, limb)))
    }
    const products = operation.startsWith('mul') && operation !== 'mul' ? 2 : 1
    for (const at of [a, x]) put(at, first)
    for (const at of [b, y]) put(at, second / products)
    const args = { mul: [a, b], sqr: [a], mulAdd: [a, b, x, y], mulSub: [a, b, x, y] }[operation]
    machine.call(`~lib/curve/field/${operation}`, o, ...args)
    return machine
  }
}

test('four products of 20 limbs at once overflow nowhere where bounds multiply to 6, and a little more is noticed', () => {
  const module = readWat(kernelText('curve25519'))
  const multiplied = (first: number, second: number): RangeMachine => {
    const machine = new RangeMachine(module)
    for (const [at, bound] of [
      [a, first],
      [b, second],
    ] as const) {
      const limb = BigInt(Math.floor(bound * 2 ** 12))
      machine.set(at, ...Array.from({ length: 4 * 20 }, () => range(16, -limb, limb)))
    }
    machine.call('~lib/curve/four/mul4', o, a, b)
    return machine
  }
  for (const [first, second] of [
    [2, 3],
    [1, 6],
    [6, 1],
  ] as const)
    assert.deepEqual(multiplied(first, second).lost, [])
  assert.match(multiplied(2.6, 2.6).lost.join(), /mul4: i32x4\.add/)
})
