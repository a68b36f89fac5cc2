/**
 * Runs the text of a kernel on ranges: of what is public, addresses and counts, the range is one number, so it takes the
 * branches that the kernel takes, and knows every address. Of what may be anything, it follows what may become of it, and
 * notes each instruction whose result may not fit where it goes.
 */
import { exactly, isExact, largest, resized, signed, union, unsigned, type Range } from './ranges.ts'
import { constant, numbersOf, operation, zeroOf, type Value } from './range-operations.ts'
import { bytesOf, composed, grouped, vector, type Byte, type Vector } from './range-vectors.ts'
import { arity, resultsOf, shortName, type Instruction, type WatFunction, type WatModule } from './wat.ts'

/** The largest that an instruction was given and made, without signs. */
export interface Extent {
  /** The function and the instruction. */
  readonly what: string
  readonly operands: readonly bigint[]
  readonly result: bigint
}

export class RangeMachine {
  readonly #module: WatModule
  readonly #globals = new Map<string, Value>()
  readonly #memory: (Byte | undefined)[] = []
  /** Instructions whose result may not fit, by function and name. */
  readonly #lost = new Map<string, Set<Instruction>>()
  readonly #extents = new Map<Instruction, Extent>()

  constructor(module: WatModule) {
    this.#module = module
    for (const [name, [op, ...operands]] of module.globals) this.#globals.set(name, constant(op, operands))
    for (const { at, bytes } of module.data)
      for (const [i, byte] of bytes.entries()) this.#memory[at + i] = knownByte(byte)
  }

