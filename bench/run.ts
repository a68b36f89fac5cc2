/**
 * Chitin side by side with what a user would pick instead, in one run on pinned cores: `npm run bench`. See README.md here.
 *
 *     node bench/run.ts [--rounds 3] [--seconds 2] [--megabytes 128] [--connections 1000] [--only NAME] [--json FILE]
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { start, type Child } from '../test/support/child.ts'
import { temporaryFolder } from '../test/support/temporary-folder.ts'
import { contestants, type Contestant } from './contestants.ts'
import { cpuSeconds, residentMiB } from './processes.ts'

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    megabytes: { type: 'string', default: '128' },
    connections: { type: 'string', default: '1000' },
    only: { type: 'string', multiple: true },
    json: { type: 'string', default: 'bench-result.json' },
  },
})
const [rounds, seconds, megabytes, connections] = [
  options.rounds,
  options.seconds,
  options.megabytes,
  options.connections,
].map((text) => {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new Error(`found ${text}, expected a whole number above 0`)
  return number
}) as [number, number, number, number] // four in, four out

/** What is measured of each contestant, a sample a round. */
interface Samples {
  readonly handshakesPerCpuSecond: number[]
  readonly megabytesPerCpuSecond: number[]
  readonly idleMiB: number[]
  readonly withConnectionsMiB: number[]
}

const metrics = {
  handshakesPerCpuSecond: 'handshakes per CPU second',
  megabytesPerCpuSecond: 'MB per CPU second',
  idleMiB: 'RSS idle, MiB',
  withConnectionsMiB: `RSS with ${connections} idle connections, MiB`,
} as const satisfies Record<keyof Samples, string>

// The server has a core of its own where there are two; load and backend share the other.
const pinned = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0
const onCore = (core: number, command: readonly string[]): [string, ...string[]] =>
  (pinned ? ['taskset', '-c', String(core), ...command] : [...command]) as [string, ...string[]] // a command is not empty

execFileSync(
  process.execPath,
  [join(import.meta.dirname, '../node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'],
  {
    cwd: join(import.meta.dirname, '..'),
    stdio: 'inherit',
  },
)
const folder = temporaryFolder('bench')
const certificate = join(folder.path, 'certificate.pem')
const key = join(folder.path, 'key.pem')
// prettier-ignore
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
  '-subj', '/CN=bench.example.test', '-addext', 'subjectAltName=DNS:bench.example.test', '-keyout', key, '-out', certificate],
  { stdio: 'ignore' })

const chosen = contestants.filter(({ name }) => options.only === undefined || options.only.includes(name))
const results = new Map<string, Samples>(
  chosen.map(({ name }) => [
    name,
    { handshakesPerCpuSecond: [], megabytesPerCpuSecond: [], idleMiB: [], withConnectionsMiB: [] },
  ]),
)
const backendPort = await freePort()
const backend = await run(1, [process.execPath, join(import.meta.dirname, 'backend.ts'), String(backendPort)])
await listening(backendPort, backend)
for (let round = 1; round <= rounds; round++)
  for (const contestant of chosen) {
    console.log(`round ${round} of ${rounds}: ${contestant.name}`)
    await measure(contestant, results.get(contestant.name) as Samples) // made for each of them above
  }
await backend.stop()
report()

async function measure(contestant: Contestant, samples: Samples): Promise<void> {
  const port = await freePort()
  const place = { folder: folder.path, port, backend: backendPort, certificate, key }
  const server = await run(0, contestant.command(place))
  try {
    await listening(port, server)
    await sleep(500)
    samples.idleMiB.push(residentMiB(server.pid))
    // Compilers warm up first: a sidecar lives for weeks.
    await load('handshakes', port, 1000)
    await load('download', port, 4_000_000)
    const handshakes = await cost(server, () => load('handshakes', port, seconds * 1000))
    samples.handshakesPerCpuSecond.push(handshakes)
    samples.megabytesPerCpuSecond.push((await cost(server, () => load('download', port, megabytes * 1e6))) / 1e6)
    await holding(port, () => samples.withConnectionsMiB.push(residentMiB(server.pid)))
  } catch (error) {
    console.error(`${contestant.name} said: ${server.output()}`)
    throw error
  } finally {
    // Not SIGKILL: nginx's worker would outlive its master.
    await server.stop()
  }
}

