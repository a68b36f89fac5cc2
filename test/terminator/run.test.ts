/** The whole terminator in this process: worker threads, bundle directory and admin port. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import type { Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { logThrough } from '../../src/telemetry/log.ts'
import { runTerminator } from '../../src/terminator/run.ts'
import type { TerminatorSettings } from '../../src/terminator/settings.ts'
import { bundleFiles, generationOf, vectorPem, writeAtomically } from '../support/bundle-directory.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import {
  closeAll,
  closedPort,
  echo,
  listenAddress,
  opened,
  read,
  readToEnd,
  settings,
  startUpstream,
  tcp,
  tls,
} from '../support/terminator.ts'

afterEach(closeAll)

const shop = (kind: 'p256' | 'rsa' | 'ed25519') =>
  bundleFiles([{ names: ['shop.example.com'], credentials: [vectorPem(kind)] }])

async function start(overrides: Partial<TerminatorSettings> = {}) {
  const folder = temporaryFolder('run')
  opened.push(() => folder.remove())
  const stop = new AbortController()
  const log: string[] = []
  const surroundings = {
    log: logThrough('debug', (level, message, fields) => log.push(`${level} ${message} ${JSON.stringify(fields)}`)),
    logLevel: 'debug' as const,
    stop: stop.signal,
  }
  let exited: Promise<number> | undefined
  const where = await new Promise<{ ports: readonly number[]; adminPort: number | undefined }>((resolve, reject) => {
    const wanted: TerminatorSettings = {
      ...settings,
      source: { kind: 'bundle', directory: folder.path },
      listen: [listenAddress('tls')],
      admin: { host: '127.0.0.1', port: 0 },
      workers: 2,
      ...overrides,
      // Nothing but the address: settings are copied to the workers.
      upstream: { host: '127.0.0.1', port: overrides.upstream?.port ?? 1 },
    }
    exited = runTerminator(wanted, { ...surroundings, onListening: resolve })
    exited.then((code) => reject(new Error(`ended with ${code}: ${log.join('\n')}`)), reject)
  })
  opened.push(async () => {
    stop.abort()
    await exited
  })
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${where.adminPort}${path}`, { headers: { connection: 'close' } })
    return { status: response.status, text: await response.text() }
  }
  const port = where.ports[0] ?? 0
  return { directory: folder.path, port, ask, stop, log, exited: exited as unknown as Promise<number> }
}

/** Asks until the answer holds: a worker takes a bundle when its turn comes. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('is ready when a bundle is loaded and the upstream answers', async () => {
  const upstream = await startUpstream(echo)
  const { directory, ask, port } = await start({ upstream })
  assert.equal((await ask('/livez')).status, 200)
  const before = await ask('/readyz')
  assert.equal(before.status, 503)
  assert.match(before.text, /no bundle is loaded: ENOENT/)

  writeAtomically(directory, shop('p256'))
  await until(async () => (await ask('/readyz')).status === 200)
  const socket = await tls(port)
  socket.write('hello')
  assert.equal((await read(socket, 5)).toString(), 'hello')
})

test('is not ready when nobody listens at the upstream', async () => {
  const { directory, ask } = await start({ upstream: { host: '127.0.0.1', port: await closedPort() } })
  writeAtomically(directory, shop('p256'))
  await until(async () => /ECONNREFUSED/.test((await ask('/readyz')).text))
  assert.match((await ask('/metrics')).text, /chitin_ready 0/)
})

test('a new bundle is served to new connections by every worker, and open ones go on', async () => {
  const { directory, port } = await start({ upstream: await startUpstream(echo) })
  const kinds = ['p256', 'rsa', 'ed25519'] as const
  const kept: TLSSocket[] = []
  for (const kind of kinds) {
    writeAtomically(directory, shop(kind))
    const served = async (): Promise<string | undefined> => {
      try {
        const socket = await tls(port)
        kept.push(socket)
        return (socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType ?? '').replace('ec', 'p256')
      } catch {
        return undefined // no bundle yet
      }
    }
    // Ten in a row: the kernel gives the connections now to one worker and now to the other.
    let inARow = 0
    while (inARow < 10) inARow = (await served()) === kind ? inARow + 1 : 0
  }
  for (const socket of kept) {
    const sent = randomBytes(1000)
    socket.write(sent)
    assert.ok(sent.equals(await read(socket, sent.length)))
  }
})

test('a single worker serves from the main thread: bundles, metrics and drain are the same', async () => {
  const { directory, port, ask, stop, log, exited } = await start({ upstream: await startUpstream(echo), workers: 1 })
  for (const kind of ['p256', 'ed25519'] as const) {
    writeAtomically(directory, shop(kind))
    const id = generationOf(shop(kind))
    await until(async () => (await ask('/metrics')).text.includes(`chitin_bundle_info{generation="${id}"} 1`))
    const socket = await tls(port)
    assert.equal(socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType, kind.replace('p256', 'ec'))
    socket.end('x')
    assert.equal((await readToEnd(socket)).toString(), 'x')
  }
  const { text } = await ask('/metrics')
  assert.match(text, /chitin_workers 1/)
  assert.match(text, /chitin_handshakes_total\{outcome="completed",version="TLSv1.3",[^}]+\} 2/)
  stop.abort()
  assert.equal(await exited, 0)
  assert.ok(log.some((line) => line === 'info stopped {"cut":0}'))
})

test('a bad bundle changes nothing', async () => {
  const { directory, port, ask } = await start({ upstream: await startUpstream(echo) })
  writeAtomically(directory, shop('p256'))
  await until(async () => (await ask('/readyz')).status === 200)
  const broken = shop('rsa')
  broken.delete([...broken.keys()].find((name) => name.startsWith('key-')) ?? '')
  writeAtomically(directory, broken)
  await until(async () => (await ask('/metrics')).text.includes('chitin_bundle_reloads_total{result="failed"}'))
  const socket = await tls(port)
  assert.equal(socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType, 'ec')
  assert.equal((await ask('/readyz')).status, 200)
})

test('sums the metrics of all workers', async () => {
  const { directory, port, ask } = await start({ upstream: await startUpstream(echo), workers: 3 })
  writeAtomically(directory, shop('p256'))
  await until(async () => (await ask('/readyz')).status === 200)
  for (let i = 0; i < 12; i++) {
    const socket = await tls(port)
    socket.write('x')
    await read(socket, 1)
  }
  const { text } = await ask('/metrics')
  assert.match(text, /chitin_handshakes_total\{outcome="completed",version="TLSv1.3",[^}]+\} 12/)
  assert.match(text, /chitin_connections_open\{port="tls"\} 12/)
  assert.match(text, /chitin_workers 3/)
  assert.match(text, /process_resident_memory_bytes [1-9]\d{6}/)
})

test('drains when it is told to stop, and says so', async () => {
  const asked = Promise.withResolvers<Socket>()
  const upstream = await startUpstream((socket) => socket.once('data', () => asked.resolve(socket)))
  const { directory, port, ask, stop, log, exited } = await start({ upstream })
  writeAtomically(directory, shop('p256'))
  await until(async () => (await ask('/readyz')).status === 200)
  const socket = await tls(port)
  // One that waits for its answer is left alone, however long the rest of this takes.
  socket.write('question')
  const above = await asked.promise
  stop.abort()
  assert.deepEqual(await ask('/readyz'), { status: 503, text: 'shutting down\n' })
  above.write('answer')
  assert.equal((await read(socket, 6)).toString(), 'answer')
  socket.end()
  assert.equal(await exited, 0)
  assert.ok(log.some((line) => line === 'info stopped {"cut":0}'))
})

test('a worker that breaks is started again', async () => {
  // A fault of ours, made by settings that the command line would refuse: connecting to such a port throws.
  const { port, ask, log } = await start({
    upstream: { host: '127.0.0.1', port: 70_000 },
    listen: [listenAddress('plain')],
    source: undefined,
    workers: 2,
  })
  await tcp(port)
  await until(async () => (await ask('/metrics')).text.includes('chitin_worker_restarts_total 1'))
  await until(async () => (await ask('/metrics')).text.includes('chitin_workers 2'))
  assert.ok(log.some((line) => line.startsWith('error a worker broke') && line.includes('ERR_SOCKET_BAD_PORT')))
  assert.equal((await ask('/livez')).status, 200)
})

test('a port that is taken ends it with an error', async () => {
  const upstream = await startUpstream(echo)
  await assert.rejects(
    start({ listen: [{ kind: 'plain', host: '127.0.0.1', port: upstream.port, advertise: 80 }], source: undefined }),
    /ended with 1: .*EADDRINUSE/s,
  )
})

test('files that cannot be served end it with an error', async () => {
  const folder = temporaryFolder('files')
  opened.push(() => folder.remove())
  mkdirSync(`${folder.path}/a`)
  const source = {
    kind: 'files',
    certificate: `${folder.path}/a/c.pem`,
    key: `${folder.path}/a/k.pem`,
    alpn: [],
  } as const
  await assert.rejects(start({ source }), /ended with 1: .*ENOENT/s)
})