  /** Calls what the module calls so, without its folders, on numbers of 32 bits or on ranges. */
  call(name: string, ...args: readonly (number | Range)[]): void {
    this.#call(
      this.#named(name),
      args.map((value) => (typeof value === 'number' ? exactly(32, value) : value)),
    )
  }

  /** The value of a global of the source: an address, say. */
  global(name: string): number {
    const found = [...this.#globals].find(([each]) => shortName(each) === name)
    if (found === undefined) throw new Error(`the module has no global ${name}`)
    return Number((found[1] as Range).least)
  }

  set(address: number, ...ranges: readonly Range[]): void {
    for (const [i, byte] of ranges.flatMap(bytesOf).entries()) this.#memory[address + i] = byte
  }

  read(address: number, bits: number): Range {
    return composed(this.#bytes(address, bits / 8))
  }

  /** What may not fit: function and instruction, and in how many places. */
  get lost(): string[] {
    return [...this.#lost].map(([what, { size }]) => (size === 1 ? what : `${what}, ${size} times`)).toSorted()
  }

  /** Of each instruction that computed, and knew none of its operands. */
  get extents(): readonly Extent[] {
    return [...this.#extents.values()]
  }

  /** Of all instructions of this name in a function. */
  extent(what: string): Extent {
    const extents = [...this.#extents.values()].filter((extent) => extent.what === what)
    if (extents.length === 0) throw new Error(`nothing was computed by ${what}`)
    return extents.reduce((a, b) => ({
      what,
      operands: a.operands.map((most, i) => max(most, b.operands[i] as bigint)),
      result: max(a.result, b.result),
    }))
  }

  #named(name: string): string {
    const found = [...this.#module.functions.keys()].find((each) => shortName(each) === name)
    if (found === undefined) throw new Error(`the module has no function ${name}`)
    return found
  }

  #call(name: string, args: readonly Value[]): Value[] {
    const called = this.#module.functions.get(name)
    if (called === undefined) throw new Error(`the module has no function ${name}`)
    const stack: Value[] = []
    this.#run(
      called,
      called.body,
      called.locals.map((type, i) => args[i] ?? zeroOf(type)),
      stack,
    )
    return stack.slice(-called.results || stack.length)
  }

  /** The label that is branched to; undefined where the end is reached. */
  #run(owner: WatFunction, body: readonly Instruction[], locals: Value[], stack: Value[]): string | undefined {
    const pop = (): Value => {
      const value = stack.pop()
      if (value === undefined) throw new Error(`${owner.name}: the stack is empty`)
      return value
    }
    const popMany = (count: number): Value[] => stack.splice(stack.length - count, count)
    const decide = (what: string): boolean => {
      const condition = pop() as Range
      if (!isExact(condition)) throw new Error(`${owner.name}: ${what} depends on what is not known`)
      return condition.least !== 0n
    }
    const number = (value: Value): number => {
      if (!isExact(value as Range)) throw new Error(`${owner.name}: an address or a length is not known`)
      return Number(unsigned(value as Range).least)
    }
    for (const instruction of body) {
      const { op, operands } = instruction
      const [first = ''] = operands
      if (op === 'block' || op === 'loop' || op === 'if') {
        const taken = op !== 'if' || decide('if') ? instruction.body : instruction.otherwise
        const label = this.#runBlock(owner, instruction, taken, locals, stack)
        if (label !== undefined) return label
      } else if (op === 'br') return first
      else if (op === 'br_if') {
        if (decide(op)) return first
      } else if (op === 'return') return op
      else if (op === 'local.get') stack.push(locals[Number(first.slice(1))] as Value)
      else if (op === 'local.set') locals[Number(first.slice(1))] = pop()
      else if (op === 'local.tee') locals[Number(first.slice(1))] = stack.at(-1) as Value
      else if (op === 'global.get') stack.push(this.#globals.get(first) as Value)
      else if (op === 'global.set') this.#globals.set(first, pop())
      else if (op === 'call') {
        const { params } = this.#module.functions.get(first) as WatFunction
        stack.push(...this.#call(first, popMany(params)))
      } else if (op === 'drop') pop()
      else if (op === 'select') {
        const condition = pop() as Range
        const [a, b] = popMany(2) as [Range, Range]
        stack.push(isExact(condition) ? (condition.least !== 0n ? a : b) : union(a, b))
      } else if (op === 'memory.fill') {
        const [to, byte, length] = popMany(3).map(number) as [number, number, number]
        for (let i = 0; i < length; i++) this.#memory[to + i] = knownByte(byte)
      } else if (op === 'memory.copy') {
        const [to, from, length] = popMany(3).map(number) as [number, number, number]
        for (const [i, byte] of this.#bytes(from, length).entries()) this.#memory[to + i] = byte
      } else if (op.endsWith('.const')) stack.push(constant(op, operands))
      else if (op.includes('.load')) stack.push(this.#load(op, number(pop()) + offsetOf(operands)))
      else if (op.includes('.store')) {
        const [address, value] = popMany(2) as [Value, Value]
        this.#store(op, number(address) + offsetOf(operands), value)
      } else stack.push(this.#compute(owner, instruction, popMany(arity(op))))
    }
    return undefined
  }

  #runBlock(
    owner: WatFunction,
    { op, operands }: Instruction,
    body: readonly Instruction[],
    locals: Value[],
    stack: Value[],
  ): string | undefined {
    const name = operands.find((operand) => operand.startsWith('$')) ?? ' '
    const height = stack.length
    for (;;) {
      const label = this.#run(owner, body, locals, stack)
      if (label !== undefined && label !== name) return label
      const isAgain = op === 'loop' && label === name
      const results = isAgain ? 0 : resultsOf(operands.join(' '))
      stack.splice(height, stack.length - height - results)
      if (!isAgain) return undefined
    }
  }

  #compute(owner: WatFunction, instruction: Instruction, args: readonly Value[]): Value {
    const { op, operands } = instruction
    const result = operation(op, operands)(...args)
    const ranges = numbersOf(result)
    const what = `${shortName(owner.name)}: ${op}`
    if (ranges.some((range) => range.lost === true)) {
      this.#lost.set(what, (this.#lost.get(what) ?? new Set()).add(instruction))
      return 'lanes' in result ? vector(ranges.map(found)) : found(result)
    }
    if (args.every((arg) => !numbersOf(arg).every(isExact))) {
      const before = this.#extents.get(instruction)
      const extents = args.map((arg, i) => numbersOf(arg).reduce(larger, before?.operands[i] ?? 0n))
      this.#extents.set(instruction, { what, operands: extents, result: ranges.reduce(larger, before?.result ?? 0n) })
    }
    return result
  }

  #load(op: string, address: number): Value {
    if (op === 'v128.load') return vector(grouped(this.#bytes(address, 16)))
    const splat = /^v128\.load(\d+)_splat$/.exec(op)?.[1]
    if (splat !== undefined) {
      const lane = this.read(address, Number(splat))
      return vector(Array.from({ length: 128 / lane.bits }, () => lane))
    }
    const [, bits, size = bits, sign = 'u'] = /^i(\d+)\.load(?:(\d+)_([su]))?$/.exec(op) ?? []
    if (bits === undefined) throw new Error(`the instruction ${op} is not known to this machine`)
    const loaded = this.read(address, Number(size))
    if (size === bits) return loaded
    return resized(Number(bits), sign === 's' ? signed(loaded) : unsigned(loaded))
  }

  #store(op: string, address: number, value: Value): void {
    if (op === 'v128.store') return this.set(address, ...(value as Vector).lanes)
    const [, bits, size = bits] = /^i(\d+)\.store(\d+)?$/.exec(op) ?? []
    if (bits === undefined) throw new Error(`the instruction ${op} is not known to this machine`)
    this.set(address, size === bits ? (value as Range) : resized(Number(size), value as Range))
  }

  #bytes(address: number, length: number): Byte[] {
    return Array.from({ length }, (_, i) => this.#memory[address + i] ?? knownByte(0))
  }
}

/** It has been noted: from here on it is a number like others. */
function found({ bits, least, most, made }: Range): Range {
  return made === undefined ? { bits, least, most } : { bits, least, most, made }
}

function knownByte(value: number): Byte {
  return knownBytes[value] as Byte
}

function larger(most: bigint, range: Range): bigint {
  return max(most, largest(range))
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

function offsetOf(operands: readonly string[]): number {
  return Number(operands.find((operand) => operand.startsWith('offset='))?.slice(7) ?? 0)
}

/** Every byte that is known, once: memory is full of them. */
const knownBytes = Array.from({ length: 256 }, (_, value): Byte => ({ of: exactly(8, value), index: 0 }))
