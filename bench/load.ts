/** The load client, run on its core, and what it reports. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { start } from '../test/support/child.ts'
import type { Pinning } from './pinning.ts'

export interface LoadOptions {
  readonly mode: string
  readonly port: number
  readonly group: string
  /** Left out: TLS 1.3. */
  readonly version?: '1.2'
  readonly connections: number
  readonly milliseconds: number
  /** Operations a second; absent: as fast as they are answered. */
  readonly rate?: number
}

export interface LoadResult {
  /** Connections, requests or bytes. */
  readonly count: number
  readonly seconds: number
  readonly resumed: number
  readonly group: string
  readonly suite: string
  readonly p50Micros: number
  readonly p99Micros: number
}

/** Throws with the client's words where it fails, as it does where a server cannot do what is asked. */
export async function load(client: string, { load: pin }: Pinning, options: LoadOptions): Promise<LoadResult> {
  const [program, ...args] = pin([client, options.mode, ...flags(options)])
  const process = await start(program, args)
  const deadline = setTimeout(() => void process.stop('SIGKILL'), 60_000 + 4 * options.milliseconds)
  await process.exited
  clearTimeout(deadline)
  const line = /^\{.*\}$/m.exec(process.output())?.[0]
  if (line === undefined) throw new Error(process.output().trim())
  return JSON.parse(line) as LoadResult // bench/go/client prints exactly this
}

/** Opens so many connections, has each answered once, and holds them while `look` looks. */
export async function holding<Value>(
  client: string,
  { load: pin }: Pinning,
  { port, connections }: { readonly port: number; readonly connections: number },
  look: () => Promise<Value>,
): Promise<Value> {
  const options = { mode: 'idle', port, connections, group: 'X25519', milliseconds: 0 }
  const [program, ...args] = pin([client, options.mode, ...flags(options)])
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const ready = once(child.stdout, 'data').then(() => true)
  if (!(await Promise.race([ready, exited.then(() => false)]))) throw new Error(`${connections} did not come about`)
  try {
    return await look()
  } finally {
    child.stdin.end()
    await exited
  }
}

function flags({ port, group, version, connections, milliseconds, rate }: LoadOptions): string[] {
  // prettier-ignore
  const known = ['-address', `127.0.0.1:${port}`, '-group', group, '-version', version ?? '1.3', '-connections', String(connections), '-milliseconds', String(milliseconds)]
  return rate === undefined ? known : [...known, '-rate', rate.toFixed(1)]
}
