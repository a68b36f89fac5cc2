/**
 * Coverage-guided fuzzing by Jazzer.js, which is libFuzzer below and instruments our modules as they load:
 * `npm run fuzz -- --help`.
 *
 * A target is a file of test/fuzz/targets. An exception that escapes from it is a finding: the input is written to
 * test/fuzz/findings, its path printed, and the exit code is 1.
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, open, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { flag } from '../../src/cli/options.ts'
import { ensureDebian } from '../cluster/ingress-nginx.ts'
import { run } from '../cluster/shell.ts'
import { positive, programOptions } from '../support/program-options.ts'

const project = join(import.meta.dirname, '..', '..')
const all = (await readdir(join(import.meta.dirname, 'targets'))).map((file) => file.replace(/\.ts$/, '')).toSorted()
const { options, names } = programOptions({
  command: 'npm run fuzz --',
  description: `Coverage-guided fuzzing of each target in turn, from the inputs in test/fuzz/corpus. What breaks a target is written to
test/fuzz/findings, and the exit code is 1.`,
  options: {
    seconds: positive('SECONDS', 10, 'for each target'),
    keep: flag('what finds new coverage goes into test/fuzz/corpus, and what covers nothing more leaves it'),
  },
  names: { of: 'TARGET', known: all },
})
const { seconds } = options
/** In bytes; what is longer is cut. */
const longestInput = 8192

/** Jazzer.js instruments JavaScript only; the names and lines stay those of the sources. */
const compiled = join(project, 'dist-fuzz')
await rm(compiled, { recursive: true, force: true })
await run('tsc', ['-p', 'tsconfig.fuzz.json'], { cwd: project })
await symlink(join(project, 'test', 'vectors'), join(compiled, 'test', 'vectors'))
const node = await nodeCommand()
const findings = join(import.meta.dirname, 'findings')
await mkdir(findings, { recursive: true })

let failed = 0
for (const target of names.length > 0 ? names : all) if (!(await fuzz(target))) failed++
const count = names.length > 0 ? names.length : all.length
console.log(`ℹ tests ${count}\nℹ pass ${count - failed}\nℹ fail ${failed}`)
process.exitCode = failed > 0 ? 1 : 0

async function fuzz(target: string): Promise<boolean> {
  const corpus = join(import.meta.dirname, 'corpus', target)
  await mkdir(corpus, { recursive: true })
  const found = await mkdtemp(join(tmpdir(), `chitin-fuzz-${target}-`))
  const seed = 1 + Math.floor(Math.random() * 2 ** 31)
  console.log(`${target}: ${seconds} s from ${(await readdir(corpus)).length} inputs, seed ${seed}`)
  const { code } = await jazzer(
    target,
    [found, corpus],
    [
      `-max_total_time=${seconds}`,
      `-seed=${seed}`,
      `-max_len=${longestInput}`,
      '-timeout=10',
      '-rss_limit_mb=4096',
      `-artifact_prefix=${findings}/${target}-`,
    ],
  )
  if (code !== 0) console.log(`FINDING in ${target}: its input is in ${findings}`)
  else if (options.keep) await keep(target, corpus, found)
  await rm(found, { recursive: true, force: true })
  return code === 0
}

/**
 * What is new goes into the corpus; libFuzzer has made it as small as it could while it covered the same. What covers nothing
 * that the others do not cover, because the sources have changed since, leaves it.
 */
async function keep(target: string, corpus: string, found: string): Promise<void> {
  for (const name of await readdir(found)) await copyFile(join(found, name), join(corpus, name))
  const { lines } = await jazzer(target, [corpus], ['-runs=1', `-max_len=${longestInput}`, '-print_corpus_stats=1'])
  const needed = new Set(lines.flatMap((line) => /^\s*\[\s*\d+ ([0-9a-f]{40})\]/.exec(line)?.[1] ?? []))
  if (needed.size === 0) throw new Error(`libFuzzer does not say which inputs of ${target} it needs`)
  for (const name of await readdir(corpus)) {
    const input = await readFile(join(corpus, name))
    const hash = createHash('sha1').update(input.subarray(0, longestInput)).digest('hex')
    if (!needed.has(hash)) await rm(join(corpus, name))
  }
  console.log(`${target}: ${(await readdir(corpus)).length} inputs are kept`)
}

/** Prints the lines that say how far it came; everything else of libFuzzer's only where it failed. */
async function jazzer(
  target: string,
  folders: readonly string[],
  flags: readonly string[],
): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
  const [command = '', ...first] = node
  const cli = join(project, 'node_modules', '@jazzer.js', 'core', 'dist', 'cli.js')
  const module = join(compiled, 'test', 'fuzz', 'targets', `${target}.js`)
  const instrumented = ['--includes', 'dist-fuzz/src', '--excludes', 'node_modules']
  const log = await mkdtemp(join(tmpdir(), 'chitin-fuzz-log-'))
  // Not a pipe: Node makes it one that does not wait, and libFuzzer's lines get lost in it.
  const file = await open(join(log, 'stderr'), 'w')
  const child = spawn(command, [...first, cli, module, '--sync', ...instrumented, ...folders, '--', ...flags], {
    cwd: project,
    stdio: ['ignore', 'ignore', file.fd],
  })
  const [exitCode] = (await once(child, 'close')) as [number | null]
  await file.close()
  const lines = (await readFile(join(log, 'stderr'), 'utf8')).split('\n')
  await rm(log, { recursive: true, force: true })
  for (const line of lines) if (/^(#\d+\s+(INITED|DONE)|Done )/.test(line)) console.log(`  ${line}`)
  // Without instrumentation libFuzzer would go on in the dark, and find nothing.
  const guided = lines.some((line) => /DONE\s+cov: \d/.test(line))
  if (!guided) console.log(`${target}: no coverage was seen`)
  const code = exitCode ?? 1
  if (code !== 0 || !guided) console.log(lines.slice(-60).join('\n'))
  return { code: code === 0 && !guided ? 1 : code, lines }
}

/**
 * Jazzer.js is built against glibc 2.38. Where the machine's is older, Node runs under the loader and libraries of the
 * Debian that the cluster tests make and keep.
 */
async function nodeCommand(): Promise<string[]> {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } }
  const [major = 0, minor = 0] = (header.glibcVersionRuntime ?? '').split('.').map(Number)
  if (major > 2 || (major === 2 && minor >= 38)) return [process.execPath]
  const libraries = join(await ensureDebian(), 'usr', 'lib', 'x86_64-linux-gnu')
  return [join(libraries, 'ld-linux-x86-64.so.2'), '--library-path', libraries, process.execPath]
}
