/** Draws the import map from the sources, and holds it against the floors that the README promises. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { test } from 'node:test'

const source = join(import.meta.dirname, '..', 'src')

const floors: Readonly<Record<string, number>> = {
  api: 0,
  telemetry: 0,
  bytes: 0,
  kube: 1,
  policy: 1,
  nginx: 1,
  inject: 1,
  wire: 1,
  crypto: 1,
  x509: 2,
  tls: 3,
  stream: 4,
  controller: 5,
  webhook: 5,
  terminator: 5,
  cli: 6,
  'main.ts': 7,
}

/** Folders on one floor do not know each other; these two pairs are the exceptions, each with its reason. */
const neighbours = new Set([
  'api -> bytes', // api/bundle.ts names files by hash, in hex
  'controller -> webhook', // the operator is one process: the controller's run.ts starts the webhook it configures
])

/** The few files that start things; everyone else is handed bytes, `now` and `random`. */
const edges = [
  'telemetry/log.ts',
  'telemetry/admin-server.ts',
  'telemetry/process-metrics.ts',
  'kube/watch.ts',
  'kube/pause.ts',
  'kube/transport.ts',
  'kube/reflector.ts',
  'kube/reconciler.ts',
  'kube/lease.ts',
  'kube/events.ts',
  'crypto/native/',
  'crypto/wasm/build.ts',
  'crypto/wasm/load.ts',
  'stream/',
  'controller/tls-policy/bundles.ts',
  'controller/tls-policy/apply.ts',
  'controller/certificates/verify.ts',
  'controller/collect-often.ts',
  'controller/in-turns.ts',
  'controller/run.ts',
  'controller/serving-webhook.ts',
  'controller/webhook-configuration/',
  'webhook/server.ts',
  'webhook/run.ts',
  'terminator/',
  'cli/',
  'main.ts',
]
const pureInTerminator = [
  'terminator/client-auth.ts',
  'terminator/client-side.ts',
  'terminator/credential-store.ts',
  'terminator/host-index.ts',
  'terminator/handshakes.ts',
  'terminator/proxy-protocol.ts',
  'terminator/read-proxy-header.ts',
  'terminator/session-metrics.ts',
  'terminator/session.ts',
  'terminator/silence.ts',
  'terminator/timer-wheel.ts',
  'terminator/upstream-side.ts',
  'terminator/write-proxy-header.ts',
]

const worldly =
  /\bprocess\.|\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bsetTimeout\(|\bsetInterval\(|\bsetImmediate\(|\bperformance\.now\(|\bfetch\(|\bcrypto\.getRandomValues\(/

interface SourceFile {
  readonly name: string
  readonly text: string
  readonly imports: readonly { readonly name: string; readonly typeOnly: boolean }[]
}

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.includes('/assembly/'))
  .map((name) => read(name))
const byName = new Map(files.map((file) => [file.name, file]))

test('every folder stands on a floor', () => {
  const unknown = files.map(({ name }) => folder(name)).filter((name) => floors[name] === undefined)
  assert.deepEqual([...new Set(unknown)], [])
})

test('every import goes down a floor, or stays in its folder', () => {
  const upward = files.flatMap((file) =>
    localImports(file)
      .filter((target) => folder(target) !== folder(file.name))
      .filter((target) => (floors[folder(target)] ?? Infinity) >= (floors[folder(file.name)] ?? -1))
      .filter((target) => !neighbours.has(`${folder(file.name)} -> ${folder(target)}`))
      .map((target) => `${file.name} imports ${target}`),
  )
  assert.deepEqual(upward, [])
})

test('there is no cycle', () => {
  const done = new Set<string>()
  const visit = (name: string, path: readonly string[]): void => {
    const at = path.indexOf(name)
    if (at >= 0) assert.fail(`cycle: ${[...path.slice(at), name].join(' -> ')}`)
    if (done.has(name)) return
    for (const target of runtimeImports(name)) visit(target, [...path, name])
    done.add(name)
  }
  for (const { name } of files) visit(name, [])
})

test('every import finds its file', () => {
  const lost = files.flatMap((file) =>
    localImports(file)
      .filter((target) => !byName.has(target))
      .map((target) => `${file.name}: ${target}`),
  )
  assert.deepEqual(lost, [])
})

test('a pure file does not reach for the world', () => {
  const reaching = files
    .filter(({ name }) => pureInTerminator.includes(name) || !edges.some((edge) => name.startsWith(edge)))
    .flatMap(({ name, text, imports }) => {
      const io = imports.filter((target) => target.name.startsWith('node:')).map((target) => target.name)
      const call = worldly.exec(withoutComments(text))?.[0]
      return [...io, ...(call === undefined ? [] : [call])].map((what) => `${name} uses ${what}`)
    })
  assert.deepEqual(reaching, [])
})

test('the terminator never loads the Kubernetes client', () => {
  const seen = new Set<string>()
  const walk = (name: string): void => {
    if (seen.has(name)) return
    seen.add(name)
    for (const target of runtimeImports(name)) walk(target)
  }
  for (const { name } of files) if (name.startsWith('terminator/')) walk(name)
  assert.deepEqual(
    [...seen].filter((name) => name.startsWith('kube/') || name.startsWith('controller/')),
    [],
  )
})

function read(name: string): SourceFile {
  const text = readFileSync(join(source, name), 'utf8')
  const statements = withoutComments(text).matchAll(
    /^\s*(import|export)\s+(type\s+)?(?:[^'"();]*?\sfrom\s+)?'([^']+)'/gm,
  )
  const imports = [...statements].map((match) => ({ name: match[3] ?? '', typeOnly: match[2] !== undefined }))
  return { name, text, imports }
}

function localImports(file: SourceFile): string[] {
  return file.imports.filter(({ name }) => name.startsWith('.')).map(({ name }) => resolve(file.name, name))
}

function runtimeImports(name: string): string[] {
  const file = byName.get(name)
  if (file === undefined) return []
  return file.imports
    .filter((target) => target.name.startsWith('.') && !target.typeOnly)
    .map((target) => resolve(name, target.name))
}

function resolve(from: string, path: string): string {
  return relative('.', normalize(join(dirname(from), path)))
}

function folder(name: string): string {
  return name.split('/')[0] ?? name
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/(^|\s)\/\/.*$/gm, '$1')
}
