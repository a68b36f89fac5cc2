/** Reads the text form of a module, as the compiler writes it: one instruction a line, operands on the stack. */

export interface Instruction {
  /** Its place in the function. */
  readonly at: number
  readonly op: string
  readonly operands: readonly string[]
  /** Of a block, a loop or an if. */
  readonly body: readonly Instruction[]
  readonly otherwise: readonly Instruction[]
}

export interface WatFunction {
  readonly name: string
  readonly params: number
  readonly results: number
  readonly locals: number
  readonly body: readonly Instruction[]
}

export interface WatModule {
  readonly functions: ReadonlyMap<string, WatFunction>
  /** Names of the functions that are called from outside. */
  readonly exported: readonly string[]
}

export function readWat(text: string): WatModule {
  const lines = text.split('\n').map((line) => line.trim())
  const functions = new Map<string, WatFunction>()
  const exported = lines.flatMap((line) => /^\(export "[^"]+" \(func (\$\S+)\)\)$/.exec(line)?.[1] ?? [])
  const start = lines.flatMap((line) => /^\(start (\$\S+)\)$/.exec(line)?.[1] ?? [])
  for (let i = 0; i < lines.length; i++) {
    const head = /^\(func (\$\S+)(.*)$/.exec(lines[i] ?? '')
    if (head === null) continue
    const [, name, signature] = head as unknown as [string, string, string]
    const body: string[] = []
    let locals = 0
    for (i++; lines[i] !== ')'; i++) {
      if (lines[i]?.startsWith('(local ')) locals++
      else body.push(lines[i] as string)
    }
    const counts = { params: count(signature, /\(param /g), results: resultsOf(signature) }
    functions.set(name, { name, ...counts, locals: locals + counts.params, body: nest(body) })
  }
  return { functions, exported: [...exported, ...start] }
}

/** How many results a block or a function says it has. */
export function resultsOf(signature: string): number {
  const types = /\(result ([^)]*)\)/.exec(signature)?.[1]
  return types === undefined ? 0 : types.split(' ').length
}

function nest(lines: readonly string[]): Instruction[] {
  let at = 0
  function sequence(): Instruction[] {
    const instructions: Instruction[] = []
    for (; at < lines.length; at++) {
      const [op = '', ...operands] = (lines[at] as string).split(/ (?![^(]*\))/)
      if (op === 'end' || op === 'else') return instructions
      const place = at
      if (op !== 'block' && op !== 'loop' && op !== 'if') {
        instructions.push({ at: place, op, operands, body: [], otherwise: [] })
        continue
      }
      at++
      const body = sequence()
      let otherwise: Instruction[] = []
      if (lines[at] === 'else') {
        at++
        otherwise = sequence()
      }
      instructions.push({ at: place, op, operands, body, otherwise })
    }
    return instructions
  }
  return sequence()
}

function count(text: string, what: RegExp): number {
  return [...text.matchAll(what)].length
}
