/** A terminator's worker in this process, with an upstream of the test's own, and clients that nobody here wrote. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import { connect as connectTcp, createServer } from 'node:net'
import type { ConnectionOptions, TLSSocket } from 'node:tls'
import { connect as connectTls } from 'node:tls'
import { native } from '../../src/crypto/native/provider.ts'
import { logThrough } from '../../src/telemetry/log.ts'
import { exposition } from '../../src/telemetry/metrics.ts'
import type { Engine } from '../../src/terminator/engine.ts'
import { Listener } from '../../src/terminator/listener.ts'
import { nodeNetwork } from '../../src/terminator/node-sockets.ts'
import { serverConfig } from '../../src/terminator/server-config.ts'
import type { Snapshot } from '../../src/terminator/snapshot.ts'
import type { Network, Socket as TerminatorSocket } from '../../src/terminator/socket.ts'
import { TlsEngine } from '../../src/terminator/tls-engine.ts'
import type { ListenAddress, TerminatorSettings } from '../../src/terminator/settings.ts'
import { testCredential } from './credentials.ts'

export const settings: TerminatorSettings = {
  source: undefined,
  listen: [],
  upstream: { host: '127.0.0.1', port: 1 },
  proxyProtocol: false,
  acceptProxyProtocol: false,
  admin: undefined,
  workers: 1,
  crypto: 'native',
  minTlsVersion: 'TLSv1.2',
  handshakeTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  drainMs: 5000,
  maxConnections: 1000,
  maxHandshakes: 1000,
  maxBacklogBytes: 32 * 1024 * 1024,
}

export function listenAddress(kind: ListenAddress['kind'], advertise = 443): ListenAddress {
  return { kind, host: '127.0.0.1', port: 0, advertise }
}

export interface TestTerminator {
  readonly listener: Listener
  readonly tlsPort: number
  readonly plainPort: number
  readonly log: readonly string[]
  /** The value of one series, `name{label="value"}` as /metrics says it; 0 where there is none. */
  metric(series: string): Promise<number>
  /** Resolves when the series has the value. Metrics are moved by events that a client does not see. */
  until(series: string, value: number): Promise<void>
}

/** Everything that was opened, closed again by `closeAll`, the latest first. */
export const opened: (() => unknown)[] = []

export async function closeAll(): Promise<void> {
  for (const close of opened.splice(0).toReversed()) await close()
}

export async function startTerminator(
  overrides: Partial<TerminatorSettings> = {},
  {
    openTls,
    snapshot = {},
    maxConnections = 1000,
    maxHandshakes = 1000,
    maxHandshakeBytes,
    maxBacklogBytes = settings.maxBacklogBytes,
    busyMs,
    network = nodeNetwork,
  }: {
    openTls?: () => Engine | undefined
    /** Of the bundle, what is not as it usually is. */
    snapshot?: Partial<Snapshot>
    maxConnections?: number
    maxHandshakes?: number
    maxHandshakeBytes?: number
    maxBacklogBytes?: number
    busyMs?: number
    network?: Network
  } = {},
): Promise<TestTerminator> {
  const log: string[] = []
  const credential = testCredential('p256', native)
  const config = serverConfig(
    {
      generation: 'test',
      tls: { groups: ['X25519', 'P-256'], alpn: ['h2', 'http/1.1'] },
      hosts: [{ names: ['shop.example.com'], credentials: [credential] }],
      defaultCredentials: [credential],
      ...snapshot,
    },
    native,
    { ...settings, ...overrides },
  )
  const listener = new Listener({
    network,
    settings: { ...settings, listen: [listenAddress('tls'), listenAddress('plain', 80)], ...overrides },
    log: logThrough('debug', (level, message, fields) => log.push(`${level} ${message} ${JSON.stringify(fields)}`)),
    openTls: openTls ?? (() => new TlsEngine(config)),
    reusePort: false,
    maxConnections,
    maxHandshakes,
    maxBacklogBytes,
    ...(maxHandshakeBytes === undefined ? {} : { maxHandshakeBytes }),
    ...(busyMs === undefined ? {} : { busyMs }),
  })
  const [tlsPort = 0, plainPort = 0] = await listener.listen()
  opened.push(() => listener.drain(0))
  const metric = async (series: string): Promise<number> => {
    const text = await exposition([await listener.metrics()])
    const line = text.split('\n').find((line) => line.startsWith(`${series} `))
    return line === undefined ? 0 : Number(line.slice(series.length + 1))
  }
  return {
    listener,
    tlsPort,
    plainPort,
    log,
    metric,
    async until(series, value) {
      while ((await metric(series)) !== value) await new Promise((resolve) => setTimeout(resolve, 5))
    },
  }
}

