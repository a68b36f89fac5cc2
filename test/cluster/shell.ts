/**
 * Other people's programs, run and waited for. A program that fails throws what it said last, so that a test's report
 * shows the cause and not only an exit code.
 */
import { spawn } from 'node:child_process'
import type { StdioOptions } from 'node:child_process'

/** What a run can be told. */
export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string | Uint8Array
  readonly timeoutMs?: number
  /** Pass what the program says through to ours, as it says it. */
  readonly show?: boolean
}

/** What a program said and how it ended. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end, whatever its exit code. */
export async function attempt(
  command: string,
  arguments_: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const stdio: StdioOptions = [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe']
  const child = spawn(command, arguments_, {
    stdio,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs, killSignal: 'SIGKILL' as const }),
  })
  const said: Record<'stdout' | 'stderr', Uint8Array[]> = { stdout: [], stderr: [] }
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.on('data', (chunk: Uint8Array) => {
      said[name].push(chunk)
      if (options.show === true) process.stderr.write(chunk)
    })
  // A program that ends without reading its input closes the pipe under us: its exit code tells, not EPIPE.
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(options.input)
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => resolve(status ?? (signal === null ? 1 : 128)))
  })
  return { code, stdout: Buffer.concat(said.stdout).toString(), stderr: Buffer.concat(said.stderr).toString() }
}

/** Runs a program and returns its standard output; throws with its last words when it fails. */
export async function run(command: string, arguments_: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await attempt(command, arguments_, options)
  if (code === 0) return stdout
  const words = `${stdout}\n${stderr}`.trim().slice(-4000)
  throw new Error(`${[command, ...arguments_].join(' ').slice(0, 300)}: exit code ${code}\n${words}`)
}

/** True when a program of this name can be started. */
export async function onPath(command: string): Promise<boolean> {
  return (await attempt('/bin/sh', ['-c', 'command -v "$0"', command])).code === 0
}

/** A line for whoever waits. Standard error, so that it never mixes with a result. */
export function say(line: string): void {
  process.stderr.write(`# ${line}\n`)
}

/** Asks again until the answer is neither undefined nor an error, and says at the end what the last answer was. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  limitMs = 60_000,
  everyMs = 200,
): Promise<T> {
  const end = performance.now() + limitMs
  for (;;) {
    let why = 'no answer'
    try {
      const answer = await ask()
      if (answer !== undefined) return answer
    } catch (error) {
      why = error instanceof Error ? error.message : String(error)
    }
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs / 1000} s (last: ${why})`)
    await pause(everyMs)
  }
}

/** Resolves later. */
export async function pause(delayMs: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, delayMs))
}
