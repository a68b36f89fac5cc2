/**
 * Peers who mean no good, one hundred thousand of them (CHITIN_SOAK_PEERS says another number): they send garbage, plain
 * HTTP, half a hello, a whole hello and then nothing, or nothing at all, and leave politely or not. The terminator goes on
 * serving, logs no error, and is as large as before.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { connect, createServer } from 'node:net'
import { after, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { bundleFiles, vectorPem, writeAtomically } from '../support/bundle-directory.ts'
import { startProcess } from '../support/terminator-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { closeAll, echo, opened, read, startUpstream, tls } from '../support/terminator.ts'

after(closeAll)

const peers = Number(process.env['CHITIN_SOAK_PEERS'] ?? 100_000)
const atOnce = 128
const resident = 'process_resident_memory_bytes'

test(`${peers} hostile peers change nothing`, async (t) => {
  const folder = temporaryFolder('hostile')
  opened.push(() => folder.remove())
  writeAtomically(folder.path, bundleFiles([{ names: ['shop.example.com'], credentials: [vectorPem('p256')] }]))
  const upstream = await startUpstream(echo)
  // prettier-ignore
  const terminator = await startProcess('--bundle', folder.path, '--listen', '127.0.0.1:0', '--workers', '1',
    '--upstream', `127.0.0.1:${upstream.port}`, '--admin', '127.0.0.1:0', '--crypto', 'native', '--handshake-timeout', '2s')
  const port = terminator.ports[0] ?? 0
  const hello = await recordHello()
  const words: readonly (() => Uint8Array)[] = [
    () => Buffer.from('GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n'),
    () => randomBytes(1 + (randomBytes(2).readUInt16BE() % 2000)),
    () => hello.subarray(0, randomBytes(2).readUInt16BE() % hello.length),
    () => Buffer.concat([hello.subarray(0, 60), randomBytes(hello.length - 60)]),
    () => hello,
    () => Buffer.concat([hello, hello]),
    () => Buffer.from('160301ffff', 'hex'),
    () => Buffer.from('15030100020200', 'hex'),
    () => new Uint8Array(0),
  ]

  let next = 0
  let warm = 0
  const one = async (): Promise<void> => {
    while (next < peers) {
      const number = next++
      const word = words[number % words.length] as () => Uint8Array // the index is in range
      await visit(port, number, word())
      if (number === Math.floor(peers / 4)) warm = await terminator.metric(resident)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, one))
  while ((await terminator.metric('chitin_connections_open{port="tls"}')) > 0)
    await new Promise((resolve) => setTimeout(resolve, 100))

  const socket = await tls(port)
  socket.write('still here')
  assert.equal((await read(socket, 10)).toString(), 'still here')
  assert.equal(upstream.connections, 1, 'none of them reached the upstream')
  assert.equal(await terminator.metric('chitin_worker_restarts_total'), 0)
  assert.deepEqual(
    terminator.lines.filter(({ level }) => level !== 'info'),
    [],
  )
  // A peer that resets at once may be gone before it is accepted, so they need not all have been counted.
  const seen = await terminator.metric('chitin_connections_total{port="tls"}')
  assert.ok(seen > peers * 0.9 && seen <= peers + 1, `${seen} connections`)
  const end = await terminator.metric(resident)
  const megabytes = [warm, end].map((bytes) => Math.round(bytes / 2 ** 20))
  t.diagnostic(`resident MB after a quarter of them, after all: ${megabytes.join(', ')}`)
  assert.ok(end < warm + 32 * 2 ** 20, `resident MB: ${megabytes.join(', ')}`)
})

/** One peer: it connects, says its words, and leaves in one of four ways. */
async function visit(port: number, number: number, words: Uint8Array): Promise<void> {
  // One source address has ports for 28 000 connections a minute; the loopback has 16 million addresses.
  const localAddress = `127.1.${(number >> 8) & 0xff}.${1 + (number % 250)}`
  const socket = connect({ host: '127.0.0.1', port, localAddress, allowHalfOpen: true })
  socket.on('error', () => {})
  socket.once('end', () => socket.end())
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await Promise.race([new Promise<void>((resolve) => socket.once('connect', () => resolve())), closed])
  socket.resume()
  // A few say their words and wait to be thrown out.
  const patient = number % 1000 === 0
  const way = patient ? 'wait' : ways[number % ways.length]
  if (way === 'end') socket.end(words)
  else socket.write(words)
  if (way === 'reset') socket.resetAndDestroy()
  if (way === 'destroy') socket.destroy()
  if (way === 'answered') socket.once('data', () => socket.destroy())
  const impatient = patient ? undefined : setTimeout(() => socket.destroy(), 10)
  await closed
  clearTimeout(impatient)
}

const ways = ['end', 'reset', 'destroy', 'answered'] as const

/** What node:tls says first. */
async function recordHello(): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const client = connectTls({ host: '127.0.0.1', port, servername: 'shop.example.com' })
  client.on('error', () => {})
  const [socket] = (await once(server, 'connection')) as [Socket]
  const [hello] = (await once(socket, 'data')) as [Buffer]
  client.destroy()
  socket.destroy()
  server.close()
  return hello
}
