/**
 * WebAssembly's vectors with an interval in each lane. What the sources of a kernel do with vectors runs on them as plain
 * TypeScript, and each operation throws where a lane could overflow for any values within the intervals. Intervals of one
 * value make it an interpreter.
 */
export type Interval = readonly [least: number, most: number]

/** Eight lanes of 16 bits or four of 32: as it was made. */
export type Vector =
  { readonly halves: readonly Interval[]; readonly words?: never } | { readonly words: readonly Interval[] }

/** What AssemblyScript knows without an import; `memory` starts empty. */
export function install(): void {
  stored.clear()
  Object.assign(globalThis, { v128, i32x4, i16x8, memory: { data, fill }, load, store })
}

export function exactly(value: number): Interval {
  return [value, value]
}

export function read(address: number): Vector {
  const found = stored.get(address)
  if (found === undefined) throw new Error(`nothing was written at ${address}`)
  return found
}

export function write(address: number, vector: Vector): void {
  stored.set(address, vector)
}

export function halvesOf(vector: Vector): readonly Interval[] {
  return vector.words === undefined ? vector.halves : vector.words.flatMap(split)
}

/** A word that holds no more than a half, or is known, as its two halves. */
function split([least, most]: Interval): Interval[] {
  if (least === most) return [exactly((least << 16) >> 16), exactly(least >> 16)]
  if (least < -0x8000 || most > 0x7fff) throw new Error(`a half overflows: ${least} to ${most}`)
  return [
    [least, most],
    [least < 0 ? -1 : 0, most < 0 ? -1 : 0],
  ]
}

function wordsOf(vector: Vector): readonly Interval[] {
  if (vector.words !== undefined) return vector.words
  throw new Error('halves are taken for words')
}

const v128 = {
  load: (address: number, offset = 0) => read(address + offset),
  store: (address: number, vector: Vector, offset = 0) => write(address + offset, vector),
  /** Of the two, at least one is known. */
  and(a: Vector, b: Vector): Vector {
    const [x, mask] = isKnown(b) ? [a, b] : [b, a]
    if (x.words === undefined) return { halves: lanewise(x.halves, halvesOf(mask), masked) }
    return { words: lanewise(x.words, wordsOf(mask), masked) }
  },
  /** Of two lanes, one is known to be 0. */
  or: (a: Vector, b: Vector): Vector => ({
    halves: lanewise(halvesOf(a), halvesOf(b), (x, y) => {
      if (isZero(x)) return y
      if (isZero(y)) return x
      throw new Error('both sides of an or may be something')
    }),
  }),
  /** The mask is a secret: either. */
  bitselect: (a: Vector, b: Vector): Vector => ({
    halves: lanewise(halvesOf(a), halvesOf(b), (x, y) => [Math.min(x[0], y[0]), Math.max(x[1], y[1])]),
  }),
  /** As many numbers as there are lanes: 8, 4 or 2. */
  shuffle(a: Vector, b: Vector, ...order: number[]): Vector {
    if (order.length === 4 && a.words !== undefined && b.words !== undefined) {
      const lanes = [...a.words, ...b.words]
      return { words: order.map((from) => lanes[from] as Interval) }
    }
    const lanes = [...halvesOf(a), ...halvesOf(b)]
    const size = 8 / order.length
    return { halves: order.flatMap((from) => lanes.slice(from * size, (from + 1) * size)) }
  },
}

const i32x4 = Object.assign((...values: number[]): Vector => ({ words: values.map(exactly) }), {
  splat: (value: number): Vector => ({ words: Array.from({ length: 4 }, () => exactly(value)) }),
  add: (a: Vector, b: Vector): Vector => ({ words: lanewise(wordsOf(a), wordsOf(b), (x, y) => word(sum(x, y))) }),
  mul: (a: Vector, b: Vector): Vector => ({ words: lanewise(wordsOf(a), wordsOf(b), (x, y) => word(product(x, y))) }),
  shr_s: (a: Vector, bits: number): Vector => ({
    words: wordsOf(a).map(([least, most]) => [Math.floor(least / 2 ** bits), Math.floor(most / 2 ** bits)]),
  }),
  /** By half a word: what was the lower half, and must be no more than that, is the upper one now. */
  shl(a: Vector, bits: number): Vector {
    if (bits !== 16) throw new Error(`a shift by ${bits} bits`)
    return { halves: wordsOf(a).flatMap((x) => [exactly(0), half(x)]) }
  },
  dot_i16x8_s(a: Vector, b: Vector): Vector {
    const products = lanewise(halvesOf(a), halvesOf(b), product)
    return { words: [0, 2, 4, 6].map((i) => word(sum(products[i] as Interval, products[i + 1] as Interval))) }
  },
})

const i16x8 = Object.assign((...values: number[]): Vector => ({ halves: values.map(exactly) }), {
  add: (a: Vector, b: Vector): Vector => ({ halves: lanewise(halvesOf(a), halvesOf(b), (x, y) => half(sum(x, y))) }),
  sub: (a: Vector, b: Vector): Vector => ({
    halves: lanewise(halvesOf(a), halvesOf(b), ([least, most], y) => half([least - y[1], most - y[0]])),
  }),
  mul: (a: Vector, b: Vector): Vector => ({
    halves: lanewise(halvesOf(a), halvesOf(b), (x, y) => half(product(x, y))),
  }),
})

/** Bytes of which only the length is known are zeros; else 32-bit values. */
function data(content: number | readonly number[]): number {
  const values = typeof content === 'number' ? Array.from({ length: content / 4 }, () => 0) : content
  const address = next
  next += 4 * values.length
  for (let i = 0; i < values.length; i += 4)
    write(address + 4 * i, { words: values.slice(i, i + 4).map((value) => exactly(value | 0)) })
  return address
}

function fill(address: number, value: number, length: number): void {
  for (let i = 0; i < length; i += 16) write(address + i, i32x4.splat(value))
}

/** What a peer sends has all its bits set: no limb can be larger. */
function load(): number {
  return -1
}

function store(address: number, value: number, offset = 0): void {
  const lane = ((address + offset) % 16) / 4
  const at = address + offset - 4 * lane
  write(at, { words: wordsOf(read(at)).with(lane, exactly(value)) })
}

function lanewise(
  a: readonly Interval[],
  b: readonly Interval[],
  of: (x: Interval, y: Interval) => Interval,
): Interval[] {
  return a.map((x, i) => of(x, b[i] as Interval))
}

function sum(x: Interval, y: Interval): Interval {
  return [x[0] + y[0], x[1] + y[1]]
}

function product(x: Interval, y: Interval): Interval {
  const ends = x.flatMap((end) => y.map((other) => end * other))
  return [Math.min(...ends), Math.max(...ends)]
}

/** Where the mask is known and all ones from below. */
function masked(x: Interval, [mask]: Interval): Interval {
  if (x[0] === x[1]) return exactly(x[0] & mask)
  return mask === -1 ? x : [0, mask]
}

function word(x: Interval): Interval {
  if (x[0] < -(2 ** 31) || x[1] >= 2 ** 31) throw new Error(`a word overflows: ${x[0]} to ${x[1]}`)
  return x
}

function half(x: Interval): Interval {
  if (x[0] < -(2 ** 15) || x[1] >= 2 ** 15) throw new Error(`a half overflows: ${x[0]} to ${x[1]}`)
  return x
}

function isKnown(vector: Vector): boolean {
  return (vector.words ?? vector.halves).every(([least, most]) => least === most)
}

function isZero([least, most]: Interval): boolean {
  return least === 0 && most === 0
}

const stored = new Map<number, Vector>()
let next = 16
