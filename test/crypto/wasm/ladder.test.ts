/** The ladder and the comb of Curve25519, and the products that both are made of, on intervals of what their lanes may hold. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { printFour } from '../../../src/crypto/wasm/build/print-four.ts'
import { exactly, halvesOf, install, read, write, type Interval } from './lanes.ts'

const assembly = new URL('../../../src/crypto/wasm/assembly/', import.meta.url)
const [ladder, comb, four] = ['ladder.ts', 'edwards-comb.ts', 'four.ts'].map((name) => new URL(name, assembly).href)
const products: string = 'chitin:curve/four'
/** As it stands, but for what only AssemblyScript knows. */
const withoutDecorators = (url: string): string => readFileSync(fileURLToPath(url), 'utf8').replaceAll('@inline', '')
const sources: Readonly<Record<string, () => string>> = {
  [products]: printFour,
  'chitin:curve/field': () => 'export const SLOT = 48, COMB = 0, COMB_ENTRIES = 0, COMB_WINDOWS = 0',
  'chitin:./element': () => 'export const MASK = 0x1fffffff',
  'chitin:./edwards-digits': () => 'export const digit = undefined, writeDigits = undefined',
  'chitin:./layout': () => 'export const POINT = 0',
  'chitin:./vector': () => 'export const zero = undefined',
}
registerHooks({
  resolve(specifier, context, next) {
    if (context.parentURL?.startsWith(assembly.href) !== true) return next(specifier, context)
    return { url: specifier === './four' ? (four as string) : `chitin:${specifier}`, shortCircuit: true }
  },
  load(url, context, next) {
    const source = url.startsWith(assembly.href) ? withoutDecorators(url) : sources[url]?.()
    return source === undefined ? next(url, context) : { format: 'module-typescript', source, shortCircuit: true }
  },
})
install()
type Product = (o: number, a: number, b: number) => void
type Ladder = { start: (u: number) => void; step: (mask: number) => void }
type Comb = { start: () => void; addPrepared: (q: number) => void }
const { start, step } = (await import(ladder as string)) as Ladder
const { start: startAtInfinity, addPrepared } = (await import(comb as string)) as Comb
const { mul2, mul4 } = (await import(products)) as { mul2: Product; mul4: Product }

const [o, a, b] = [1 << 20, 2 << 20, 3 << 20]
const prime = 2n ** 255n - 19n
/** In units of 2^12. */
const within = (bound: number): Interval => [-bound * 4096, bound * 4096]

test('no lane of the ladder overflows, whatever the point and the scalar', () => {
  start(0)
  for (let i = 0; i < 255; i++) step(-1)
})

test('no lane of the comb overflows, whatever the scalar', () => {
  setAll(a, within(1))
  startAtInfinity()
  for (let i = 0; i < 52; i++) addPrepared(a)
})

test('a product of bounds that multiply to 6 is balanced, and may be multiplied again', () => {
  for (const [x, y] of [
    [2, 3],
    [1, 6],
    [6, 1],
  ] as const)
    for (const multiply of [mul4, mul2]) {
      setAll(a, within(x))
      setAll(b, within(y))
      multiply(o, a, b)
      for (const limb of limbs(o).flat()) assert.ok(limb[0] >= -4097 && limb[1] <= 4096, String(limb))
    }
})

test('the bounds are real: a larger factor is noticed, in a word and in a half', () => {
  setAll(a, within(2.6))
  setAll(b, within(2.6))
  assert.throws(() => mul4(o, a, b), /a word overflows/)
  assert.throws(() => mul2(o, a, b), /a word overflows/)
  // The top limbs alone: no column is too large, but what is carried out of the last one is.
  for (const factor of [a, b]) {
    setAll(factor, exactly(0))
    write(factor + 144, { halves: Array.from({ length: 8 }, () => [0, 0x7fff] as const) })
  }
  assert.throws(() => mul4(o, a, b), /a half overflows/)
})

test('products are right for limbs of every extreme, and for numbers about the prime', () => {
  const most = 2 * 4096
  const rows = [
    ...[0n, 1n, 2n, prime - 1n, prime, prime + 1n, 2n ** 255n - 1n, 2n ** 255n, 2n ** 256n - 1n].map(digits),
    ...[1, -1, most, -most, 4096, -4097].map((limb) => Array.from({ length: 20 }, () => limb)),
    Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? most : -most)),
    Array.from({ length: 20 }, (_, i) => (i < 19 ? 0 : most)),
    Array.from({ length: 20 }, (_, i) => (i > 0 ? 0 : -most)),
  ]
  for (const [i, x] of rows.entries())
    for (const y of rows) {
      const others = [1, 2, 3].map((more) => rows[(i + more) % rows.length] as number[])
      const four = [x, ...others]
      set(a, four)
      set(b, [y, y, y, y])
      mul4(o, a, b)
      for (const [lane, factor] of four.entries()) assert.equal(result(lane), (value(factor) * value(y)) % prime)

      // Two products: lower limbs in lanes 1 and 3, upper ones in 0 and 2.
      const [other] = others as [number[]]
      set(a, [x.slice(10), x.slice(0, 10), other.slice(10), other.slice(0, 10)])
      mul2(o, a, b)
      assert.equal(result(1), (value(x) * value(y)) % prime)
      assert.equal(result(3), (value(other) * value(y)) % prime)
    }
})

function result(lane: number): bigint {
  const row = limbs(o)[lane] as Interval[]
  return value(row.map(([least, most]) => (assert.equal(least, most), least)))
}

/** The four elements at an address, their lowest limb first. */
function limbs(address: number): Interval[][] {
  const vectors = Array.from({ length: 10 }, (_, i) => halvesOf(read(address + 16 * i)))
  return [0, 1, 2, 3].map((lane) => vectors.flatMap((halves) => halves.slice(2 * lane, 2 * lane + 2)))
}

function setAll(address: number, limb: Interval): void {
  for (let i = 0; i < 10; i++) write(address + 16 * i, { halves: Array.from({ length: 8 }, () => limb) })
}

function set(address: number, rows: readonly (readonly number[])[]): void {
  for (let i = 0; i < 10; i++)
    write(address + 16 * i, { halves: rows.flatMap((row) => [row[2 * i] ?? 0, row[2 * i + 1] ?? 0]).map(exactly) })
}

function digits(number: bigint): number[] {
  return Array.from({ length: 20 }, (_, i) => Number((number >> BigInt(13 * i)) & 0x1fffn))
}

/** Modulo the prime. */
function value(row: readonly number[]): bigint {
  const sum = row.reduce((total, limb, i) => total + (BigInt(limb) << BigInt(13 * i)), 0n)
  return ((sum % prime) + prime) % prime
}
