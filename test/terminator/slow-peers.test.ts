/** Peers who ask for much and take little, by the hundred: what is kept for all of them together has a bound. */
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { afterEach, test } from 'node:test'
import { Random } from '../support/random.ts'
import { closeAll, echo, read, readToEnd, startTerminator, startUpstream, tcp, tls } from '../support/terminator.ts'
import type { TestTerminator } from '../support/terminator.ts'

afterEach(closeAll)

const clients = {
  'TLS 1.3': { port: 'tls', open: (terminator) => tls(terminator.tlsPort, { minVersion: 'TLSv1.3' }) },
  'TLS 1.2': { port: 'tls', open: (terminator) => tls(terminator.tlsPort, { maxVersion: 'TLSv1.2' }) },
  plain: { port: 'plain', open: (terminator) => tcp(terminator.plainPort) },
} satisfies Record<string, { port: 'tls' | 'plain'; open: (terminator: TestTerminator) => Promise<Socket> }>

for (const [name, { port, open }] of Object.entries(clients)) {
  test(`${name}: of many who read nothing the first to stop are closed, and who reads is served beside them`, async () => {
    const upstream = await startUpstream((socket) => socket.once('data', () => socket.end(answer)))
    const terminator = await startTerminator({ upstream }, { maxBacklogBytes: mebibyte / 2 })
    const slow: Socket[] = []
    const ask = async (): Promise<Socket> => {
      const socket = await open(terminator)
      socket.pause()
      socket.write('question')
      return socket
    }
    for (let i = 0; i < 100; i++) slow.push(await ask())
    const stalled = `chitin_connections_closed_total{port="${port}",reason="stalled"}`
    await reaches(terminator, stalled, 30)
    const honest = await ask()
    slow.push(await ask(), await ask())
    assert.ok(answer.equals(await readToEnd(honest)))
    // The earliest are gone, and by a RST: nothing that they got may look whole.
    await assert.rejects(readToEnd(slow[0] as Socket), { code: 'ECONNRESET' })
    assert.ok((await terminator.metric('chitin_backlog_bytes')) <= mebibyte / 2)
    assert.equal(terminator.log.filter((line) => line.startsWith('warn too much is kept')).length, 1)
    for (const socket of [...slow, honest]) socket.destroy()
    await terminator.until(`chitin_connections_open{port="${port}"}`, 0)
    assert.equal(await terminator.metric('chitin_backlog_bytes'), 0)
  })

  test(`${name}: what an upstream does not take is bounded as well`, async () => {
    const above: Socket[] = []
    const upstream = await startUpstream((socket) => {
      above.push(socket)
      socket.once('data', (words: Buffer) => {
        socket.pause()
        if (words.includes('echo')) socket.write(words)
      })
    })
    const terminator = await startTerminator({ upstream }, { maxBacklogBytes: mebibyte / 2 })
    const pushing: Socket[] = []
    for (let i = 0; i < 60; i++) {
      const socket = await open(terminator)
      socket.resume().write(answer)
      pushing.push(socket)
    }
    await reaches(terminator, `chitin_connections_closed_total{port="${port}",reason="stalled"}`, 5)
    const honest = await open(terminator)
    honest.write('echo')
    assert.equal((await read(honest, 4)).toString(), 'echo')
    assert.ok((await terminator.metric('chitin_backlog_bytes')) <= mebibyte / 2)
    // Nobody listens to a client whose words are not taken: the upstream has to end it.
    for (const socket of [...above, ...pushing, honest]) socket.destroy()
    await terminator.until(`chitin_connections_open{port="${port}"}`, 0)
    assert.equal(await terminator.metric('chitin_backlog_bytes'), 0)
  })
}

test('a record that is announced costs nothing, and those that are begun and not finished make room for others', async () => {
  const terminator = await startTerminator({ upstream: await startUpstream(echo) }, { maxBacklogBytes: 100_000 })
  const honest = await tls(terminator.tlsPort)
  const begin = async (bytes: Uint8Array): Promise<Socket> => {
    const socket = await tcp(terminator.tlsPort)
    // By a Duplex between them node:tls leaves the socket usable.
    const duplex = Duplex.from({ readable: socket, writable: socket })
    await tls(terminator.tlsPort, { socket: duplex })
    socket.write(bytes)
    return socket
  }
  const announced = Buffer.from('1703034011', 'hex')
  for (let i = 0; i < 100; i++) await begin(announced)
  await reaches(terminator, 'chitin_backlog_bytes', 500)
  assert.ok((await terminator.metric('chitin_backlog_bytes')) <= 1000)
  for (let i = 0; i < 20; i++) await begin(Buffer.concat([announced, Buffer.alloc(8000)]))
  // All hundred, for they came first; then of twenty those for whom there is no room.
  await reaches(terminator, 'chitin_connections_closed_total{port="tls",reason="stalled"}', 108)
  assert.ok((await terminator.metric('chitin_backlog_bytes')) <= 100_000)
  honest.write('still')
  assert.equal((await read(honest, 5)).toString(), 'still')
})

test('nothing is kept for those who are gone, in whatever order they wrote, read, paused and left', async () => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  const random = new Random(seed)
  const act = (socket: Socket): unknown =>
    random.pick([
      () => socket.writable && socket.write(answer.subarray(0, 1 + random.below(300_000))),
      () => socket.pause(),
      () => socket.resume(),
      () => random.chance(0.1) && socket.end(),
      () => random.chance(0.05) && socket.destroy(),
    ])()
  const above: Socket[] = []
  const upstream = await startUpstream((socket) => above.push(socket))
  const terminator = await startTerminator({ upstream }, { maxBacklogBytes: 3 * mebibyte })
  const below: Socket[] = []
  for (let i = 0; i < 8; i++) for (const { open } of Object.values(clients)) below.push(await open(terminator))
  for (let round = 0; round < 3000; round++) {
    act(random.pick(below))
    if (above.length > 0) act(random.pick(above))
    if (round % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  for (const socket of [...below, ...above]) socket.destroy()
  while (terminator.listener.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(await terminator.metric('chitin_backlog_bytes'), 0, `seed ${seed}`)
  assert.ok((await terminator.metric('chitin_bytes_total{port="tls",direction="sent"}')) > 0)
  assert.ok(!terminator.log.some((line) => line.startsWith('error')), terminator.log.join('\n'))
})

/** Resolves when the series has at least that value. */
async function reaches(terminator: TestTerminator, series: string, value: number): Promise<void> {
  while ((await terminator.metric(series)) < value) await new Promise((resolve) => setTimeout(resolve, 5))
}

const mebibyte = 1024 * 1024
/** More than the kernel's buffers take on the whole way. */
const answer = Buffer.alloc(8 * mebibyte, 'chitin')