/** How much was done in each second of the server's CPU time. */
async function cost(server: Child, work: () => Promise<number>): Promise<number> {
  const before = cpuSeconds(server.pid)
  const done = await work()
  const spent = cpuSeconds(server.pid) - before
  // The kernel counts in hundredths: what took less than ten of them is not known well enough.
  if (spent < 0.1)
    console.log(`  ${spent.toFixed(2)} s of CPU is little to judge by: give it more --seconds or --megabytes`)
  return done / Math.max(spent, 0.01)
}

async function load(mode: 'handshakes' | 'download', port: number, amount: number): Promise<number> {
  const client = await run(1, [
    process.execPath,
    join(import.meta.dirname, 'client.ts'),
    mode,
    String(port),
    String(amount),
  ])
  const deadline = AbortSignal.timeout(120_000)
  deadline.addEventListener('abort', () => void client.stop('SIGKILL'))
  await client.exited
  const result = /^\{"count":(\d+)/m.exec(client.output())
  if (result === null) throw new Error(`the client failed: ${client.output()}`)
  return Number(result[1])
}

/** Holds idle connections while `look` looks. */
async function holding(port: number, look: () => void): Promise<void> {
  const [program, ...args] = onCore(1, [
    process.execPath,
    join(import.meta.dirname, 'client.ts'),
    'idle',
    String(port),
    String(connections),
  ])
  const client = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(client, 'exit')
  const ready = once(client.stdout, 'data').then(() => true)
  if (!(await Promise.race([ready, exited.then(() => false)])))
    throw new Error('the idle connections did not come about')
  await sleep(1000)
  look()
  client.stdin.end()
  await exited
}

function run(core: number, command: readonly string[]): Promise<Child> {
  const [program, ...args] = onCore(core, command)
  return start(program, args)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server's is never a path
  server.close()
  await once(server, 'close')
  return port
}

async function listening(port: number, server: Child): Promise<void> {
  for (let i = 0; i < 200 && !server.hasExited; i++) {
    const socket = connect(port, '127.0.0.1')
    const up = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (up) return
    await sleep(50)
  }
  throw new Error(`nobody listens on ${port}: ${server.output()}`)
}

function report(): void {
  const reference = results.get('nginx stream')
  for (const [metric, title] of Object.entries(metrics) as [keyof Samples, string][]) {
    console.log(`\n${title.padEnd(44)}${'min'.padStart(9)}${'median'.padStart(9)}${'max'.padStart(9)}   of nginx`)
    for (const [name, samples] of results) {
      const { min, median, max } = summary(samples[metric])
      const ratio = reference === undefined ? '' : (median / summary(reference[metric]).median).toFixed(2)
      const figures = [min, median, max].map((figure) => figure.toFixed(0).padStart(9)).join('')
      console.log(`  ${name.padEnd(42)}${figures}${ratio.padStart(11)}`)
    }
  }
  const about = {
    date: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model,
    pinned,
    rounds,
    seconds,
    megabytes,
    connections,
  }
  writeFileSync(options.json, `${JSON.stringify({ about, results: Object.fromEntries(results) }, undefined, 2)}\n`)
  console.log(`\nevery sample: ${options.json}`)
}

function summary(samples: readonly number[]): { min: number; median: number; max: number } {
  const sorted = samples.toSorted((a, b) => a - b)
  return { min: sorted[0] ?? 0, median: sorted[sorted.length >> 1] ?? 0, max: sorted.at(-1) ?? 0 }
}
