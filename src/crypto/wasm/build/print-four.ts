/**
 * Prints, as AssemblyScript, products modulo 2^255-19 of four pairs of elements at once, and of two.
 *
 * A "four" is four elements side by side, each of 20 signed limbs of 13 bits: vector i has limbs 2i and 2i+1 of all four,
 * as 16-bit lanes. `dot` multiplies eight pairs of them in one instruction and adds each two neighbours, so column k of a
 * product is the sum over i of (a[2i], a[2i+1]) . (b[k-2i], b[k-2i-1]). Those turned pairs of b are made first, in TURNED, which the caller wipes.
 *
 *     vector 0   | a0 a1 | b0 b1 | c0 c1 | d0 d1 |
 *     vector 1   | a2 a3 | b2 b3 | c2 c3 | d2 d3 |      …
 *
 * A product's limbs are balanced, |limb| <= 2^12 + 1, which is the unit of bounds here: an i32 holds any column as long as
 * the bounds of the factors multiply to 6 or less. 2^260 = 608, so column k + 20, carried, is added 608 times to column k.
 * A test runs what is printed on intervals and fails where a lane could overflow.
 *
 * Statements stand in the order in which registers suffice: five columns take each vector that is loaded while it is there.
 * Columns k and k + 20 carry side by side, as each chain of carries waits for itself most of the time.
 */
import { balancedLimbs } from './limbs.ts'

export function printFour(): string {
  return [
    '// Printed by build/print-four.ts; not for reading.',
    `export const TURNED_BYTES: i32 = ${16 * turned}`,
    'export const TURNED: usize = memory.data(TURNED_BYTES, 16)',
    `const CONSTANTS: usize = memory.data<i32>([${constants.flatMap((value) => [value, value, value, value]).join(', ')}], 16)`,
    '/** o = a b in each of the four lanes. o is neither a nor b. */',
    'export function mul4(o: usize, a: usize, b: usize): void {',
    ...begin(),
    ...range(2).flatMap((half) => [
      ...sums(10 * half + 20, Math.min(10 * half + 30, columns), vectors),
      ...sums(10 * half, 10 * half + 10, vectors),
      ...range(10).flatMap((k) => carry(10 * half + k, (column) => `t${column}`)),
    ]),
    ...end(),
    '}',
    '/**',
    ' * o = a b in lanes 1 and 3, what is in 0 and 2 means nothing. Half the work of `mul4`, as two lanes share a product: a',
    ' * has its ten lower limbs in lanes 1 and 3, and its ten upper ones, in the same five vectors, in lanes 0 and 2; b stands',
    ' * in both of two lanes. o is neither a nor b.',
    ' */',
    'export function mul2(o: usize, a: usize, b: usize): void {',
    ...begin(),
    ...[10, 20, 0].flatMap((from) => sums(from, Math.min(from + 10, columns - 10), vectors / 2)),
    ...range(20).flatMap((k) => carry(k, joined)),
    ...end(),
    '}',
  ].join('\n')
}

/** Elements as a "four" has them, without lanes for those that are missing: two limbs of each, then the next two, … */
export function sideBySide(elements: readonly bigint[], prime: bigint): bigint[] {
  const rows = elements.map((value) => balancedLimbs(value, prime, 13, 2 * vectors))
  return range(vectors).flatMap((i) => rows.map((limbs) => packed(limbs.slice(2 * i, 2 * i + 2) as [bigint, bigint])))
}

function packed([low, high]: readonly [bigint, bigint]): bigint {
  return BigInt.asUintN(16, low) | (high << 16n)
}

/** What both begin with: constants, which the engine would make anew at each use if it knew them; and b's pairs, turned. */
function begin(): string[] {
  const names = ['MASK', 'HALF', 'HALVES', 'FOLD', 'LOW', 'HIGH']
  return [
    `  const ${names.map((name, i) => `${name} = v128.load(CONSTANTS, ${16 * i})`).join(', ')}`,
    '  let t: v128, upper: v128, lower: v128',
    ...range(vectors).map((i) => `  const b${i} = v128.load(b, ${16 * i})`),
    '  v128.store(TURNED, v128.and(b0, LOW))',
    ...range(vectors).flatMap((i) => [
      `  v128.store(TURNED, v128.shuffle<i16>(b${i}, b${i}, 1, 0, 3, 2, 5, 4, 7, 6), ${32 * i + 16})`,
      i + 1 < vectors
        ? `  v128.store(TURNED, v128.shuffle<i16>(b${i + 1}, b${i}, 0, 9, 2, 11, 4, 13, 6, 15), ${32 * i + 32})`
        : `  v128.store(TURNED, v128.and(b${i}, HIGH), ${32 * i + 32})`,
    ]),
  ]
}

