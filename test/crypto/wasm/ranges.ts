/**
 * What a value may be, when all that is known of what it was made from are bounds: the arithmetic of WebAssembly, on ranges.
 * An operation whose result may not fit says so; `range-machine.ts` collects where that happens.
 */

/** Any number from `least` to `most`, which may be negative: modulo 2^bits, as WebAssembly has no signs. */
export interface Range {
  readonly bits: number
  readonly least: bigint
  readonly most: bigint
  /** The result may have been too large, and be anything now. */
  readonly lost?: true
  readonly made?: Made
  /** The two halves that it was put together of, the lower one first. */
  readonly halves?: readonly [Range, Range]
}

/** A product with a known number, or its quotient by 2^15, rounded: of Barrett's products, whose parts overflow and whose result does not. */
interface Made {
  readonly as: 'product' | 'quotient'
  readonly of: Range
  readonly by: bigint
}

export function range(bits: number, least: bigint, most: bigint): Range {
  return { bits, least, most }
}

export function exactly(bits: number, value: bigint | number): Range {
  return range(bits, BigInt(value), BigInt(value))
}

export function anything(bits: number): Range {
  return range(bits, 0n, 2n ** BigInt(bits) - 1n)
}

export function isExact({ least, most }: Range): boolean {
  return least === most
}

/** As a number without a sign; lost where it may be on either side of zero, unless nothing was known of it. */
export function unsigned(x: Range): Range {
  if (x.least >= 0n) return x
  const modulus = 2n ** BigInt(x.bits)
  if (x.most < 0n) return range(x.bits, x.least + modulus, x.most + modulus)
  return known(x) ? lost(x.bits) : anything(x.bits)
}

export function signed(x: Range): Range {
  const half = 2n ** BigInt(x.bits - 1)
  if (x.most < half) return x
  if (x.least >= half) return range(x.bits, x.least - 2n * half, x.most - 2n * half)
  const any = range(x.bits, -half, half - 1n)
  return known(x) ? { ...any, lost: true } : any
}

export type Operation = (a: Range, b: Range) => Range

/** What an instruction of this name does, to scalars or to each lane of vectors. */
export function arithmeticOf(name: string): Operation | undefined {
  return (arithmetic as Readonly<Record<string, Operation | undefined>>)[name]
}

/** The same of comparisons: 1 where it holds, 0 where it does not. */
export function comparisonOf(name: string): Operation | undefined {
  return (comparisons as Readonly<Record<string, Operation | undefined>>)[name]
}

