/** What socket.ts promises, asked of real sockets: whoever writes another adapter asks the same of it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { nodeNetwork } from '../../src/terminator/node-sockets.ts'
import type { AcceptedSocket, DialEvents, ReadInto, Socket } from '../../src/terminator/socket.ts'
import { closeAll, closedPort, echo, opened, read, readToEnd, startUpstream, tcp } from '../support/terminator.ts'

const network = nodeNetwork

afterEach(closeAll)

/** Writes down what it hears, in order; `said` resolves when a word comes. */
class Listening implements DialEvents {
  readonly heard: string[] = []
  readonly memory = new Set<ArrayBufferLike>()
  text = ''
  readonly #waiting = new Map<string, () => void>()

  said(word: string): Promise<void> {
    return this.heard.includes(word) ? Promise.resolve() : new Promise((done) => this.#waiting.set(word, done))
  }

  onConnected(): void {
    this.#note('connected')
  }

  onBytes(bytes: Uint8Array): void {
    this.memory.add(bytes.buffer)
    this.text += Buffer.from(bytes).toString()
    this.#note('bytes')
  }

  onFin(): void {
    this.#note('fin')
  }

  onDrain(): void {
    this.#note('drain')
  }

  onFault(): void {
    this.#note('fault')
  }

  onClosed(): void {
    this.#note('closed')
  }

  #note(word: string): void {
    if (this.heard.at(-1) !== word) this.heard.push(word)
    this.#waiting.get(word)?.()
  }
}

/** A place of their own for the bytes of each read. */
const freshMemory: ReadInto = () => new Uint8Array(65_536)

function dial(
  to: { host: string; port: number },
  readInto: ReadInto = freshMemory,
): { socket: Socket; events: Listening } {
  const events = new Listening()
  const socket = network.dial({ host: to.host, port: to.port }, events, readInto)
  opened.push(() => socket.destroy())
  assert.deepEqual(events.heard, [], 'nothing is told before dial has returned')
  return { socket, events }
}

/** An accepted socket that nobody listens to yet, and the client at its other end. */
async function accept(readInto: ReadInto = freshMemory) {
  let arrived: (socket: AcceptedSocket) => void
  const accepted = new Promise<AcceptedSocket>((resolve) => (arrived = resolve))
  const port = await network.listen(
    { host: '127.0.0.1', port: 0, reusePort: false, readInto },
    { onConnection: (socket) => arrived(socket), onFault: assert.fail },
  )
  opened.push(() => port.close())
  const client = await tcp(port.port)
  const socket = await accepted
  opened.push(() => socket.destroy())
  return { socket, client, port }
}

test('what is written before the connection stands is kept for it, and each side ends by itself', async () => {
  const { socket, events } = dial(await startUpstream(echo))
  socket.write(Buffer.from('early'))
  socket.end()
  assert.equal(socket.canWrite, false)
  await events.said('closed')
  assert.equal(events.text, 'early')
  assert.deepEqual(events.heard, ['connected', 'drain', 'bytes', 'fin', 'closed'])
  assert.equal(socket.isClosed, true)
  assert.equal(socket.unsent, 0)
})

test('all of that leaves at once and together, as soon as the connection stands', async () => {
  // On a thread of its own, for here a second write would have been made before anybody reads.
  const upstream = new Worker(firstChunks, { eval: true })
  opened.push(() => upstream.terminate())
  const [port] = (await once(upstream, 'message')) as [number]
  for (let i = 0; i < 50; i++) {
    const { socket } = dial({ host: '127.0.0.1', port })
    for (const part of ['header', 'and', 'request']) socket.write(Buffer.from(part))
    assert.deepEqual(await once(upstream, 'message'), ['headerandrequest'])
    socket.destroy()
  }
})

test('bytes lie in the buffer that was lent for them', async () => {
  const lent = new Uint8Array(64)
  const { socket, events } = dial(await startUpstream(echo), () => lent)
  socket.writeAll([Buffer.from('one '), Buffer.from('and '), Buffer.from('two')])
  socket.end()
  await events.said('closed')
  assert.equal(events.text, 'one and two')
  assert.deepEqual([...events.memory], [lent.buffer])
})

