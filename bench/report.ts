/** The figures as text, as JSON and as a chart. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { chart, type Panel } from './chart.ts'
import { contestants, yardstick } from './contestants.ts'
import { haproxyProgram, nginxProgram } from './peers.ts'
import { ratios, summary, type Samples, type Summary } from './samples.ts'
import type { Scenario } from './scenarios.ts'

export interface Results {
  readonly samples: Samples
  /** What else is known: cipher suites by scenario and contestant, and who could not do what. */
  readonly facts: ReadonlyMap<string, string>
  readonly scenarios: readonly Scenario[]
  readonly pinning: string
  readonly rounds: number
  readonly milliseconds: number
  readonly began: number
  readonly json: string
  readonly svg: string
}

export function report(results: Results): void {
  const { samples, facts, scenarios, json, svg, began } = results
  const tables = [
    ...scenarios.map(({ id, title, unit }) => ({ id, title: `${title}: ${unit}` })),
    ...otherTables(samples),
  ]
  for (const table of tables) print(table, samples, facts)
  const about = {
    date: new Date(began).toISOString(),
    seconds: Math.round((Date.now() - began) / 1000),
    machine: { cpu: cpus()[0]?.model, cores: cpus().length, kernel: release(), pinning: results.pinning },
    versions: versions(),
    rounds: results.rounds,
    milliseconds: results.milliseconds,
  }
  const plain = Object.fromEntries([...samples].map(([measure, by]) => [measure, Object.fromEntries(by)]))
  writeFileSync(json, `${JSON.stringify({ about, facts: Object.fromEntries(facts), samples: plain }, undefined, 2)}\n`)
  const panels: Panel[] = scenarios.map(({ id, title }) => ({
    title,
    bars: contestants.flatMap(({ name }) => {
      const ratio = ratioOf(samples, id, name)
      return ratio === undefined ? [] : [{ name, ...ratio }]
    }),
  }))
  const { cpu, cores } = about.machine
  const footer = `CPU time as a ratio to ${yardstick} (shorter is better), min, median and max of ${results.rounds} rounds; ${cpu}, ${cores} cores, ${about.date.slice(0, 10)}`
  writeFileSync(
    svg,
    chart(
      panels.filter(({ bars }) => bars.length > 0),
      footer,
    ),
  )
  console.log(`\n${results.pinning}; ${about.seconds} s in all. Every sample: ${json}; the chart: ${svg}`)
}

function otherTables(samples: Samples): { readonly id: string; readonly title: string }[] {
  const held = [...samples.keys()].flatMap((id) => /^memory-(\d+)$/.exec(id)?.[1] ?? [])
  return [
    { id: 'p50 new-ecdsa', title: 'p50 of a new connection at half load: ms' },
    { id: 'p99 new-ecdsa', title: 'p99 of a new connection at half load: ms' },
    { id: 'p50 request-http1', title: 'p50 of a request at half load: ms' },
    { id: 'p99 request-http1', title: 'p99 of a request at half load: ms' },
    { id: 'memory-idle', title: 'resident memory, idle: MiB' },
    ...held.map((count) => ({ id: `memory-${count}`, title: `resident memory with ${count} idle connections: MiB` })),
    { id: 'memory-after', title: 'resident memory after all rounds: MiB' },
    { id: 'rate-workers-1', title: 'new connections a second, 1 worker' },
    { id: 'rate-workers-2', title: 'new connections a second, 2 workers' },
    { id: 'cost-workers-2', title: 'new connection with 2 workers: µs per connection' },
  ]
}

function print(
  { id, title }: { readonly id: string; readonly title: string },
  samples: Samples,
  facts: Results['facts'],
): void {
  if (!samples.has(id) && ![...facts.keys()].some((fact) => fact.startsWith(`cannot ${id} `))) return
  console.log(`\n${title.padEnd(58)}min   median      max    ratio to ${yardstick}: min median max`)
  for (const { name } of contestants) {
    const cannot = facts.get(`cannot ${id} ${name}`)
    if (cannot !== undefined) console.log(`  ${name.padEnd(40)}cannot: ${cannot.split('\n')[0]}`)
    const values = samples.get(id)?.get(name)
    if (values === undefined) continue
    const figures = columns(summary(values), 9, (value) => (value < 100 ? 2 : 0))
    const ratio = ratioOf(samples, id, name)
    console.log(`  ${name.padEnd(40)}${figures}${ratio === undefined ? '' : columns(ratio, 11, () => 2)}`)
  }
}

function ratioOf(samples: Samples, id: string, name: string): Summary | undefined {
  const [values, reference] = [samples.get(id)?.get(name), samples.get(id)?.get(yardstick)]
  return values === undefined || reference === undefined ? undefined : summary(ratios(values, reference))
}

function columns({ min, median, max }: Summary, width: number, digits: (value: number) => number): string {
  return [min, median, max].map((value) => value.toFixed(digits(value)).padStart(width)).join('')
}

function versions(): Readonly<Record<string, string>> {
  return {
    node: `${process.version}, OpenSSL ${process.versions.openssl}`,
    nginx: ask(nginxProgram, '-v'),
    haproxy: ask(haproxyProgram, '-v'),
    go: ask('go', 'version'),
    openssl: ask('openssl', 'version'),
  }
}

function ask(program: string, flag: string): string {
  try {
    return execFileSync('sh', ['-c', `${program} ${flag} 2>&1`], { encoding: 'utf8' }).split('\n')[0] ?? ''
  } catch {
    return 'not here'
  }
}
