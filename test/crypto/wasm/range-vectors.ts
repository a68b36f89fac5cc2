/** Vectors of ranges, in lanes of whatever width they were made in; and their bytes, which say of what range each is a part. */
import {
  arithmetic,
  arithmeticOf,
  comparisonOf,
  exactly,
  isExact,
  range,
  resized,
  signed,
  union,
  unsigned,
  wideProduct,
  type Operation,
  type Range,
} from './ranges.ts'

/** Lanes from the lowest on, of 128 bits together. */
export interface Vector {
  readonly lanes: readonly Range[]
  /** The same in lanes of other widths: made once, for a lane is known again by being the same object. */
  readonly as: Map<number, readonly Range[]>
}

/** The byte of a range that stands at `index`. */
export interface Byte {
  readonly of: Range
  readonly index: number
}

export function vector(lanes: readonly Range[]): Vector {
  return { lanes, as: new Map() }
}

/** What `#x#.op` does, for vectors of lanes of so many bits; undefined where it is not known. */
export function onVectors(
  shape: string,
  op: string,
  operands: readonly string[],
): ((...args: never[]) => unknown) | undefined {
  const bits = shape === 'v128' ? 0 : Number(/^i(\d+)x/.exec(shape)?.[1])
  if (op === 'shuffle') return (a: Vector, b: Vector) => shuffle(a, b, operands.map(Number))
  if (shape === 'v128') return { and, andnot, or, xor, bitselect }[op]
  if (op === 'replace_lane')
    return (a: Vector, x: Range) => vector(lanesOf(a, bits).with(Number(operands[0]), resized(bits, x)))
  if (op === 'swizzle') return swizzle
  if (op === 'splat') return (x: Range) => vector(Array.from({ length: 128 / bits }, () => resized(bits, x)))
  const [, extract, sign] = /^(extract_lane)(?:_([su]))?$/.exec(op) ?? []
  if (extract !== undefined)
    return (a: Vector) => extended(lanesOf(a, bits)[Number(operands[0])] as Range, Math.max(32, bits), sign)
  const [, part, half, signs] = /^(extend|extmul)_(low|high)_i\d+x\d+_([su])$/.exec(op) ?? []
  if (part !== undefined)
    return (...of: Vector[]) => vector(widened(part, half === 'high', signs === 's', bits / 2, of))
  if (op === 'dot_i16x8_s') return dot
  if (op.startsWith('sh')) return (a: Vector, by: Range) => shifted(bits, a, by, op)
  const compute = arithmeticOf(op)
  if (compute !== undefined) return (a: Vector, b: Vector) => lanewise(bits, a, b, compute)
  const compare = comparisonOf(op)
  // All ones where it holds.
  if (compare !== undefined) return (a: Vector, b: Vector) => lanewise(bits, a, b, (x, y) => mask(bits, compare(x, y)))
  return undefined
}

export function lanesOf(of: Vector, bits: number): readonly Range[] {
  if (of.lanes.every((lane) => lane.bits === bits)) return of.lanes
  const made = of.as.get(bits)
  if (made !== undefined) return made
  const bytes = of.lanes.flatMap(bytesOf)
  const lanes = Array.from({ length: 128 / bits }, (_, i) =>
    composed(bytes.slice((i * bits) / 8, ((i + 1) * bits) / 8)),
  )
  of.as.set(bits, lanes)
  return lanes
}

export function bytesOf(of: Range): Byte[] {
  if (of.halves !== undefined) return of.halves.flatMap(bytesOf)
  return Array.from({ length: of.bits / 8 }, (_, index) => ({ of, index }))
}

/** The ranges that bytes are of: whole where all their bytes stand together, else what the others leave of them. */
export function grouped(bytes: readonly Byte[]): Range[] {
  const ranges: Range[] = []
  for (let i = 0; i < bytes.length;) {
    const { of, index } = bytes[i] as Byte
    let count = 1
    while (bytes[i + count]?.of === of && bytes[i + count]?.index === index + count) count++
    ranges.push(
      8 * count === of.bits
        ? of
        : resized(8 * count, range(of.bits, of.least >> BigInt(8 * index), of.most >> BigInt(8 * index))),
    )
    i += count
  }
  return ranges
}

/** One number of all these bytes, the lowest first. */
export function composed(bytes: readonly Byte[]): Range {
  const parts = grouped(bytes)
  if (parts.length === 1) return parts[0] as Range
  let [least, most, at] = [0n, 0n, 0n]
  for (const [i, part] of parts.entries()) {
    // Only the uppermost may have a sign.
    const of = i === parts.length - 1 ? part : unsigned(part)
    least += of.least << at
    most += of.most << at
    at += BigInt(part.bits)
  }
  return range(8 * bytes.length, least, most)
}

