/**
 * `node src/crypto/wasm/build.ts [FOLDER]`: compiles the kernels, and says how large each is and its SHA-256. They are
 * never committed: `npm ci` makes them beside the sources, `npm run build` and the image's build beside those of dist/.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fields } from './build/fields.ts'
import { printField } from './build/print-field.ts'
import { printFour } from './build/print-four.ts'
import { kernelNames, type KernelName } from './kernel.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const beside = join(import.meta.dirname, 'kernels')
const folder = process.argv[2] ?? beside

mkdirSync(folder, { recursive: true })
const printed = mkdtempSync(join(tmpdir(), 'chitin-fields-'))
process.once('exit', () => rmSync(printed, { recursive: true }))
for (const name of kernelNames) {
  const module = join(folder, `${name}.wasm`)
  compile(join(import.meta.dirname, 'assembly', `${name}.ts`), module, flags(name))
  const bytes = readFileSync(module)
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes))
  if (imports.length > 0) throw new Error(`${name}.ts imports ${JSON.stringify(imports)}: a kernel reaches for nothing`)
  const digest = createHash('sha256').update(bytes).digest('hex')
  console.log(`${name.padEnd(20)}${String(bytes.length).padStart(7)} bytes  sha256:${digest}`)
}

/**
 * A kernel of a curve is compiled over its field, which is printed first and which the sources import as `curve/field`; that
 * of Curve25519 over products of four at a time too, `curve/four`.
 */
function flags(name: KernelName): readonly string[] {
  if (!(name in fields)) return ['-O3']
  const library = join(printed, name)
  mkdirSync(join(library, 'curve'), { recursive: true })
  writeFileSync(join(library, 'curve', 'field.ts'), printField(fields[name as keyof typeof fields]))
  if (name !== 'curve25519') return ['-O3', '--lib', library]
  writeFileSync(join(library, 'curve', 'four.ts'), printFour())
  // Above -O1 the compiler moves each sum to where it is used, and registers no longer suffice: the ladder takes a fifth more.
  return ['-O1', '--lib', library]
}

/** The compiler runs as a program of its own, so that nothing here depends on its types. */
function compile(source: string, module: string, flags: readonly string[]): void {
  const asc = join(root, 'node_modules', 'assemblyscript', 'bin', 'asc.js')
  // prettier-ignore
  execFileSync(process.execPath, [asc, source,
    '--outFile', module,
    ...textForm(module),
    // No allocator, no collector, no import: memory is what the source reserves.
    '--runtime', 'stub', '--noAssert', '--enable', 'simd', ...flags], { stdio: ['ignore', 'inherit', 'inherit'] })
}

/** Beside the sources the text form too, for the proofs in test/crypto/wasm to read; dist/ has no use for it. */
function textForm(module: string): readonly string[] {
  return folder === beside ? ['--textFile', module.replace(/wasm$/, 'wat')] : []
}
