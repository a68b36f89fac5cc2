import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Compiled {
  readonly exports: Readonly<Record<string, (...args: number[]) => number>>
  readonly memory: Uint8Array
  /** The text form. */
  readonly text: string
}

/** One source of a kernel by itself, compiled as kernels are: what it exports can be called, and is found in its text. */
export function compiled(name: string): Compiled {
  const root = join(import.meta.dirname, '..', '..', '..')
  const folder = mkdtempSync(join(tmpdir(), 'chitin-part-'))
  const [module, text] = [join(folder, 'part.wasm'), join(folder, 'part.wat')]
  // prettier-ignore
  execFileSync(process.execPath, [join(root, 'node_modules', 'assemblyscript', 'bin', 'asc.js'),
    join(root, 'src', 'crypto', 'wasm', 'assembly', `${name}.ts`), '--outFile', module, '--textFile', text,
    '-O3', '--runtime', 'stub', '--noAssert', '--enable', 'simd', '--initialMemory', '1'])
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(module)))
  const result = {
    exports: exports as Compiled['exports'],
    memory: new Uint8Array((exports as { readonly memory: WebAssembly.Memory }).memory.buffer),
    text: readFileSync(text, 'utf8'),
  }
  rmSync(folder, { recursive: true })
  return result
}