function shuffle(a: Vector, b: Vector, order: readonly number[]): Vector {
  const bytes = [...a.lanes, ...b.lanes].flatMap(bytesOf)
  return vector(grouped(order.map((from) => bytes[from] as Byte)))
}

/** A shuffle by a vector; what it names beyond the end is zero. */
function swizzle(a: Vector, order: Vector): Vector {
  const bytes = a.lanes.flatMap(bytesOf)
  const from = exactBytes(order)
  if (from === undefined) throw new Error('a swizzle in an order that is not known')
  return vector(grouped(from.map((at) => bytes[at] ?? zeroByte())))
}

/** Whole bytes are kept or cleared as they are. */
function and(a: Vector, b: Vector): Vector {
  for (const [x, y] of [
    [a, b],
    [b, a],
  ] as const) {
    const kept = exactBytes(y)
    if (kept?.every((byte) => byte === 0 || byte === 255) === true)
      return vector(grouped(x.lanes.flatMap(bytesOf).map((byte, i) => (kept[i] === 255 ? byte : zeroByte()))))
  }
  return lanewise(width(a, b), a, b, arithmetic.and)
}

function andnot(a: Vector, b: Vector): Vector {
  return and(a, vector(b.lanes.map((lane) => arithmetic.xor(lane, exactly(lane.bits, -1)))))
}

/** Where one byte is zero, the other stays. */
function or(a: Vector, b: Vector): Vector {
  const [x, y] = [a, b].map((each) => each.lanes.flatMap(bytesOf)) as [Byte[], Byte[]]
  if (x.every((byte, i) => isZero(byte) || isZero(y[i] as Byte)))
    return vector(grouped(x.map((byte, i) => (isZero(byte) ? (y[i] as Byte) : byte))))
  return lanewise(width(a, b), a, b, arithmetic.or)
}

function xor(a: Vector, b: Vector): Vector {
  return lanewise(width(a, b), a, b, arithmetic.xor)
}

/** The mask may be a secret: either. */
function bitselect(a: Vector, b: Vector): Vector {
  return lanewise(width(a, b), a, b, union)
}

/** To the left by whole bytes, each stays what it is. */
function shifted(bits: number, a: Vector, by: Range, op: string): Vector {
  const lanes = lanesOf(a, bits).map((x) => (arithmeticOf(op) as Operation)(x, by))
  if (op !== 'shl' || by.least % 8n !== 0n || lanes.some((lane) => lane.lost === true)) return vector(lanes)
  const zeros = Array.from({ length: Number(by.least) / 8 }, zeroByte)
  return vector(lanesOf(a, bits).flatMap((x) => grouped([...zeros, ...bytesOf(x)].slice(0, bits / 8))))
}

function dot(a: Vector, b: Vector): Vector {
  const [x, y] = [lanesOf(a, 16), lanesOf(b, 16)]
  const each = x.map((lane, i) => wideProduct(signed(lane), signed(y[i] as Range)))
  return vector([0, 2, 4, 6].map((i) => arithmetic.add(each[i] as Range, each[i + 1] as Range)))
}

function widened(part: string, high: boolean, hasSign: boolean, bits: number, of: readonly Vector[]): Range[] {
  const count = 64 / bits
  const [x, y] = of.map((each) =>
    lanesOf(each, bits)
      .slice(high ? count : 0, high ? 2 * count : count)
      .map(hasSign ? signed : unsigned),
  )
  if (part === 'extend') return (x as Range[]).map((lane) => resized(2 * bits, lane))
  return (x as Range[]).map((lane, i) => wideProduct(lane, y?.[i] as Range))
}

function extended(lane: Range, bits: number, sign: string | undefined): Range {
  return bits === lane.bits ? lane : resized(bits, sign === 's' ? signed(lane) : unsigned(lane))
}

function lanewise(bits: number, a: Vector, b: Vector, of: Operation): Vector {
  const y = lanesOf(b, bits)
  return vector(lanesOf(a, bits).map((x, i) => of(x, y[i] as Range)))
}

/** Of the lanes that are not known. */
function width(a: Vector, b: Vector): number {
  const lane = a.lanes.find((x) => !isExact(x)) ?? b.lanes.find((x) => !isExact(x))
  return lane?.bits ?? 64
}

function mask(bits: number, { least, most }: Range): Range {
  return range(bits, -most, -least)
}

function exactBytes(of: Vector): number[] | undefined {
  if (!of.lanes.every(isExact)) return undefined
  return of.lanes.flatMap(bytesOf).map(({ of: { least }, index }) => Number((least >> BigInt(8 * index)) & 255n))
}

function isZero({ of, index }: Byte): boolean {
  return isExact(of) && ((of.least >> BigInt(8 * index)) & 255n) === 0n
}

function zeroByte(): Byte {
  return { of: exactly(8, 0), index: 0 }
}
