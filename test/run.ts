/**
 * `npm test`: every stage in turn, each by its own npm script, with the time it took. A stage that fails does not hide
 * the ones after it; a machine that cannot run a stage fails and says what is missing. The last lines are those of
 * node's test runner, summed over all stages.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const stages = [
  { script: 'test:types', what: 'types' },
  { script: 'test:lint', what: 'lint' },
  { script: 'test:format', what: 'format' },
  { script: 'test:unit', what: 'unit tests' },
  { script: 'test:fuzz', what: 'fuzzer, 30 s' },
  { script: 'test:soak', what: 'a stalled gigabyte and 100 000 hostile peers' },
  { script: 'test:interop', what: 'interop with other TLS clients' },
  { script: 'test:control-plane', what: 'etcd and kube-apiserver' },
  { script: 'test:cluster', what: 'a real one-node cluster' },
] as const

interface Outcome {
  readonly script: string
  readonly ok: boolean
  readonly seconds: number
}

const counters = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo', 'duration_ms'] as const
const totals = new Map<string, number>(counters.map((name) => [name, 0]))

const scripts = (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as PackageJson).scripts
const outcomes: Outcome[] = []
for (const stage of stages) {
  console.log(`\n=== ${stage.what} (npm run ${stage.script})`)
  outcomes.push(await run(stage.script))
}

console.log('\n=== time per stage')
for (const { script, ok, seconds } of outcomes)
  console.log(`${seconds.toFixed(1).padStart(8)} s  ${ok ? 'ok    ' : 'FAILED'}  ${script}`)
const total = outcomes.reduce((sum, { seconds }) => sum + seconds, 0)
console.log(`${total.toFixed(1).padStart(8)} s  in all\n`)

// A stage without tests of its own (types, lint, format) that failed must show in the sum too.
const failed = outcomes.filter(({ ok }) => !ok)
if (failed.length > 0 && totals.get('fail') === 0) totals.set('fail', failed.length)
for (const name of counters) console.log(`ℹ ${name} ${totals.get(name) ?? 0}`)
process.exitCode = failed.length > 0 ? 1 : 0

interface PackageJson {
  readonly scripts: Readonly<Record<string, string>>
}

async function run(script: string): Promise<Outcome> {
  const started = performance.now()
  if (scripts[script] === undefined) {
    console.log(`package.json has no script ${script}`)
    return { script, ok: false, seconds: 0 }
  }
  const child = spawn('npm', ['run', '--silent', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(line)
    const counter = /^ℹ (\w+) ([\d.]+)$/.exec(line)
    if (counter?.[1] !== undefined && totals.has(counter[1]))
      totals.set(counter[1], (totals.get(counter[1]) ?? 0) + Number(counter[2]))
  }
  const code = await new Promise<number | null>((resolve) => {
    if (child.exitCode !== null) resolve(child.exitCode)
    else child.once('close', resolve)
  })
  return { script, ok: code === 0, seconds: (performance.now() - started) / 1000 }
}
