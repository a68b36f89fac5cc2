/**
 * Coverage-guided fuzzing by Jazzer.js, which is libFuzzer below and instruments our modules as they load:
 * `npm run fuzz -- --help`.
 *
 * A target is a file of test/fuzz/targets. An exception that escapes from it is a finding: the input is written to
 * test/fuzz/findings, its path printed, and the exit code is 1.
 */
import { spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
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
    keep: flag('what found new coverage goes into test/fuzz/corpus'),
  },
  names: { of: 'TARGET', known: all },
})
const { seconds } = options

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
  const code = await jazzer(
    target,
    [found, corpus],
    [
      `-max_total_time=${seconds}`,
      `-seed=${seed}`,
      '-max_len=8192',
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

/** libFuzzer has made each input as small as it could while it covered the same. */
async function keep(target: string, corpus: string, found: string): Promise<void> {
  for (const name of await readdir(found)) await copyFile(join(found, name), join(corpus, name))
  console.log(`${target}: ${(await readdir(corpus)).length} inputs are kept`)
}

/** Prints the lines that say how far it came; everything else of libFuzzer's only where it failed. */
async function jazzer(target: string, folders: readonly string[], flags: readonly string[]): Promise<number> {
  const [command = '', ...first] = node
  const cli = join(project, 'node_modules', '@jazzer.js', 'core', 'dist', 'cli.js')
  const module = join(compiled, 'test', 'fuzz', 'targets', `${target}.js`)
  const instrumented = ['--includes', 'dist-fuzz/src', '--excludes', 'node_modules']
  const child = spawn(command, [...first, cli, module, '--sync', ...instrumented, ...folders, '--', ...flags], {
    cwd: project,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line)
    if (/^(#\d+\s+(INITED|DONE)|Done )/.test(line)) console.log(`  ${line}`)
  }
  // Without instrumentation libFuzzer would go on in the dark, and find nothing.
  const guided = lines.some((line) => /DONE\s+cov: \d/.test(line))
  if (!guided) console.log(`${target}: no coverage was seen`)
  const code = child.exitCode ?? (await new Promise<number | null>((resolve) => child.once('close', resolve))) ?? 1
  if (code !== 0 || !guided) console.log(lines.slice(-60).join('\n'))
  return code === 0 && !guided ? 1 : code
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
