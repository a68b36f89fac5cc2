/** The terminator's tests against a Listener in another process: `CHITIN_RUNTIME=deno node --test test/terminator/…`. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { serialize } from 'node:v8'
import type { EngineName, Order, Report, Start } from './listener-process.ts'

/** Undefined: in the tests' own process. */
export const runtime = process.env['CHITIN_RUNTIME']

export interface RemoteListener {
  readonly ports: readonly number[]
  readonly adminPort: number | undefined
  readonly log: readonly string[]
  readonly connections: number
  readonly exited: Promise<number>
  readonly metrics: () => Promise<string>
  readonly drain: (drainMs: number) => Promise<{ readonly cut: number }>
  readonly stop: () => void
  readonly kill: () => void
}

/** Rejects with its log where it ends before it listens. */
export async function startRemote(start: Start): Promise<RemoteListener> {
  const [program, ...args] = commands[runtime ?? 'node'] ?? [runtime ?? '']
  const child = spawn(program, [...args, join(import.meta.dirname, 'listener-process.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const log: string[] = []
  const answers = new Map<number, (report: Extract<Report, { is: 'answer' }>) => void>()
  let connections = 0
  let id = 0
  const say = (message: Start | Order): void => void child.stdin.write(`${serialize(message).toString('base64')}\n`)
  const ask = (order: Exclude<Order, { do: 'stop' }>): Promise<Extract<Report, { is: 'answer' }>> =>
    new Promise((resolve) => {
      answers.set(order.id, resolve)
      say(order)
    })
  child.stdin.on('error', () => {})
  say(start)
  let end: (code: number) => void
  const exited = new Promise<number>((resolve) => (end = resolve))
  child.on('exit', (code) => end(code ?? -1))
  const { ports, adminPort } = await new Promise<Extract<Report, { is: 'listening' }>>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const report = JSON.parse(line) as Report // listener-process.ts prints nothing else
      if (report.is === 'log') log.push(report.line)
      if (report.is === 'connections') connections = report.count
      if (report.is === 'answer') answers.get(report.id)?.(report)
      if (report.is === 'exited') end(report.code)
      if (report.is === 'listening') resolve(report)
    })
    void exited.then((code) => reject(new Error(`ended with ${code}: ${log.join('\n')}`)))
  })
  return {
    ports,
    adminPort,
    log,
    exited,
    get connections() {
      return connections
    },
    metrics: async () => (await ask({ do: 'report-metrics', id: id++ })).text,
    drain: async (drainMs) => ({ cut: (await ask({ do: 'drain', id: id++, drainMs })).cut }),
    stop: () => say({ do: 'stop' }),
    kill: () => void child.kill('SIGKILL'),
  }
}

/** Whose class a test hands over cannot go to another process; its name can. */
export function engineName(openTls: (() => object | undefined) | undefined): EngineName {
  if (openTls === undefined) return 'tls'
  const name = openTls()?.constructor.name
  return name === 'Broken' || name === 'Chatty' ? name : 'none'
}

const commands: Readonly<Record<string, readonly [string, ...string[]]>> = {
  node: [process.execPath],
  deno: ['deno', 'run', '--no-check', '--allow-all', '--unstable-net'],
}
