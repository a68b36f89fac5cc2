/** When session tickets leave: with the first answer, or when it is clear that none comes. By a clock of the test's own. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { concat } from '../../src/bytes/arrays.ts'
import { native } from '../../src/crypto/native/provider.ts'
import { logThrough } from '../../src/telemetry/log.ts'
import { connectionMetrics } from '../../src/telemetry/metrics.ts'
import { Backlog } from '../../src/terminator/backlog.ts'
import { Handshakes } from '../../src/terminator/handshakes.ts'
import { IdleList } from '../../src/terminator/idle-list.ts'
import { nodeNetwork } from '../../src/terminator/node-sockets.ts'
import { serverConfig } from '../../src/terminator/server-config.ts'
import { Session } from '../../src/terminator/session.ts'
import type { SessionContext } from '../../src/terminator/session-context.ts'
import { TimerWheel } from '../../src/terminator/timer-wheel.ts'
import { TlsEngine } from '../../src/terminator/tls-engine.ts'
import { testCredential } from '../support/credentials.ts'
import {
  closeAll,
  listenAddress,
  opened,
  read,
  readToEnd,
  settings,
  startUpstream,
  tls,
} from '../support/terminator.ts'

afterEach(closeAll)

const [tickets, answer, alert] = ['tickets', 'answer', 'alert'] as const

test('tickets leave in one write with the first answer, and before it', async () => {
  const { client, above, writes } = await connected()
  above.write('hello')
  assert.equal((await read(client, 5)).toString(), 'hello')
  assert.deepEqual(writes.slice(1), [[tickets, answer]])
  above.write('again')
  assert.equal((await read(client, 5)).toString(), 'again')
  assert.deepEqual(writes.slice(2), [[answer]])
})

test('tickets leave by themselves where the upstream says nothing', async () => {
  const { client, writes, advance, stage } = await connected()
  advance(249)
  assert.deepEqual(writes.slice(1), [])
  const told = twoTickets(client)
  advance(1000)
  assert.deepEqual(writes.slice(1), [[tickets]])
  await told
  assert.equal(stage(), 'open')
  advance(10_000)
  assert.deepEqual(writes.length, 2)
})

test('tickets leave before close_notify where the upstream ends without an answer', async () => {
  const { client, above, writes } = await connected()
  const told = twoTickets(client)
  above.end()
  assert.equal((await readToEnd(client)).length, 0)
  await told
  assert.deepEqual(writes.slice(1), [[tickets, alert]])
})

test('tickets do not keep a connection from being silent for too long', async () => {
  const { client, writes, advance, stage } = await connected()
  advance(250 + settings.idleTimeoutMs)
  advance(500 + settings.idleTimeoutMs)
  assert.equal(stage(), 'lingering')
  assert.equal((await readToEnd(client)).length, 0)
  assert.deepEqual(writes.slice(1), [[tickets], [alert]])
})

for (const [how, end] of [
  ['ends', (client: TLSSocket) => client.end()],
  ['breaks', (client: TLSSocket) => client.destroy()],
] as const)
  test(`a client that ${how} before its tickets have left leaves no deadline behind`, async () => {
    const { client, above, wheel, over } = await connected()
    end(client)
    above.on('end', () => above.end())
    await over
    assert.deepEqual(wheel.advance(1e9), [])
  })

const uncounted = { received: { count: 0 }, sent: { count: 0 } }

/** A connection whose handshake is over, to an upstream that has said nothing yet. */
async function connected() {
  let now = 0
  const readBuffer = new Uint8Array(65_536)
  const backlog = new Backlog<Session>(Infinity)
  const writes: string[][] = []
  const wheel = new TimerWheel<Session>(250, now)
  const arrived = Promise.withResolvers<Socket>()
  const over = Promise.withResolvers<void>()
  const upstream = await startUpstream(arrived.resolve)
  const context: SessionContext = {
    settings: { ...settings, upstream },
    network: nodeNetwork,
    metrics: connectionMetrics(),
    log: logThrough('error', (_, message) => assert.fail(message)),
    wheel,
    sessions: new IdleList(),
    handshaking: new Handshakes(),
    backlog,
    now: () => now,
    readInto: () => readBuffer,
    tally: { tls: uncounted, plain: uncounted },
    heard: () => {},
    keep: (item, bytes) => backlog.set(item, bytes),
    ended: () => over.resolve(),
  }
  const config = configuration()
  const listening = await nodeNetwork.listen(
    { host: '127.0.0.1', port: 0, reusePort: false, readInto: context.readInto },
    {
      onConnection(socket) {
        const writeAll = socket.writeAll.bind(socket)
        socket.writeAll = (parts) => {
          writes.push(recordsIn(concat(...parts)))
          return writeAll(parts)
        }
        context.sessions.add(new Session(socket, listenAddress('tls'), new TlsEngine(config), context))
      },
      onFault: assert.fail,
    },
  )
  opened.push(() => listening.close())
  const client = await tls(listening.port)
  const above = await arrived.promise
  const stage = () => context.sessions.longestIdle?.stage
  while (stage() !== 'open') await new Promise((resolve) => setTimeout(resolve, 1))
  return {
    client,
    above,
    writes,
    wheel,
    over: over.promise,
    stage,
    advance: (to: number): void => {
      now = to
      for (const session of wheel.advance(to)) session.onDeadline()
    },
  }
}

function configuration() {
  const credential = testCredential('p256', native)
  const key = { name: new Uint8Array(16), key: new Uint8Array(32) }
  const tls = { groups: ['X25519'], alpn: [] } as const
  const shared = { keys: [key], lifetimeSeconds: 3600 }
  const snapshot = { generation: 'test', tls, hosts: [], defaultCredentials: [credential], tickets: shared }
  return serverConfig(snapshot, native, settings)
}

/** What stands in the records, as far as their lengths tell: tickets hold sessions, the answer five bytes and an alert two. */
function recordsIn(bytes: Uint8Array): string[] {
  const found: string[] = []
  for (let at = 0; at < bytes.length;) {
    const length = new DataView(bytes.buffer, bytes.byteOffset + at).getUint16(3)
    found.push(length === 2 + 1 + 16 ? alert : length === 5 + 1 + 16 ? answer : tickets)
    at += 5 + length
  }
  return found
}

async function twoTickets(client: TLSSocket): Promise<void> {
  for (let i = 0; i < 2; i++) await once(client, 'session')
}
