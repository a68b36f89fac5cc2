import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Socket as NetSocket } from 'node:net'
import { afterEach, test } from 'node:test'
import { nodeNetwork } from '../../src/terminator/node-sockets.ts'
import { RecordPool } from '../../src/terminator/record-pool.ts'
import type { DialEvents, Socket } from '../../src/terminator/socket.ts'
import { writeLent } from '../../src/terminator/write-lent.ts'
import { closeAll, opened, read, readToEnd, startUpstream } from '../support/terminator.ts'

afterEach(closeAll)

/** A connection of ours, and the peer's end of it, which reads nothing until it is asked to. */
async function connection(): Promise<{ socket: Socket; peer: NetSocket }> {
  let arrived: (socket: NetSocket) => void
  const accepted = new Promise<NetSocket>((resolve) => (arrived = resolve))
  const { host, port } = await startUpstream((socket) => arrived(socket))
  const connected = Promise.withResolvers<void>()
  const events: DialEvents = {
    onConnected: () => connected.resolve(),
    onBytes: ignored,
    onFin: ignored,
    onDrain: ignored,
    onFault: ignored,
    onClosed: ignored,
  }
  const socket = nodeNetwork.dial({ host, port }, events, () => new Uint8Array(65_536))
  opened.push(() => socket.destroy())
  await connected.promise
  return { socket, peer: await accepted }
}

function ignored(): void {}

/** Writes, as a session does, what stands in a lent piece. */
function say(socket: Socket, bytes: Uint8Array, pool: RecordPool): void {
  const piece = pool.take(bytes.length)
  piece.set(bytes)
  writeLent(socket, [piece.subarray(0, bytes.length)], pool, false)
}

/** What the next connections do with all the memory that is free: they write over it. */
function scribble(pool: RecordPool): void {
  for (const length of [1, 60_000]) {
    const pieces = Array.from({ length: 5 }, () => pool.take(length))
    for (const piece of pieces) piece.fill(0xee)
    pool.giveBack(pieces)
  }
}

test('what was written never changes, however late the peers read it', async () => {
  const pool = new RecordPool(66 * 1024)
  const connections = await Promise.all(Array.from({ length: 6 }, connection))
  const words = Array.from({ length: 400 }, (_, i) => randomBytes(1 + ((i * 7919) % 60_000)))
  for (const word of words)
    for (const { socket } of connections) {
      say(socket, word, pool)
      scribble(pool)
    }
  assert.ok(connections.every(({ socket }) => socket.unsent > 0))
  for (const { socket } of connections) socket.end()
  const whole = Buffer.concat(words)
  for (const { peer } of connections) assert.ok(whole.equals(await readToEnd(peer)))
})

test('a piece that the socket took at once is the next one that is lent', async () => {
  const pool = new RecordPool(66 * 1024)
  const { socket, peer } = await connection()
  const piece = pool.take(10)
  assert.equal(writeLent(socket, [piece.subarray(0, 10).fill(7)], pool, false), 0)
  assert.equal(pool.take(10).buffer, piece.buffer)
  assert.deepEqual([...(await read(peer, 10))], Array<number>(10).fill(7))
})

test('a socket that is stuck keeps no second piece, but as much as it has to send', async () => {
  const pool = new RecordPool(66 * 1024)
  const { socket } = await connection()
  while (socket.unsent === 0) say(socket, new Uint8Array(60_000), pool)
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 2000; i++) say(socket, Uint8Array.of(i), pool)
  const each = (process.memoryUsage().arrayBuffers - before) / 2000
  assert.ok(each < 100, `${each} bytes for each byte that waits`)
})

test('a socket that is stuck says how much memory it keeps: pieces, as long as they are, and then what it has to send', async () => {
  const pool = new RecordPool(66 * 1024)
  const { socket } = await connection()
  const write = (length: number, isShort: boolean): number =>
    writeLent(socket, [pool.take(length).subarray(0, length)], pool, isShort)
  let kept = 0
  while (kept === 0) kept = write(60_000, false)
  assert.equal(kept, 66 * 1024)
  assert.equal(write(1000, false), 1000)
})

test('where memory is short, a socket keeps no more than it has to send, from the first on', async () => {
  const pool = new RecordPool(66 * 1024)
  const { socket } = await connection()
  let kept = 0
  while (kept === 0) kept = writeLent(socket, [pool.take(60_000).subarray(0, 60_000)], pool, true)
  assert.equal(kept, 60_000)
})
