/** The program as it is started in a pod: a process of its own, under Node's permission model. */
import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { nodeFlags } from '../../src/terminator/permissions.ts'
import { opened } from './terminator.ts'

/** A line of its log. */
export interface Line {
  readonly level: string
  readonly message: string
  readonly [field: string]: unknown
}

export interface TerminatorProcess {
  readonly child: ChildProcess
  readonly lines: readonly Line[]
  /** All that it wrote: its log, and what came to standard error beside it. */
  said(): string
  readonly ports: readonly number[]
  /** The line that said it was listening. */
  readonly listening: Line
  metrics(): Promise<string>
  /** The value of one series of /metrics; 0 where there is none. */
  metric(series: string): Promise<number>
}

/** Starts it and waits until it listens; `closeAll` ends it. Rejects with its output where it ends before. */
export function startProcess(...args: string[]): Promise<TerminatorProcess> {
  return startProgram(join(root, 'src/main.ts'), [root, realpathSync(join(root, 'node_modules'))], args)
}

/** The same from wherever the program's main file is; `readable` are the folders with its code. */
export async function startProgram(
  main: string,
  readable: readonly string[],
  args: readonly string[],
): Promise<TerminatorProcess> {
  const flags = nodeFlags([...readable, tmpdir()])
  const child = spawn(process.execPath, [...flags, main, 'terminator', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  opened.push(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const lines: Line[] = []
  const listening = await new Promise<Line>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text) as Line // one that is no JSON fails the test, as it should
      lines.push(line)
      if (line.message === 'listening') resolve(line)
    })
    child.once('exit', (code) => reject(new Error(`exit ${code}: ${errors}${JSON.stringify(lines)}`)))
  })
  const metrics = async (): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${Number(listening['admin'])}/metrics`)
    return response.text()
  }
  return {
    child,
    lines,
    said: () => `${lines.map((line) => JSON.stringify(line)).join('\n')}\n${errors}`,
    listening,
    ports: (listening['ports'] as string[]).map((text) => Number.parseInt(text, 10)),
    metrics,
    async metric(series) {
      const line = (await metrics()).split('\n').find((line) => line.startsWith(`${series} `))
      return line === undefined ? 0 : Number(line.slice(series.length + 1))
    },
  }
}

const root = join(import.meta.dirname, '..', '..')
