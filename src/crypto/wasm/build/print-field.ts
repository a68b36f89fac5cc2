/**
 * Prints, as AssemblyScript, the products of a prime field with their loops unrolled: a compiler to WebAssembly does not
 * unroll, and a loop over limbs in memory takes twice as long. Everything else about fields is written by hand in
 * assembly/element.ts.
 *
 * An element is a row of signed 29-bit limbs, one i32 lane each: value = sum of limb[i] * 2^(29 i). A product's limbs are
 * balanced, |limb| <= 2^28, so that a few sums need no carry: columns of products fit an i64 as long as the bounds of the
 * two factors' limbs, in units of 2^28, multiply to 14 or less (9 limbs) or 9 or less (14 limbs). A test runs every
 * formula on intervals and fails where one could overflow.
 *
 * Two ways to reduce:
 *  - `montgomery`, for the primes of FIPS 186, which are -1 modulo 2^29: the multiple of p that clears the lowest limb is
 *    that limb itself, and p's few terms are shifts. Results are a * b / R, R = 2^(29 limbs).
 *  - `fold`, for 2^255-19: 2^261 = 1216, so the upper half, carried, is added 1216 times to the lower one.
 */
import { comb, type CombShape, type Point } from './comb.ts'
import { balancedLimbs } from './limbs.ts'
import { sideBySide } from './print-four.ts'

export interface Field {
  readonly prime: bigint
  /** The order of the group that the field's curve has; its arithmetic is assembly/scalar.ts. */
  readonly order: bigint
  readonly reduction: 'montgomery' | 'fold'
  readonly limbs: number
  /** The point whose multiples are the table COMB. */
  readonly base: Point
  /** More field elements that the curve needs, by their names in the source; printed in the form that products take. */
  readonly constants: Readonly<Record<string, bigint>>
  /** Length of an encoded element. */
  readonly bytes: number
  /** Bits of a scalar that one table serves: a row of the comb, and the one made for a peer's point. */
  readonly combWidth: number
  readonly windowWidth: number
  readonly combShape: (prime: bigint) => CombShape
}

export function printField(field: Field): string {
  const { prime, order, limbs } = field
  const radix = 1n << BigInt(limbBits * limbs)
  const inForm = (value: bigint): bigint => (field.reduction === 'montgomery' ? (value * radix) % prime : value)
  const elements: Readonly<Record<string, bigint>> = {
    MODULUS: prime,
    ORDER: order,
    ZERO: 0n,
    PLAIN_ONE: 1n,
    /** Brings into Montgomery form: a number by `mul`, a scalar by `mulScalar`. */
    RADIX_SQUARED: (radix * radix) % prime,
    ORDER_RADIX_SQUARED: (radix * radix) % order,
    ONE: inForm(1n),
    ...Object.fromEntries(Object.entries(field.constants).map(([name, value]) => [name, inForm(value)])),
  }
  const numbers: Readonly<Record<string, bigint | number>> = {
    LIMBS: limbs,
    BYTES: field.bytes,
    MODULUS_INVERSE: inverse(prime),
    ORDER_INVERSE: inverse(order),
    ...tables('COMB', field.combWidth, field),
    ...tables('WINDOW', field.windowWidth, field),
  }
  return [
    '// Printed by build/field.ts; not for reading.',
    `export const SLOT: usize = ${slotBytes(limbs)}`,
    ...Object.entries(numbers).map(([name, value]) => `export const ${name}: i32 = ${value}`),
    ...Object.entries(elements).map(([name, value]) => `export const ${name}: usize = ${data(digits(value, limbs))}`),
    `export const COMB: usize = ${data(combLanes(field, inForm))}`,
    `const M: i64 = ${mask}`,
    ...products(field),
    ...[2, 3, 4].map((coordinates) => selection(coordinates, slotBytes(limbs) / 16)),
  ].join('\n')
}

/** Bytes of an element in memory: its limbs, and lanes that mean nothing up to the next vector. */
export function slotBytes(limbs: number): number {
  return 16 * Math.ceil(limbs / 4)
}

/** How many tables of a width there are, and how many entries each has: the odd multiples, or all up to half of 2^width. */
function tables(name: string, width: number, { bytes }: Field): Readonly<Record<string, number>> {
  return {
    [`${name}_WIDTH`]: width,
    [`${name}_WINDOWS`]: windows(bytes, width),
    [`${name}_ENTRIES`]: 2 ** (width - 1),
  }
}