export const arithmetic = {
  add: (a, b) => fit(a.bits, a.least + b.least, a.most + b.most),
  sub: (a, b) => barrett(a, b) ?? fit(a.bits, a.least - b.most, a.most - b.least),
  mul: (a, b) => ({ ...fit(a.bits, ...products(a, b)), ...made('product', a, b) }),
  and: (a, b) => {
    if (isExact(a) && isExact(b)) return exactly(a.bits, a.least & b.least)
    const [x, y] = a.least >= 0n ? [a, b] : [b, a]
    if (x.least < 0n) return bitwise(a, b)
    // All ones from below, and nothing above: nothing changes.
    for (const [number, mask] of [
      [x, y],
      [y, x],
    ] as const)
      if (isExact(mask) && number.least >= 0n && number.most <= mask.most && (mask.most & (mask.most + 1n)) === 0n)
        return number
    return range(a.bits, 0n, y.least < 0n || x.most < y.most ? x.most : y.most)
  },
  or: (a, b) => {
    if (isExact(a) && isExact(b)) return exactly(a.bits, a.least | b.least)
    if (isExact(a) && a.least === 0n) return b
    if (isExact(b) && b.least === 0n) return a
    const joined = withLowerHalf(a, b) ?? withLowerHalf(b, a)
    if (joined !== undefined) return joined
    const either = bitwise(a, b)
    // A bit that is set stays.
    return a.least >= 0n && b.least >= 0n ? range(a.bits, a.least > b.least ? a.least : b.least, either.most) : either
  },
  xor: (a, b) => {
    if (isExact(a) && isExact(b)) return exactly(a.bits, a.least ^ b.least)
    // What AssemblyScript writes for a not.
    if (isExact(b) && b.least === -1n) return range(a.bits, -1n - a.most, -1n - a.least)
    return bitwise(a, b)
  },
  shl: (a, b) => {
    const by = distance(a, b)
    const result = fit(a.bits, a.least << by, a.most << by)
    if (by !== BigInt(a.bits / 2) || result.lost === true) return result
    return { ...result, halves: [exactly(a.bits / 2, 0), range(a.bits / 2, a.least, a.most)] }
  },
  shr_u: (a, b) => shifted(unsigned(a), distance(a, b)),
  shr_s: (a, b) => shifted(signed(a), distance(a, b)),
  div_s: (a, b) => known2('a quotient', a, b, (x, y) => x / y),
  rem_s: (a, b) => known2('a remainder', a, b, (x, y) => x % y),
  div_u: (a, b) => known2('a quotient', unsigned(a), unsigned(b), (x, y) => x / y),
  rem_u: (a, b) => known2('a remainder', unsigned(a), unsigned(b), (x, y) => x % y),
  q15mulr_sat_s: (a, b) => {
    const [least, most] = products(signed(a), signed(b))
    return { ...fit(16, (least + 0x4000n) >> 15n, (most + 0x4000n) >> 15n), ...made('quotient', a, b) }
  },
} as const satisfies Record<string, Operation>

export const comparisons = {
  eq: (a, b) => equal(unsigned(a), unsigned(b)),
  ne: (a, b) => not(equal(unsigned(a), unsigned(b))),
  lt_s: (a, b) => less(signed(a), signed(b)),
  lt_u: (a, b) => less(unsigned(a), unsigned(b)),
  gt_s: (a, b) => less(signed(b), signed(a)),
  gt_u: (a, b) => less(unsigned(b), unsigned(a)),
  le_s: (a, b) => not(less(signed(b), signed(a))),
  le_u: (a, b) => not(less(unsigned(b), unsigned(a))),
  ge_s: (a, b) => not(less(signed(a), signed(b))),
  ge_u: (a, b) => not(less(unsigned(a), unsigned(b))),
} as const satisfies Record<string, Operation>

/** Either. */
export function union(a: Range, b: Range): Range {
  return range(a.bits, a.least < b.least ? a.least : b.least, a.most > b.most ? a.most : b.most)
}

/** The product of two numbers in twice as many bits. */
export function wideProduct(a: Range, b: Range): Range {
  return fit(2 * a.bits, ...products(a, b))
}

/** In more bits, or the lowest in fewer. */
export function resized(bits: number, x: Range): Range {
  if (bits === x.bits) return x
  if (fits(bits, x.least, x.most)) return { ...range(bits, x.least, x.most), ...lostWith(x) }
  return isExact(x) ? wrapped(bits, x.least) : anything(bits)
}

function fit(bits: number, least: bigint, most: bigint): Range {
  if (fits(bits, least, most)) return range(bits, least, most)
  return least === most ? { ...wrapped(bits, least), lost: true } : lost(bits)
}

function fits(bits: number, least: bigint, most: bigint): boolean {
  return least >= -(2n ** BigInt(bits - 1)) && most < 2n ** BigInt(bits)
}

function lost(bits: number): Range {
  return { ...anything(bits), lost: true }
}

function wrapped(bits: number, value: bigint): Range {
  return exactly(bits, BigInt.asUintN(bits, value))
}

/** Whether its range says more than that it has so many bits. */
function known(x: Range): boolean {
  return x.most - x.least < 2n ** BigInt(x.bits) - 1n
}

