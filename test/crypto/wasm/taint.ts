import { arity, resultsOf, shortName, type Instruction, type WatFunction, type WatModule } from './wat.ts'

/**
 * Follows secrets through a kernel, and says where its time or its addresses could tell of them.
 *
 * Every byte of memory counts as secret, and so does everything that is computed from it. Arguments of exported functions
 * are lengths and numbers, which are public. A finding is a branch, a select, an address, a length of a fill or a copy, or
 * a division that depends on a secret. What is not found does not depend on one: in this text, and as far as the engine
 * compiles arithmetic to arithmetic.
 */
export interface Finding {
  readonly function: string
  readonly what: string
}

/** True where a value may tell of a secret. */
type Secret = boolean

interface State {
  readonly locals: Secret[]
  readonly stack: Secret[]
}

interface Label {
  readonly name: string
  /** Values that a branch to it takes along. */
  readonly results: number
  readonly height: number
  /** What branches to it brought. */
  arrived: State | undefined
}

export function findings(module: WatModule): Finding[] {
  const analysis = new Analysis(module)
  // Globals that code assigns are secret from the moment something secret was assigned: until nothing changes.
  for (let known = -1; known !== analysis.secretGlobals.size;) {
    known = analysis.secretGlobals.size
    analysis.forget()
    for (const name of module.exported) {
      const { params } = module.functions.get(name) as WatFunction
      analysis.call(
        name,
        Array.from({ length: params }, () => false),
      )
    }
  }
  return [...analysis.found.values()]
}

class Analysis {
  readonly #module: WatModule
  readonly #results = new Map<string, readonly Secret[]>()
  readonly secretGlobals = new Set<string>()
  readonly found = new Map<string, Finding>()

  constructor(module: WatModule) {
    this.#module = module
  }

  forget(): void {
    this.#results.clear()
  }

  /** Which results of a call tell of secrets, given which arguments do. */
  call(name: string, args: readonly Secret[]): readonly Secret[] {
    const key = `${name} ${args.join()}`
    const known = this.#results.get(key)
    if (known !== undefined) return known
    const called = this.#module.functions.get(name)
    if (called === undefined) throw new Error(`${name} is called, and is not there`)
    const locals = called.locals.map((_, i) => args[i] ?? false)
    const label: Label = { name: '', results: called.results, height: 0, arrived: undefined }
    const end = this.#run(called, called.body, { locals, stack: [] }, [label])
    if (end !== undefined) arrive(label, end)
    const results = label.arrived?.stack ?? []
    this.#results.set(key, results)
    return results
  }

  /** The state behind the instructions; undefined where it is never reached. */
  #run(owner: WatFunction, body: readonly Instruction[], before: State, labels: readonly Label[]): State | undefined {
    const locals = [...before.locals]
    const stack = [...before.stack]
    const pop = (): Secret => {
      const value = stack.pop()
      if (value === undefined) throw new Error(`${owner.name}: the stack is empty`)
      return value
    }
    const popMany = (count: number): Secret[] => Array.from({ length: count }, pop).toReversed()
    for (const instruction of body) {
      const { op, operands } = instruction
      const [first = ''] = operands
      const mustNotTell = (what: string, ...values: readonly Secret[]): void => {
        if (!values.includes(true)) return
        this.found.set(`${owner.name} ${instruction.at}`, { function: shortName(owner.name), what })
      }

      if (op === 'block' || op === 'loop' || op === 'if') {
        if (op === 'if') mustNotTell('if', pop())
        const after = this.#runBlock(owner, instruction, { locals, stack }, labels)
        if (after === undefined) return undefined
        locals.splice(0, locals.length, ...after.locals)
        stack.splice(0, stack.length, ...after.stack)
        continue
      }
      if (op === 'br' || op === 'br_if' || op === 'return') {
        if (op === 'br_if') mustNotTell('br_if', pop())
        const label = op === 'return' ? labels[0] : labels.findLast(({ name }) => name === first)
        if (label === undefined) throw new Error(`${owner.name}: no label ${first}`)
        arrive(label, { locals, stack })
        if (op === 'br_if') continue
        return undefined
      }
      if (op === 'unreachable') return undefined

      if (op === 'local.get') stack.push(locals[index(first)] as Secret)
      else if (op === 'local.set') locals[index(first)] = pop()
      else if (op === 'local.tee') locals[index(first)] = stack.at(-1) as Secret
      else if (op === 'global.get') stack.push(this.secretGlobals.has(first))
      else if (op === 'global.set') {
        if (pop()) this.secretGlobals.add(first)
      } else if (op === 'call') {
        const { params } = this.#module.functions.get(first) as WatFunction
        stack.push(...this.call(first, popMany(params)))
      } else if (op === 'drop') pop()
      else if (op === 'select') {
        mustNotTell('select', pop())
        const [a, b] = popMany(2)
        stack.push(a === true || b === true)
      } else if (op === 'memory.fill' || op === 'memory.copy') {
        const [to, from, length] = popMany(3) as [Secret, Secret, Secret]
        mustNotTell(op, to, length, op === 'memory.copy' && from)
      } else if (op.endsWith('.const')) stack.push(false)
      else if (/\.load\d*_lane$/.test(op)) {
        mustNotTell('address', popMany(2)[0] as Secret)
        stack.push(true)
      } else if (/\.load/.test(op)) {
        mustNotTell('address', pop())
        stack.push(true)
      } else if (/\.store/.test(op)) mustNotTell('address', popMany(2)[0] as Secret)
      else {
        const values = popMany(arity(op))
        if (/\.(div|rem)_/.test(op)) mustNotTell('division', ...values)
        stack.push(values.includes(true))
      }
    }
    return { locals, stack }
  }

  #runBlock(owner: WatFunction, block: Instruction, before: State, labels: readonly Label[]): State | undefined {
    const { op, operands, body, otherwise } = block
    const results = resultsOf(operands.join(' '))
    const name = operands.find((operand) => operand.startsWith('$')) ?? ' '
    const label: Label = { name, results: op === 'loop' ? 0 : results, height: before.stack.length, arrived: undefined }
    const within = [...labels, label]
    if (op === 'loop') {
      // Around until going around brings nothing new.
      for (let start = before; ;) {
        label.arrived = undefined
        const end = this.#run(owner, body, start, within)
        const again = label.arrived === undefined ? start : join(start, label.arrived)
        if (same(again, start)) return end
        start = again
      }
    }
    for (const branch of op === 'if' ? [body, otherwise] : [body]) {
      const end = this.#run(owner, branch, before, within)
      if (end !== undefined) arrive(label, end)
    }
    return label.arrived
  }
}

/** Merges a state that has come to a label with those that came before: with its results only, on top of what lay there. */
function arrive(label: Label, { locals, stack }: State): void {
  const results = label.results === 0 ? [] : stack.slice(-label.results)
  const state = { locals: [...locals], stack: [...stack.slice(0, label.height), ...results] }
  label.arrived = label.arrived === undefined ? state : join(label.arrived, state)
}

function join(a: State, b: State): State {
  return { locals: either(a.locals, b.locals), stack: either(a.stack, b.stack) }
}

function either(one: readonly Secret[], other: readonly Secret[]): Secret[] {
  return one.map((value, i) => value || (other[i] as Secret))
}

function same(a: State, b: State): boolean {
  return a.locals.join() === b.locals.join() && a.stack.join() === b.stack.join()
}

function index(local: string): number {
  return Number(local.slice(1))
}
