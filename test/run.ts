/**
 * `npm test`: every stage in turn, each by its own npm script, with the time it took. A stage that fails does not hide
 * the ones after it; a machine that cannot run a stage fails and says what is missing. The last lines are those of
 * node's test runner, summed over all stages.
 */
import { readFileSync } from 'node:fs'
import { add, counters, nothing, runStage, type Outcome } from './stage.ts'

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

const { scripts } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>
}
const outcomes: (Outcome & { readonly script: string })[] = []
for (const { script, what } of stages) {
  console.log(`\n=== ${what} (npm run ${script})`)
  outcomes.push({ script, ...(await stage(script)) })
}

console.log('\n=== time per stage')
for (const { script, failure, seconds } of outcomes) {
  const verdict = failure === undefined ? 'ok      ' : 'FAILED  '
  const why = failure === undefined ? '' : `: ${failure}`
  console.log(`${seconds.toFixed(1).padStart(8)} s  ${verdict}${script}${why}`)
}
const total = outcomes.reduce((sum, { seconds }) => sum + seconds, 0)
console.log(`${total.toFixed(1).padStart(8)} s  in all\n`)

const failed = outcomes.filter(({ failure }) => failure !== undefined)
const sum = outcomes.reduce((counts, outcome) => add(counts, outcome.counts), nothing)
// A stage without tests of its own (types, lint, format), or without any, that failed must show in the sum too.
const fail = Math.max(sum.fail, failed.length)
for (const name of counters) console.log(`ℹ ${name} ${name === 'fail' ? fail : sum[name]}`)
process.exitCode = failed.length > 0 ? 1 : 0

async function stage(script: string): Promise<Outcome> {
  const line = scripts[script]
  if (line === undefined) return { failure: `package.json has no script ${script}`, counts: nothing, seconds: 0 }
  return await runStage('npm', ['run', '--silent', script], line.includes('node --test'), (text) => console.log(text))
}