function products(a: Range, b: Range): [bigint, bigint] {
  if (a.least >= 0n && b.least >= 0n) return [a.least * b.least, a.most * b.most]
  const ends = [a.least * b.least, a.least * b.most, a.most * b.least, a.most * b.most]
  return [ends.reduce((x, y) => (x < y ? x : y)), ends.reduce((x, y) => (x > y ? x : y))]
}

function made(as: Made['as'], a: Range, b: Range): { made?: Made } {
  if (isExact(b)) return { made: { as, of: a, by: b.least } }
  return isExact(a) ? { made: { as, of: b, by: a.least } } : {}
}

/**
 * x z - q round(x z' / 2^15), where it is that: off by x (z - q z' / 2^15), and by q times what was rounded, which is at most
 * one half. The two products may overflow; their difference then is right again.
 */
function barrett(a: Range, b: Range): Range | undefined {
  const quotient = b.made?.as === 'product' ? b.made.of.made : undefined
  if (b.made === undefined || quotient?.as !== 'quotient') return undefined
  const { of: x, by: reciprocal } = quotient
  const z = a === x ? 1n : a.made?.as === 'product' && a.made.of === x ? a.made.by : undefined
  if (z === undefined) return undefined
  if (isExact(a) && isExact(b)) return exactly(a.bits, BigInt.asIntN(a.bits, a.least - b.least))
  const q = b.made.by
  const off = z * 0x8000n - q * reciprocal
  const bound = (q * 0x4000n + largest(signed(x)) * (off < 0n ? -off : off)) / 0x8000n
  return fit(a.bits, -bound, bound)
}

/** Without its sign. */
export function largest({ least, most }: Range): bigint {
  return most > -least ? most : -least
}

/** A number whose lower half is zero, and another one in its place. */
function withLowerHalf(low: Range, high: Range): Range | undefined {
  const modulus = 2n ** BigInt(low.bits / 2)
  if (high.halves === undefined || !isExact(high.halves[0]) || high.halves[0].least !== 0n) return undefined
  if (low.least < 0n || low.most >= modulus) return undefined
  const halves = [range(low.bits / 2, low.least, low.most), high.halves[1]] as const
  return { ...range(low.bits, high.least + low.least, high.most + low.most), halves }
}

/** As many bits as either has, and a sign where either has one. */
function bitwise(a: Range, b: Range): Range {
  let bits = 0n
  for (const end of [a.least, a.most, b.least, b.most]) while (end >= 1n << bits || end < -(1n << bits)) bits++
  return range(a.bits, a.least < 0n || b.least < 0n ? -(1n << bits) : 0n, (1n << bits) - 1n)
}

function distance({ bits }: Range, by: Range): bigint {
  if (!isExact(by)) throw new Error('a shift by what is not known')
  return by.least & BigInt(bits - 1)
}

function shifted(x: Range, by: bigint): Range {
  return { ...range(x.bits, x.least >> by, x.most >> by), ...lostWith(x) }
}

function known2(what: string, a: Range, b: Range, of: (x: bigint, y: bigint) => bigint): Range {
  if (!isExact(a) || !isExact(b)) throw new Error(`${what} of what is not known`)
  return exactly(a.bits, of(a.least, b.least))
}

function equal(a: Range, b: Range): Range {
  return decided(isExact(a) && isExact(b) && a.least === b.least, a.most < b.least || b.most < a.least)
}

function less(a: Range, b: Range): Range {
  return { ...decided(a.most < b.least, a.least >= b.most), ...lostWith(a, b) }
}

function decided(holds: boolean, fails: boolean): Range {
  return holds ? exactly(32, 1) : fails ? exactly(32, 0) : range(32, 0n, 1n)
}

function not(x: Range): Range {
  return { ...x, least: 1n - x.most, most: 1n - x.least }
}

/** What is made of a lost number is lost. */
function lostWith(...numbers: readonly Range[]): { lost?: true } {
  return numbers.some((x) => x.lost === true) ? { lost: true } : {}
}
