/** The figures as a table and as JSON. */
import { writeFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import type { Latency } from './admissions.ts'
import type { Cost, Idle } from './changes.ts'
import type { CompileTime } from './compile.ts'
import type { Size } from './population.ts'
import type { Usage } from './probe.ts'

/** The cost of a changed Secret, by the number of policies. */
export interface Growth extends Cost {
  readonly policies: number
}

export interface Results {
  readonly began: number
  readonly size: Size
  /** When every policy had been looked at, and when every one was in force. */
  readonly judged: Moment
  readonly ready: Moment
  readonly idle: Idle
  readonly changed: Readonly<Record<string, Cost>>
  readonly growth: readonly Growth[]
  readonly admissions: Latency
  readonly admissionCpuMs: number
  readonly scrape: { readonly bytes: number; readonly ms: number }
  /** After all changes and admissions, with all policies still there. */
  readonly loaded: Usage
  readonly compiled: readonly CompileTime[]
  readonly json: string
}

interface Moment {
  readonly ms: number
  readonly usage: Usage
}

export function report({ json, ...results }: Results): void {
  const { size, judged, ready, idle, changed, growth, admissions, admissionCpuMs, scrape, loaded, compiled } = results
  const status = ready.usage.requests['PATCH tlspolicies/status'] ?? 0
  const rows: [string, string][] = [
    ['Secrets, Ingresses, policies', `${size.secrets}, ${size.ingresses}, ${size.policies}`],
    ['every policy looked at', `${seconds(judged.ms)}, CPU ${seconds(judged.usage.cpuMs)}`],
    ['every policy in force and verified', `${seconds(ready.ms)}, CPU ${seconds(ready.usage.cpuMs)}`],
    ['requests until then', `${sum(ready.usage.requests)}: ${list(ready.usage.requests)}`],
    ['status writes until then', `${status}, ${(status / size.policies).toFixed(1)} a policy`],
    ['RSS at the end (peak; heap)', `${mib(loaded.rssMiB)} (${mib(loaded.peakRssMiB)}; ${mib(loaded.heapMiB)})`],
    ['a second of nothing', `CPU ${idle.cpuMs.toFixed(1)} ms, ${list(idle.requests)}`],
    ...Object.entries(changed).map(([what, cost]): [string, string] => [`one changed ${what}`, costText(cost)]),
    ...growth.map((cost): [string, string] => [`one changed Secret, ${cost.policies} policies`, costText(cost)]),
    [
      'webhook at 100 pods/s',
      `p50 ${admissions.p50.toFixed(1)} ms, p99 ${admissions.p99.toFixed(1)} ms, CPU ${admissionCpuMs.toFixed(1)} ms each; ${admissions.patched} of ${admissions.count} injected`,
    ],
    ...compiled.map(({ hosts, newMs, changedMs, longestStepMs }): [string, string] => [
      `compiling ${hosts} ${hosts === 1 ? 'host' : 'hosts'}`,
      `${newMs.toFixed(0)} ms, one of them changed: ${changedMs.toFixed(0)} ms; the longest step: ${longestStepMs.toFixed(1)} ms`,
    ]),
    ['a scrape of the metrics', `${scrape.ms.toFixed(0)} ms, ${(scrape.bytes / 2 ** 20).toFixed(1)} MiB`],
  ]
  const width = Math.max(...rows.map(([what]) => what.length))
  for (const [what, value] of rows) console.log(`${what.padEnd(width)}  ${value}`)
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, kernel: release(), node: process.version }
  const date = new Date(results.began).toISOString()
  writeFileSync(json, `${JSON.stringify({ date, machine, ...results }, undefined, 2)}\n`)
  console.log(`\n${machine.cpu}, ${machine.cores} cores; ${seconds(Date.now() - results.began)} in all. JSON: ${json}`)
}

/** A cost in one line. */
export function costText({ cpuMs, requests, looks, seenMs }: Cost): string {
  const seen = seenMs === undefined ? '' : `, seen after ${seenMs.toFixed(0)} ms`
  const looked = `${looks.change.toFixed(1)} looks for it, ${looks.time.toFixed(1)} that were due`
  return `CPU ${cpuMs.toFixed(0)} ms, ${sum(requests)} requests (${list(requests)}), ${looked}${seen}`
}

function list(requests: Readonly<Record<string, number>>): string {
  const shown = Object.entries(requests).filter(([, count]) => count >= 0.05)
  if (shown.length === 0) return 'no requests'
  return shown
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${Number(count.toFixed(1))} ${name}`)
    .join(', ')
}

function sum(requests: Readonly<Record<string, number>>): number {
  return Number(
    Object.values(requests)
      .reduce((total, count) => total + count, 0)
      .toFixed(1),
  )
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function mib(value: number): string {
  return `${value.toFixed(0)} MiB`
}
