/** Chitin side by side with what a user would pick instead: `npm run bench -- --help`, and README.md here. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { flag, text, texts } from '../src/cli/options.ts'
import { start, type Child } from '../test/support/child.ts'
import { optionalNames, optionalPositive, programOptions } from '../test/support/program-options.ts'
import { temporaryFolder } from '../test/support/temporary-folder.ts'
import { contestants, placeFolder, type Contestant } from './contestants.ts'
import { holding, load, type LoadResult } from './load.ts'
import { buildGo, buildImage, installPeers } from './peers.ts'
import { pinning, type Pinning } from './pinning.ts'
import { cpuSeconds, residentMiB } from './processes.ts'
import { report } from './report.ts'
import { add, summary, type Samples } from './samples.ts'
import { cost, scenarios, type CertificateKind, type Scenario } from './scenarios.ts'

// Every server that is started listens for our exit, to end with us.
process.setMaxListeners(0)
const { options } = programOptions({
  command: 'npm run bench --',
  description: `Chitin side by side with what a user would pick instead, in one run on pinned cores: CPU time, latency and memory.
All of it takes some 16 minutes, and wants a quiet machine. Peers that are missing are installed. See bench/README.md.`,
  options: {
    quick: flag('one round of half a second, and 1000 idle connections, unless another option says otherwise'),
    rounds: optionalPositive('N', 'rounds behind the warm-up; default 3'),
    seconds: optionalPositive('SECONDS', 'length of one measurement; default 1.5'),
    only: optionalNames(
      'NAME',
      contestants.map(({ name }) => name),
      'measure these',
    ),
    scenario: optionalNames(
      'ID',
      scenarios.map(({ id }) => id),
      'measure by these',
    ),
    connections: texts('N', 'how many idle connections are held; default 1000 and 10000'),
    json: text('FILE', 'bench-result.json', 'the result, for programs'),
    svg: text('FILE', 'bench-result.svg', 'the result, as a chart'),
  },
})
const rounds = options.rounds ?? (options.quick ? 1 : 3)
const milliseconds = (options.seconds ?? (options.quick ? 0.5 : 1.5)) * 1000
const counts = options.connections.length > 0 ? options.connections : options.quick ? ['1000'] : ['1000', '10000']
const idleCounts = counts.map((text) => Math.min(Number(text), mostConnections()))
if (!idleCounts.every((number) => number > 0))
  throw new Error(`--connections is ${counts.join(', ')}, expected numbers above 0`)
const chosen = contestants.filter(({ name }) => options.only?.includes(name) ?? true)
const chosenScenarios = scenarios.filter(({ id }) => options.scenario?.includes(id) ?? true)

installPeers()
const folder = temporaryFolder('bench')
const app = join(folder.path, 'app')
buildImage(app)
const programs = buildGo(folder.path)
const certificates = { ecdsa: certificate('ecdsa', 'ec'), rsa: certificate('rsa', 'rsa') }
const alone = pinning(1)
const samples: Samples = new Map()
const facts = new Map<string, string>()
const began = Date.now()

const upstreamPort = await freePort()
const upstream = await started(alone.load([programs.backend, `127.0.0.1:${upstreamPort}`]), upstreamPort)
await memory()
const servers = await startAll()
for (let round = 0; round <= rounds; round++) await measureRound(round)
for (const { server, contestant } of servers)
  if (server.kind === 'ecdsa') add(samples, 'memory-after', contestant.name, residentMiB(server.child.pid))
await latency()
for (const { server } of servers) await server.child.stop()
await scaling()
await upstream.stop()
const { json, svg } = options
report({
  samples,
  facts,
  scenarios: chosenScenarios,
  pinning: alone.description,
  rounds,
  milliseconds,
  began,
  json,
  svg,
})

/** A fresh server each: idle, and with connections that are open and say nothing. */
async function memory(): Promise<void> {
  for (const contestant of chosen) {
    say(`memory: ${contestant.name}`)
    const server = await serve(contestant, 'ecdsa', alone, 'memory')
    if (server === undefined) continue
    await sleep(1000)
    add(samples, 'memory-idle', contestant.name, residentMiB(server.child.pid))
    for (const connections of idleCounts) {
      await holding(programs.client, alone, { port: server.port, connections }, async () => {
        // What a server gives back when nobody says anything, it gives back in a few seconds.
        await sleep(options.quick ? 1000 : 3000)
        add(samples, `memory-${connections}`, contestant.name, residentMiB(server.child.pid))
      })
    }
    await server.child.stop()
  }
}

async function startAll() {
  const all = []
  for (const contestant of chosen)
    for (const kind of ['ecdsa', 'rsa'] as const) {
      const server = await serve(contestant, kind, alone, kind)
      if (server !== undefined) all.push({ contestant, server })
    }
  return all
}

/**
 * All contestants take turns at each scenario. Round 0 is not counted: compilers warm up, as a sidecar lives for weeks. With
 * connections it is longer, for what each of them calls only once has to be called some thousand times.
 */
async function measureRound(round: number): Promise<void> {
  for (const scenario of chosenScenarios) {
    say(`round ${round} of ${rounds}: ${scenario.title}`)
    for (const { contestant, server } of servers) {
      if (server.kind !== scenario.certificate || facts.has(`cannot ${scenario.id} ${contestant.name}`)) continue
      const warmUp = round === 0 && scenario.unit === 'µs per connection' ? 4 : 1
      const before = cpuSeconds(server.child.pid)
      const result = await attempt(contestant, scenario, server.port, warmUp * milliseconds)
      if (result === undefined || round === 0) continue
      const spent = cpuSeconds(server.child.pid) - before
      add(samples, scenario.id, contestant.name, cost(scenario, spent, result.count))
      add(samples, `rate ${scenario.id}`, contestant.name, result.count / result.seconds)
      facts.set(`suite ${scenario.id} ${contestant.name}`, `${result.suite}, ${result.group}`)
    }
  }
}