function windows(bytes: number, width: number): number {
  return Math.ceil((8 * bytes) / width)
}

/**
 * The table of the base point, entry after entry of every row. That of 2^255-19 is for products of four at a time: what is
 * behind its last entry is the fourth lane of a vector that has the entry's elements in the others.
 */
function combLanes(field: Field, inForm: (value: bigint) => bigint): bigint[] {
  const { prime, bytes, limbs, base, combWidth } = field
  const shape = field.combShape(prime)
  const entries = comb(shape, base, combWidth, windows(bytes, combWidth)).map(shape.entry)
  if (field.reduction === 'fold') return [...entries.flatMap((entry) => sideBySide(entry, prime)), 0n]
  const lanes = slotBytes(limbs) / 4
  return entries.flat().flatMap((value) => balancedLimbs(inForm(value), prime, limbBits, lanes))
}

/** mul = a b, sqr = a a, mulAdd = a b + x y, mulSub = a b - x y: two products share one reduction. */
function products(field: Field): string[] {
  const { limbs } = field
  const lanes = range(limbs)
  const load = (name: string, from: string): string =>
    `  const ${lanes.map((i) => `${name}${i} = load<i32>(${from}, ${4 * i}) as i64`).join(', ')}`
  const body = (columns: readonly string[]): string =>
    field.reduction === 'montgomery' ? montgomery(columns, field) : fold(columns, limbs)
  const product = (f: string, g: string): string[] =>
    pairs(limbs).map((column) => column.map(([i, j]) => `${f}${i} * ${g}${j}`).join(' + '))
  const squares = pairs(limbs).map((column) =>
    column.flatMap(([i, j]) => (i > j ? [] : [i === j ? `f${i} * f${i}` : `d${i} * f${j}`])).join(' + '),
  )
  const two = (sign: string): string[] => {
    const second = product('r', 's')
    return product('f', 'g').map((column, k) => `${column} ${sign} (${second[k]})`)
  }
  const four = 'o: usize, a: usize, b: usize, x: usize, y: usize'
  const fourLoads = [load('f', 'a'), load('g', 'b'), load('r', 'x'), load('s', 'y')]
  return [
    `export function mul(o: usize, a: usize, b: usize): void {`,
    load('f', 'a'),
    load('g', 'b'),
    body(product('f', 'g')),
    `}\nexport function sqr(o: usize, a: usize): void {`,
    load('f', 'a'),
    `  const ${lanes.map((i) => `d${i} = f${i} * 2`).join(', ')}`,
    body(squares),
    `}\nexport function mulAdd(${four}): void {`,
    ...fourLoads,
    body(two('+')),
    `}\nexport function mulSub(${four}): void {`,
    ...fourLoads,
    body(two('-')),
    '}',
  ]
}

/**
 * Column after column from below. In column k < limbs the digit m_k = t mod 2^29 times p clears it; what is left of the
 * columns above is the result. Digits and limbs are kept 2^28 too large, in 0 to 2^29-1, so that a mask makes them;
 * each column takes back what its digits brought too much, in one constant.
 */
function montgomery(columns: readonly string[], { prime, limbs }: Field): string {
  const terms = termsOf(prime)
  const lines = columns.map((column, k) => {
    const hits = terms.filter(({ limb }) => k >= limb && k - limb < limbs)
    const digits = hits.map(({ limb, shift, sign }) => ` ${sign < 0n ? '-' : '+'} (m${k - limb} << ${shift})`)
    const excess = hits.reduce((sum, { shift, sign }) => sum + sign * (half << shift), -half)
    const name = k < limbs ? `m${k}` : `h${k - limbs}`
    return `  t = c + ${column}${digits.join('')} - (${excess})\n  const ${name} = t & M\n  c = t >> ${limbBits}`
  })
  return ['  let c: i64 = 0, t: i64', ...lines, `  const h${limbs - 1} = c + ${half}`, storeLimbs(limbs)].join('\n')
}