test('so do those of a socket that was accepted', async () => {
  const lent = new Uint8Array(64)
  const { socket, client } = await accept(() => lent)
  const events = new Listening()
  client.write('early')
  socket.start(events)
  await events.said('bytes')
  socket.write(Buffer.from('answer'))
  assert.equal((await read(client, 6)).toString(), 'answer')
  client.end(' and late')
  await events.said('fin')
  assert.equal(events.text, 'early and late')
  assert.deepEqual([...events.memory], [lent.buffer])
  assert.equal(socket.remotePort, client.localPort)
  socket.reset()
  await assert.rejects(readToEnd(client), { code: 'ECONNRESET' })
})

test('where nobody listens, it is a fault, and then closed', async () => {
  const { events } = dial({ host: '127.0.0.1', port: await closedPort() })
  await events.said('closed')
  assert.deepEqual(events.heard, ['fault', 'closed'])
})

test('reset is a RST to the peer, and destroy a FIN', async () => {
  const broken = await accept()
  broken.socket.reset()
  await assert.rejects(readToEnd(broken.client), { code: 'ECONNRESET' })
  const closed = await accept()
  closed.socket.destroy()
  assert.equal((await readToEnd(closed.client)).length, 0)
})

test('to end a socket whose peer has ended is a FIN behind all that was written, however much that is', async () => {
  for (const length of [0, 5, 5_000_000]) {
    const { socket, client } = await accept()
    const events = new Listening()
    socket.start(events)
    client.end('question')
    await events.said('fin')
    if (length > 0) socket.write(Buffer.alloc(length))
    socket.end()
    assert.equal(socket.canWrite, false)
    assert.equal((await readToEnd(client)).length, length)
    await events.said('closed')
    assert.equal(socket.isClosed, true)
    assert.deepEqual(
      events.heard.filter((word) => word !== 'drain'),
      ['bytes', 'fin', 'closed'],
    )
  }
})

test('a peer that resets is a fault, and then closed', async () => {
  const { socket, client } = await accept()
  const events = new Listening()
  socket.start(events)
  client.resetAndDestroy()
  await events.said('closed')
  assert.deepEqual(events.heard, ['fault', 'closed'])
  assert.equal(socket.remoteAddress, '')
})

test('a paused socket hears nothing until it is resumed', async () => {
  const { socket, client } = await accept()
  const events = new Listening()
  socket.start(events)
  socket.pause()
  client.end('later')
  await once(client, 'finish')
  await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(events.heard, [])
  assert.equal(socket.isPaused, true)
  socket.resume()
  await events.said('fin')
  assert.equal(events.text, 'later')
})

test('a socket whose peer does not read says that it is full, and when it is not', async () => {
  const { socket, client } = await accept()
  const events = new Listening()
  socket.start(events)
  client.pause()
  const chunk = new Uint8Array(1_000_000)
  // The kernel takes some megabytes before anything waits here.
  while (socket.unsent === 0) socket.write(chunk)
  assert.equal(socket.writeAll([chunk, chunk.subarray(0, 1)]), false)
  assert.deepEqual(events.heard, [])
  client.resume()
  await events.said('drain')
  assert.equal(socket.unsent, 0)
})

test('a port that is taken is refused, and one that is closed takes nobody, while open connections go on', async () => {
  const { socket, client, port } = await accept()
  await assert.rejects(
    network.listen(
      { host: '127.0.0.1', port: port.port, reusePort: false, readInto: () => new Uint8Array(1) },
      { onConnection: () => assert.fail(), onFault: assert.fail },
    ),
    { code: 'EADDRINUSE' },
  )
  port.close()
  await assert.rejects(tcp(port.port), { code: 'ECONNREFUSED' })
  socket.start(new Listening())
  socket.write(Buffer.from('still'))
  assert.equal((await read(client, 5)).toString(), 'still')
})

/** Says its port, and then of each connection what the first read brings. */
const firstChunks = `
  const { parentPort } = require('node:worker_threads')
  const server = require('node:net').createServer((socket) => {
    socket.once('data', (chunk) => parentPort.postMessage(chunk.toString()))
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port))
`
