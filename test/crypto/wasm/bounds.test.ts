/** No limb overflows, whatever the point and the scalar: the kernels' own formulas, in the order of their loops, on bounds. */
import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { fields } from '../../../src/crypto/wasm/build/fields.ts'
import * as field from './intervals.ts'

const assembly = new URL('../../../src/crypto/wasm/assembly/', import.meta.url)
const intervals = new URL('intervals.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    context.parentURL?.startsWith(assembly.href) === true ? { url: intervals, shortCircuit: true } : next(specifier),
})

type Operation = (...addresses: number[]) => void
const load = async (name: string): Promise<Readonly<Record<string, Operation>>> =>
  (await import(new URL(name, assembly).href)) as Readonly<Record<string, Operation>>
const weierstrass = await load('weierstrass.ts')
const edwards = await load('edwards.ts')

const [point, chosen, table, other] = [0, 10, 20, 30]
/** What came from bytes: limbs from 0 to 2^29-1. */
const fromBytes = { limb: 2, value: 1 }
/** 0 or 1. */
const small = { limb: 2 ** -28, value: 2 ** -254 }

for (const name of ['p256', 'p384'] as const) {
  const { limbs, bytes, reduction, combWidth, windowWidth } = fields[name]
  const steps = (width: number): number => Math.ceil((8 * bytes) / width)
  const affine = (at: number): void => {
    field.set(at, fromBytes)
    field.set(at + 1, fromBytes)
    field.mul(at, at, at)
    field.mul(at + 1, at + 1, at + 1)
    field.set(at + 2, fromBytes)
  }
  const start = (): void => field.choose({ limbs, primeBits: 8 * bytes, reduction })

  test(`${name}: multiples of the base point stay within their limbs`, () => {
    start()
    affine(point)
    affine(chosen)
    for (let i = 2; i < steps(combWidth); i++) weierstrass.addDistinct?.(point, point, chosen)
    weierstrass.toHomogeneous?.(point)
    weierstrass.addAffine?.(point, point, chosen)
    assert.ok(field.bounds(point).limb <= 1)
  })

  test(`${name}: multiples of a peer's point stay within their limbs`, () => {
    start()
    affine(table)
    weierstrass.curveEquation?.(other, table)
    weierstrass.addPoint?.(chosen, table, table)
    for (let j = 1; j < 2 ** (windowWidth - 1); j++) weierstrass.addPoint?.(table, table, chosen)
    for (const at of [0, 1, 2]) field.copy(point + at, table + at)
    for (let i = 1; i < steps(windowWidth); i++) {
      weierstrass.toJacobian?.(point)
      for (let j = 0; j < windowWidth; j++) weierstrass.doubleJacobian?.(point, point)
      weierstrass.toHomogeneous?.(point)
      weierstrass.addPoint?.(point, point, table)
    }
    // Verification adds the two.
    weierstrass.addPoint?.(point, point, point)
    assert.ok(field.bounds(point).limb <= 1)
  })
}

const curve25519 = { limbs: fields.curve25519.limbs, primeBits: 255, reduction: fields.curve25519.reduction }

test('curve25519: points of the Edwards curve stay within their limbs', () => {
  field.choose(curve25519)
  for (const at of [point, point + 1]) {
    field.set(at, fromBytes)
    field.carry(at, at)
  }
  field.set(point + 2, small)
  field.mul(point + 3, point, point + 1)
  for (let i = 0; i < 60; i++) {
    edwards.doubleExtended?.(point, point)
    edwards.cache?.(chosen, point)
    edwards.addCached?.(point, point, chosen)
  }
  // Verification adds a multiple of the base point, whose coordinates came out of four lanes.
  for (const at of [table, table + 1, table + 2, table + 3]) field.set(at, fromBytes)
  edwards.cache?.(chosen, point)
  edwards.addCached?.(point, table, chosen)
  assert.ok(field.bounds(point).limb < 1.001)
})

test('the bounds are real: one sum too many is noticed, in a column, in a lane, in a carry', () => {
  field.choose(curve25519)
  field.set(point, { limb: 4, value: 1 })
  assert.throws(() => field.mul(other, point, point), /column overflows/)
  assert.throws(() => field.add(other, point, point), /lane overflows/)
  field.set(point, { limb: 7, value: 1 })
  assert.throws(() => field.carry(other, point), /carry overflows/)
})