/** p + 1 = sum of sign * 2^(29 limb + shift), as few terms as there are. */
function termsOf(prime: bigint): { limb: number; shift: bigint; sign: bigint }[] {
  const terms = []
  for (let rest = prime + 1n, bit = 0; rest !== 0n; rest >>= 1n, bit++) {
    if ((rest & 1n) === 0n) continue
    const sign = (rest & 3n) === 3n ? -1n : 1n
    terms.push({ limb: Math.floor(bit / limbBits), shift: BigInt(bit % limbBits), sign })
    rest -= sign
  }
  if (terms.some(({ limb }) => limb === 0)) throw new Error('the prime is not -1 modulo 2^29')
  return terms
}

/**
 * The upper columns first, carried into digits u0, u1, … of 0 to 2^29-1, but for the last, which may be negative; then the
 * lower ones, with 1216 u_k in column k.
 */
function fold(columns: readonly string[], limbs: number): string {
  const upper = columns.slice(limbs)
  return [
    '  let c: i64 = 0, t: i64',
    ...upper.map((column, k) => `  t = c + ${column}\n  const u${k} = t & M\n  c = t >> ${limbBits}`),
    `  const u${upper.length} = c`,
    '  c = 0',
    ...columns
      .slice(0, limbs)
      .map(
        (column, k) =>
          `  t = c + ${column} + ${foldFactor} * u${k} + ${half}\n  let h${k} = t & M\n  c = t >> ${limbBits}`,
      ),
    // What is carried out of the top limb is worth 1216 again, and is so small that one more carry ends it.
    `  t = h0 + ${foldFactor} * c\n  h0 = t & M\n  h1 += t >> ${limbBits}`,
    storeLimbs(limbs),
  ].join('\n')
}

/** Stores h0, h1, …, less the 2^28 that each is too large, as i32 lanes. Those in lower halves are not negative. */
function storeLimbs(limbs: number): string {
  const pair = (i: number): string =>
    i >= limbs ? '0' : i + 1 >= limbs ? `(h${i} & 0xffffffff)` : `(h${i} | (h${i + 1} << 32))`
  return range(slotBytes(limbs) / 16)
    .map((vector) => {
      const lanes = `i64x2.replace_lane(i64x2.splat(${pair(4 * vector)}), 1, ${pair(4 * vector + 2)})`
      return `  v128.store(o, i32x4.sub(${lanes}, i32x4.splat(${half})), ${16 * vector})`
    })
    .join('\n')
}

/** select2, select3, select4: reads all `count` entries of so many elements each, and keeps entry `index` by masks; none: zeros. */
function selection(coordinates: number, vectors: number): string {
  const all = range(coordinates * vectors)
  return [
    `export function select${coordinates}(o: usize, table: usize, count: i32, index: i32): void {`,
    '  const wanted = i32x4.splat(index)',
    `  let ${all.map((i) => `a${i} = i32x4.splat(0)`).join(', ')}`,
    `  for (let j = 0; j < count; j++, table += ${16 * all.length}) {`,
    '    const m = i32x4.eq(i32x4.splat(j), wanted)',
    ...all.map((i) => `    a${i} = v128.or(a${i}, v128.and(m, v128.load(table, ${16 * i})))`),
    '  }',
    ...all.map((i) => `  v128.store(o, a${i}, ${16 * i})`),
    '}',
  ].join('\n')
}

/** The pairs (i, j) with i + j = k, for each column k of a product. */
function pairs(limbs: number): (readonly [number, number])[][] {
  return range(2 * limbs - 1).map((k) =>
    range(limbs).flatMap((i) => (k - i >= 0 && k - i < limbs ? [[i, k - i] as const] : [])),
  )
}

function data(lanes: readonly bigint[]): string {
  return `memory.data<i32>([${lanes.join(', ')}], 16)`
}

function digits(value: bigint, limbs: number): bigint[] {
  return range(slotBytes(limbs) / 4).map((i) => (value >> BigInt(limbBits * i)) & mask)
}

/** 1 / value mod 2^29: Newton's iteration doubles the bits that are right, from 3. */
function inverse(value: bigint): bigint {
  let x = value
  for (let i = 0; i < 4; i++) x = (x * (2n - value * x)) & mask
  return x
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i)
}

const limbBits = 29
const mask = (1n << 29n) - 1n
const half = 1n << 28n
const foldFactor = 1216n