/** TCP as it is, for one connection through the terminator, which can be looked at. */
export interface WatchedNetwork extends Network {
  /** The terminator's sockets, once they are there. */
  readonly client: TerminatorSocket | undefined
  readonly upstream: TerminatorSocket | undefined
  /** The most that either ever kept because the kernel took no more, in bytes. */
  readonly mostUnsent: number
}

export function watchedNetwork(): WatchedNetwork {
  const watched: { -readonly [Key in keyof WatchedNetwork]: WatchedNetwork[Key] } = {
    client: undefined,
    upstream: undefined,
    mostUnsent: 0,
    listen: (where, events) =>
      nodeNetwork.listen(where, {
        ...events,
        onConnection: (socket) => events.onConnection((watched.client = watch(socket))),
      }),
    dial: (to, events, readInto) => (watched.upstream = watch(nodeNetwork.dial(to, events, readInto))),
  }
  const watch = <Watched extends TerminatorSocket>(socket: Watched): Watched =>
    new Proxy(socket, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return (...args: unknown[]): unknown => {
          const result: unknown = value.apply(target, args)
          watched.mostUnsent = Math.max(watched.mostUnsent, target.unsent)
          return result
        }
      },
    })
  return watched
}

/** A server on a free port of the loopback; its connections are half-open, as the terminator's are. */
export async function startUpstream(
  onConnection: (socket: Socket) => void,
): Promise<{ readonly host: string; readonly port: number; readonly server: Server; connections: number }> {
  const sockets = new Set<Socket>()
  const upstream = { host: '127.0.0.1', port: 0, server: createServer({ allowHalfOpen: true }), connections: 0 }
  upstream.server.on('connection', (socket) => {
    upstream.connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    onConnection(socket)
  })
  upstream.server.listen(0, '127.0.0.1')
  await once(upstream.server, 'listening')
  upstream.port = (upstream.server.address() as AddressInfo).port
  opened.push(() => {
    for (const socket of sockets) socket.destroy()
    upstream.server.close()
  })
  return upstream
}

export function echo(socket: Socket): void {
  socket.pipe(socket)
}

/** A port that nobody listens on: it was free a moment ago. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

export async function tcp(port: number): Promise<Socket> {
  const socket = connectTcp({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true })
  socket.on('error', () => {})
  opened.push(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

export async function tls(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({
    host: '127.0.0.1',
    port,
    servername: 'shop.example.com',
    // Who vouches for the certificate is not what is tested here.
    rejectUnauthorized: false,
    allowHalfOpen: true,
    ...options,
  } as ConnectionOptions)
  socket.on('error', () => {})
  opened.push(() => socket.destroy())
  await once(socket, 'secureConnect')
  return socket
}

/** Reads until so many bytes have come. */
export async function read(socket: Socket, length: number): Promise<Buffer> {
  let bytes = Buffer.alloc(0)
  while (bytes.length < length) {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) {
      assert.ok(!socket.readableEnded && !socket.destroyed, `ended after ${bytes.length} of ${length} bytes`)
      await Promise.race([once(socket, 'readable'), once(socket, 'close')])
    } else bytes = Buffer.concat([bytes, chunk])
  }
  return bytes
}

/** Reads until the other side says that it is done. Rejects where the connection breaks. */
export async function readToEnd(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
