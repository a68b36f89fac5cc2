/**
 * One stage of `npm test`: an npm script, its lines passed on as they come, and what became of it. A stage that runs
 * node's test runner has to have run tests: a pattern that matches no file is a mistake, and not a success.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** What node's test runner counts, in the order in which it says so. */
export const counters = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo', 'duration_ms'] as const

export type Counts = Readonly<Record<(typeof counters)[number], number>>

export interface Outcome {
  /** Why the stage failed; undefined where it did not. */
  readonly failure: string | undefined
  readonly counts: Counts
  readonly seconds: number
}

/** Runs a command line as npm would. `runsTests`: it is node's test runner, whose counts are the proof. */
export async function runStage(
  command: string,
  arguments_: readonly string[],
  runsTests: boolean,
  print: (line: string) => void,
): Promise<Outcome> {
  const started = performance.now()
  const child = spawn(command, arguments_, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<string | number>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? 1)).once('error', ({ message }) => resolve(message))
  })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    print(line)
    lines.push(line)
  }
  const ending = await ended
  const counts = countsIn(lines)
  const failure = ending === 0 ? (runsTests ? emptiness(lines, counts) : undefined) : `ended with ${ending}`
  return { failure, counts, seconds: (performance.now() - started) / 1000 }
}

/** The sum of two outcomes' counts. */
export function add(a: Counts, b: Counts): Counts {
  return Object.fromEntries(counters.map((name) => [name, a[name] + b[name]])) as Counts // every counter is named
}

export const nothing = Object.fromEntries(counters.map((name) => [name, 0])) as Counts // every counter is named

function countsIn(lines: readonly string[]): Counts {
  const found = lines.flatMap((line) => {
    const [, name, value] = /^ℹ (\w+) ([\d.]+)$/.exec(line) ?? []
    return name === undefined ? [] : [[name, Number(value)] as const]
  })
  const last = new Map(found)
  return Object.fromEntries(counters.map((name) => [name, last.get(name) ?? 0])) as Counts // every counter is named
}

function emptiness(lines: readonly string[], { tests, skipped, todo }: Counts): string | undefined {
  if (tests - skipped - todo <= 0) return 'ran no test'
  // A file without a test in it is counted by the runner as one that passed, under the file's own name.
  const empty = lines.flatMap((line) => /^✔ (\S+\.test\.ts) \(/.exec(line)?.[1] ?? [])
  return empty.length === 0 ? undefined : `no test in ${empty.join(', ')}`
}
