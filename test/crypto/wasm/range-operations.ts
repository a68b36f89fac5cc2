/** What each instruction that computes does to ranges, and to vectors of them. */
import {
  arithmeticOf,
  comparisonOf,
  comparisons,
  exactly,
  isExact,
  resized,
  signed,
  unsigned,
  type Range,
} from './ranges.ts'
import { onVectors, vector, type Vector } from './range-vectors.ts'

export type Value = Range | Vector
export type Operation = (...args: readonly Value[]) => Value

/** By its name and what stands behind it. */
export function operation(op: string, operands: readonly string[]): Operation {
  const key = [op, ...operands].join(' ')
  const made = operations.get(key) ?? makeOperation(op, operands)
  operations.set(key, made)
  return made
}

function makeOperation(op: string, operands: readonly string[]): Operation {
  const [shape, name] = op.split('.') as [string, string]
  const found = shape.includes('x') || shape === 'v128' ? onVectors(shape, name, operands) : onNumbers(shape, name)
  if (found === undefined) throw new Error(`the instruction ${op} is not known to this machine`)
  // A kernel that the compiler made hands each instruction operands of its type.
  return found as Operation
}

function onNumbers(shape: string, name: string): ((a: Range, b: Range) => Range) | undefined {
  if (name === 'wrap_i64') return (x) => resized(32, x)
  if (name === 'extend_i32_s') return (x) => resized(64, signed(x))
  if (name === 'extend_i32_u') return (x) => resized(64, unsigned(x))
  if (name === 'eqz') return (x) => comparisons.eq(x, exactly(Number(shape.slice(1)), 0))
  if (name === 'clz') return leadingZeros
  return arithmeticOf(name) ?? comparisonOf(name)
}

/** Of a number that is known. */
function leadingZeros(x: Range): Range {
  if (!isExact(x)) throw new Error('leading zeros of what is not known')
  const { least } = unsigned(x)
  return exactly(x.bits, least === 0n ? x.bits : x.bits - least.toString(2).length)
}

/** What a constant instruction pushes. */
export function constant(op: string, operands: readonly string[]): Value {
  if (op !== 'v128.const') return exactly(Number(op.slice(1, 3)), BigInt(operands[0] as string))
  return vector(operands.slice(1).map((word) => exactly(32, BigInt(word))))
}

/** What a local of this type begins with. */
export function zeroOf(type: string): Value {
  return type === 'v128' ? vector([exactly(64, 0), exactly(64, 0)]) : exactly(Number(type.slice(1)), 0)
}

/** One, or the lanes of a vector. */
export function numbersOf(value: Value): readonly Range[] {
  return 'lanes' in value ? value.lanes : [value]
}

const operations = new Map<string, Operation>()
