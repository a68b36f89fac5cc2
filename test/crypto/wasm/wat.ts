/** Reads the text form of a module, as the compiler writes it: one instruction a line, operands on the stack. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KernelName } from '../../../src/crypto/wasm/kernel.ts'

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
  /** The types of parameters and other locals. */
  readonly locals: readonly string[]
  readonly body: readonly Instruction[]
}

export interface WatModule {
  readonly functions: ReadonlyMap<string, WatFunction>
  /** Names of the functions that are called from outside. */
  readonly exported: readonly string[]
  /** By name, the constant that each begins with: its type, and the rest of the instruction. */
  readonly globals: ReadonlyMap<string, readonly [op: string, ...operands: readonly string[]]>
  /** What memory begins with, where it is not zero. */
  readonly data: readonly { readonly at: number; readonly bytes: readonly number[] }[]
}

/** What the build wrote beside a kernel. */
export function kernelText(name: KernelName): string {
  const kernels = join(import.meta.dirname, '..', '..', '..', 'src', 'crypto', 'wasm', 'kernels')
  return readFileSync(join(kernels, `${name}.wat`), 'utf8')
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
    const locals = [...signature.matchAll(/\(param \S+ (\w+)\)/g)].map(([, type]) => type as string)
    const params = locals.length
    for (i++; lines[i] !== ')'; i++) {
      const local = /^\(local \S+ (\w+)\)$/.exec(lines[i] ?? '')?.[1]
      if (local !== undefined) locals.push(local)
      else body.push(lines[i] as string)
    }
    functions.set(name, { name, params, results: resultsOf(signature), locals, body: nest(body) })
  }
  const globals = lines.flatMap((line) => {
    const [, global, constant] = /^\(global (\$\S+) .*\((\S+\.const [^)]*)\)\)$/.exec(line) ?? []
    return global === undefined ? [] : [[global, (constant as string).split(' ') as [string, ...string[]]] as const]
  })
  const data = lines.flatMap((line) => {
    const [, at, text] = /^\(data \S+ \(i32\.const (\d+)\) "(.*)"\)$/.exec(line) ?? []
    return text === undefined ? [] : [{ at: Number(at), bytes: bytesOf(text) }]
  })
  return { functions, exported: [...exported, ...start], globals: new Map(globals), data }
}

/** A string's bytes: characters, and after a backslash two digits or one character that has a meaning of its own. */
function bytesOf(text: string): number[] {
  return [...text.matchAll(/\\([0-9a-f]{2})|\\(.)|(.)/g)].map(([, digits, escaped, plain]) => {
    if (digits !== undefined) return Number.parseInt(digits, 16)
    if (plain !== undefined) return plain.charCodeAt(0)
    return { t: 9, n: 10, r: 13 }[escaped as string] ?? (escaped as string).charCodeAt(0)
  })
}

/** Of a function or a global: its file, without the folders that all have in common, and its name there. */
export function shortName(name: string): string {
  return name.replace(/^\$/, '').replace(/^.*\/assembly\//, '')
}

/** How many operands an instruction takes that only computes. One that is not known here is not guessed at. */
export function arity(op: string): number {
  if (op === 'v128.bitselect') return 3
  if (unary.test(op)) return 1
  if (binary.test(op)) return 2
  throw new Error(`the instruction ${op} is not known to this analysis`)
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

const unary =
  /\.(eqz|clz|ctz|popcnt|not|neg|abs|splat|any_true|all_true|bitmask|wrap_i64|extend\w*|convert_\w+|trunc_\w+|extract_lane\w*)$/
const binary =
  /\.(add|sub|mul|and|or|xor|andnot|shl|shr_[su]|rotl|rotr|eq|ne|[lg][te]_[su]|[lg][te]|div_[su]|rem_[su]|min_[su]|max_[su]|swizzle|shuffle|replace_lane|extmul\w+|dot_\w+|narrow\w+|q15mulr_sat_s|avgr_u|(add|sub)_sat_[su])$/