/** Undefined where the contestant cannot do it; that is remembered, with what the client said. */
async function attempt(
  contestant: Contestant,
  scenario: Scenario,
  port: number,
  milliseconds: number,
): Promise<LoadResult | undefined> {
  const cannot = (why: string): undefined => {
    say(`  ${contestant.name} cannot: ${why}`)
    facts.set(`cannot ${scenario.id} ${contestant.name}`, why)
  }
  try {
    const result = await load(programs.client, alone, { ...scenario, port, milliseconds })
    if (scenario.mode === 'resume' && result.resumed < result.count / 2)
      return cannot(`${result.resumed} of ${result.count} connections were resumed`)
    return result
  } catch (error) {
    return cannot(error instanceof Error ? error.message : String(error))
  }
}

/** Half of what each one did at most, begun on time: what a user waits for on a server that is not overloaded. */
async function latency(): Promise<void> {
  for (const id of ['new-ecdsa', 'request-http1']) {
    const scenario = chosenScenarios.find((one) => one.id === id)
    if (scenario === undefined) continue
    for (const { contestant, server } of servers) {
      const rates = samples.get(`rate ${id}`)?.get(contestant.name)
      if (server.kind !== 'ecdsa' || rates === undefined) continue
      say(`latency: ${scenario.title}: ${contestant.name}`)
      const rate = summary(rates).median / 2
      const wanted = { ...scenario, port: server.port, milliseconds: 2 * milliseconds, connections: 64, rate }
      const { p50Micros, p99Micros } = await load(programs.client, alone, wanted)
      add(samples, `p50 ${id}`, contestant.name, p50Micros / 1000)
      add(samples, `p99 ${id}`, contestant.name, p99Micros / 1000)
    }
  }
}

/** From one worker to two, on cores of their own where there are enough. */
async function scaling(): Promise<void> {
  const scenario = chosenScenarios.find(({ id }) => id === 'new-ecdsa')
  if (scenario === undefined) return
  for (const contestant of chosen.filter(({ scales }) => scales)) {
    say(`scaling: ${contestant.name}`)
    for (const workers of [1, 2]) {
      const pins = pinning(workers)
      const server = await serve(contestant, 'ecdsa', pins, `scaling-${workers}`, workers)
      if (server === undefined) continue
      const wanted = { ...scenario, port: server.port, connections: 32, milliseconds: 2 * milliseconds }
      await load(programs.client, pins, { ...wanted, milliseconds })
      const before = cpuSeconds(server.child.pid)
      const { count, seconds } = await load(programs.client, pins, wanted)
      const spent = cpuSeconds(server.child.pid) - before
      add(samples, `rate-workers-${workers}`, contestant.name, count / seconds)
      add(samples, `cost-workers-${workers}`, contestant.name, cost(scenario, spent, count))
      await server.child.stop()
    }
  }
}

interface Server {
  readonly child: Child
  readonly port: number
  readonly kind: CertificateKind
}

/** Undefined where the contestant does not start (a provider that is not there yet, say). */
async function serve(
  contestant: Contestant,
  kind: CertificateKind,
  pins: Pinning,
  purpose: string,
  workers = 1,
): Promise<Server | undefined> {
  const port = await freePort()
  const command = contestant.command({
    folder: placeFolder(folder.path, `${contestant.name}-${purpose}`),
    port,
    upstream: upstreamPort,
    ...certificates[kind],
    workers,
    connections: Math.max(...idleCounts),
    goProxy: programs.proxy,
    app,
  })
  try {
    return { child: await started(pins.server(command), port), port, kind }
  } catch (error) {
    say(`  ${contestant.name} does not start: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}

async function started([program, ...args]: readonly [string, ...string[]], port: number): Promise<Child> {
  const child = await start(program, args)
  for (let i = 0; i < 400 && !child.hasExited; i++) {
    const socket = connect(port, '127.0.0.1')
    const up = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true))
      socket.once('error', () => resolve(false))
    })
    socket.destroy()
    if (up) return child
    await sleep(25)
  }
  await child.stop()
  throw new Error(`nobody listens on ${port}: ${child.output()}`)
}

/** A proxy needs two descriptors for each connection. */
function mostConnections(): number {
  const limit = Number(execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }))
  return Number.isNaN(limit) ? Infinity : Math.floor((limit - 200) / 2)
}

function certificate(name: string, algorithm: 'ec' | 'rsa'): { readonly certificate: string; readonly key: string } {
  const [file, key] = [join(folder.path, `${name}.pem`), join(folder.path, `${name}.key`)]
  const kind = algorithm === 'ec' ? ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] : ['rsa:2048']
  // prettier-ignore
  execFileSync('openssl', ['req', '-x509', '-newkey', ...kind, '-nodes', '-days', '2', '-subj', '/CN=bench.example.test',
    '-addext', 'subjectAltName=DNS:bench.example.test', '-keyout', key, '-out', file], { stdio: 'ignore' })
  return { certificate: file, key }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // a TCP server's is never a path
  server.close()
  await once(server, 'close')
  return port
}

function say(text: string): void {
  console.log(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)} s  ${text}`)
}