/** The columns of a product from one to before another, t10, t11, …, where a has so many vectors. First every second one. */
function sums(from: number, to: number, length: number): string[] {
  return [from, from + 1].flatMap((first) => {
    const wanted = range(Math.ceil((to - first) / 2)).map((i) => first + 2 * i)
    const loaded = new Set<number>()
    return range(turned)
      .toReversed()
      .flatMap((j) => {
        const products = wanted.flatMap((k) => (isFactor((k - j) / 2, length) ? [{ k, i: (k - j) / 2 }] : []))
        if (products.length === 0) return []
        return [
          `  const r${first}_${j} = v128.load(TURNED, ${16 * j})`,
          ...products.flatMap(({ k, i }) => {
            const dot = `i32x4.dot_i16x8_s(a${first}_${i}, r${first}_${j})`
            const isFirst = j + 2 >= turned || i === 0
            const load = loaded.has(i) ? [] : [`  const a${first}_${i} = v128.load(a, ${16 * i})`]
            loaded.add(i)
            return [...load, isFirst ? `  let t${k} = ${dot}` : `  t${k} = i32x4.add(t${k}, ${dot})`]
          }),
        ]
      })
  })
}

function isFactor(i: number, length: number): boolean {
  return Number.isInteger(i) && i >= 0 && i < length
}

/** Column k of two lanes' products, once each lane has its own in t0, t1, …: that of the upper limbs counts ten more. */
function joined(k: number): string {
  const own = `t${k}`
  const other = `v128.shuffle<i32>(t${k - 10}, t${k - 10}, 1, 0, 3, 2)`
  if (k < 10) return own
  return k < columns - 10 ? `i32x4.add(${own}, ${other})` : other
}

/**
 * Column k + 20 becomes a digit u of 0 to 2^13-1, the last of them what is carried; column k, with 608 u, the limb h. Limbs
 * are kept 2^12 too large, in 0 to 2^13-1, so that a mask makes them.
 */
function carry(k: number, column: (k: number) => string): string[] {
  const above = k + 20
  const digit =
    above < columns
      ? [
          `  t = ${k === 0 ? column(above) : `i32x4.add(${column(above)}, upper)`}`,
          `  const u${k} = v128.and(t, MASK)`,
          '  upper = i32x4.shr_s(t, 13)',
        ]
      : [`  const u${k} = upper`]
  return [
    ...digit,
    `  t = i32x4.add(i32x4.add(${column(k)}, HALF), i32x4.dot_i16x8_s(u${k}, FOLD))`,
    ...(k === 0 ? [] : ['  t = i32x4.add(t, lower)']),
    `  let h${k} = v128.and(t, MASK)`,
    '  lower = i32x4.shr_s(t, 13)',
    ...(k % 2 === 1 && k > 3 ? [storePair(k - 1)] : []),
  ]
}

/** What is carried out of the top limb is worth 608 again; three more carries leave one at most. */
function end(): string[] {
  return [
    '  t = i32x4.add(h0, i32x4.mul(lower, FOLD))',
    ...[0, 1, 2].flatMap((k) => [`  h${k} = v128.and(t, MASK)`, `  t = i32x4.add(h${k + 1}, i32x4.shr_s(t, 13))`]),
    '  h3 = t',
    storePair(0),
    storePair(2),
  ]
}

/** Limbs k and k + 1, less the 2^12 that each is too large. Only the second of a pair may be negative, as h3 may. */
function storePair(k: number): string {
  return `  v128.store(o, i16x8.sub(v128.or(h${k}, i32x4.shl(h${k + 1}, 16)), HALVES), ${8 * k})`
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i)
}

const vectors = 10
/** Of a product of 20 limbs. */
const columns = 39
/** Pairs (b[j], b[j-1]) for j from 0 to 20. */
const turned = 21
/** MASK, HALF and FOLD of an i32 lane; HALVES, LOW and HIGH of its two 16-bit lanes. */
const constants = [8191, 4096, 0x10001000, 608, 0xffff, 0xffff0000 | 0]
