import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { closeAll, echo, read, readToEnd, startTerminator, startUpstream, tcp, tls } from '../support/terminator.ts'

afterEach(closeAll)

test('one connection too many closes the one that has been idle longest', async () => {
  const terminator = await startTerminator({ upstream: await startUpstream(echo) }, { maxConnections: 2, busyMs: 0 })
  const [first, second] = [await tls(terminator.tlsPort), await tls(terminator.tlsPort)]
  // The first to come is not the longest idle any more.
  second.write('b')
  await read(second, 1)
  first.write('a')
  await read(first, 1)
  const third = await tls(terminator.tlsPort)
  assert.equal((await readToEnd(second)).length, 0, 'told by close_notify')
  for (const socket of [first, third]) {
    socket.write('still')
    assert.equal((await read(socket, 5)).toString(), 'still')
  }
  assert.equal(terminator.listener.connections, 2)
  await terminator.until('chitin_connections_closed_total{port="tls",reason="evicted"}', 1)
})

test('where all are busy, the one too many is turned away', async () => {
  const terminator = await startTerminator(
    { upstream: await startUpstream(echo) },
    { maxConnections: 1, busyMs: 1_000_000 },
  )
  const socket = await tls(terminator.tlsPort)
  await assert.rejects(tcp(terminator.tlsPort).then(readToEnd), { code: 'ECONNRESET' })
  assert.equal(await terminator.metric('chitin_connections_rejected_total{port="tls"}'), 1)
  socket.write('still')
  assert.equal((await read(socket, 5)).toString(), 'still')
})

test('one handshake too many closes the oldest one, and none that is over', async () => {
  const terminator = await startTerminator({ upstream: await startUpstream(echo) }, { maxHandshakes: 2 })
  const open = [await tls(terminator.tlsPort), await tls(terminator.tlsPort), await tls(terminator.tlsPort)]
  const silent: Socket[] = []
  for (let i = 1; i <= 3; i++) {
    silent.push(await tcp(terminator.tlsPort))
    await terminator.until('chitin_connections_total{port="tls"}', open.length + i)
  }
  // Words do not make it younger: a peer could go on with half a hello for ever.
  silent[1]?.write(Buffer.from('160301', 'hex'))
  open.push(await tls(terminator.tlsPort))
  for (const socket of silent.slice(0, 2)) await readToEnd(socket).catch(() => {})
  await terminator.until('chitin_connections_closed_total{port="tls",reason="crowded-out"}', 2)
  const abandoned = '{outcome="abandoned",version="",suite="",group="",alert="",reason="crowded-out"}'
  assert.equal(await terminator.metric(`chitin_handshakes_total${abandoned}`), 2)
  for (const socket of open) {
    socket.write('still')
    assert.equal((await read(socket, 5)).toString(), 'still')
  }
  assert.equal(terminator.listener.connections, open.length + 1)
  assert.equal(terminator.log.filter((line) => line.startsWith('warn too many handshakes in flight')).length, 1)
})

test('handshakes that have said too much all together make room, the oldest first', async () => {
  const terminator = await startTerminator(
    { upstream: await startUpstream(echo) },
    { maxHandshakeBytes: 150_000, maxHandshakes: 100 },
  )
  // Four that begin the greatest hello there may be, and leave it at 50 000 bytes of it.
  const begun = Buffer.concat([Buffer.from('010200fc', 'hex'), Buffer.alloc(49_996)])
  const parts = [0, 1, 2, 3].map((i) => begun.subarray(i * 16_384, (i + 1) * 16_384))
  const records = Buffer.concat(
    parts.flatMap((part) => [Buffer.of(22, 3, 1, part.length >> 8, part.length & 0xff), part]),
  )
  const stalled: Socket[] = []
  for (let i = 1; i <= 4; i++) {
    const socket = await tcp(terminator.tlsPort)
    socket.write(records)
    stalled.push(socket)
    await terminator.until('chitin_bytes_total{port="tls",direction="received"}', i * records.length)
  }
  for (const socket of stalled.slice(0, 2)) await readToEnd(socket).catch(() => {})
  await terminator.until('chitin_connections_closed_total{port="tls",reason="crowded-out"}', 2)
  const honest = await tls(terminator.tlsPort)
  honest.write('x')
  assert.equal((await read(honest, 1)).toString(), 'x')
  // What they had said is forgotten with them, and what an honest one said with its handshake.
  assert.equal(terminator.listener.connections, 3)
})

test('draining accepts no more, lets the open ones finish, and ends with the last', async () => {
  const asked = Promise.withResolvers<Socket>()
  const upstream = await startUpstream((socket) => socket.once('data', () => asked.resolve(socket)))
  const terminator = await startTerminator({ upstream })
  const socket = await tls(terminator.tlsPort)
  // One that waits for its answer is left alone, however long the rest of this takes.
  socket.write('question')
  const above = await asked.promise
  const drained = terminator.listener.drain(60_000)
  await assert.rejects(tcp(terminator.tlsPort), { code: 'ECONNREFUSED' })
  above.write('answer')
  assert.equal((await read(socket, 6)).toString(), 'answer')
  socket.end()
  assert.deepEqual(await drained, { cut: 0 })
})

test('draining does not wait for those who have not said a word', async () => {
  const terminator = await startTerminator()
  const socket = await tcp(terminator.tlsPort)
  const plain = once(socket, 'close')
  await terminator.until('chitin_connections_total{port="tls"}', 1)
  assert.deepEqual(await terminator.listener.drain(60_000), { cut: 0 })
  socket.end()
  await plain
})

for (const kind of ['tls', 'plain'] as const) {
  const client = (terminator: { tlsPort: number; plainPort: number }): Promise<Socket> =>
    kind === 'tls' ? tls(terminator.tlsPort) : tcp(terminator.plainPort)

  test(`${kind}: draining does not wait for a kept-alive connection that has its answer, or never asked`, async () => {
    const terminator = await startTerminator({ upstream: await startUpstream(echo) })
    const [answered, asking] = [await client(terminator), await client(terminator)]
    answered.write('question')
    await read(answered, 8)
    await terminator.until(`chitin_connections_total{port="${kind}"}`, 2)
    const drained = terminator.listener.drain(600_000)
    // New words are served, and so is the silence that begins behind them.
    answered.write('another')
    assert.equal((await read(answered, 7)).toString(), 'another')
    for (const socket of [answered, asking]) {
      assert.equal((await readToEnd(socket)).length, 0, 'a clean end')
      socket.end()
    }
    assert.deepEqual(await drained, { cut: 0 })
    assert.equal(await terminator.metric(`chitin_connections_closed_total{port="${kind}",reason="drained"}`), 2)
  })

  test(`${kind}: draining waits for an answer that is slow`, async () => {
    const upstream = await startUpstream((socket) => {
      socket.on('data', () => setTimeout(() => socket.write('at last'), 2500))
    })
    const terminator = await startTerminator({ upstream })
    const socket = await client(terminator)
    socket.write('question')
    await terminator.until(`chitin_connections_open{port="${kind}"}`, 1)
    const drained = terminator.listener.drain(600_000)
    assert.equal((await readToEnd(socket)).toString(), 'at last')
    socket.end()
    assert.deepEqual(await drained, { cut: 0 })
  })

  test(`${kind}: draining waits for a client that is slow to read its answer`, async () => {
    const answer = randomBytes(20_000_000)
    const terminator = await startTerminator({ upstream: await startUpstream((socket) => socket.write(answer)) })
    const socket = await client(terminator)
    socket.pause()
    await terminator.until(`chitin_connections_open{port="${kind}"}`, 1)
    const drained = terminator.listener.drain(600_000)
    await new Promise((resolve) => setTimeout(resolve, 2500))
    assert.ok(answer.equals(await readToEnd(socket)))
    socket.end()
    assert.deepEqual(await drained, { cut: 0 })
  })
}

test('draining ends when its time is up, and says goodbye to those who are left', async () => {
  // Nothing answers: as far as anybody can tell, the answer may still come.
  const terminator = await startTerminator({ upstream: await startUpstream(() => {}) })
  const socket = await tls(terminator.tlsPort)
  socket.write('a')
  assert.deepEqual(await terminator.listener.drain(20), { cut: 1 })
  assert.equal((await readToEnd(socket)).length, 0)
})

test('without a certificate, a TLS connection is closed and a plain one served', async () => {
  const terminator = await startTerminator({ upstream: await startUpstream(echo) }, { openTls: () => undefined })
  const socket = await tcp(terminator.tlsPort)
  await readToEnd(socket).catch(() => {})
  assert.equal(await terminator.metric('chitin_connections_closed_total{port="tls",reason="no-certificate"}'), 1)
  const plain = await tcp(terminator.plainPort)
  plain.end('x')
  assert.equal((await readToEnd(plain)).toString(), 'x')
})

test('connections of all kinds leave nothing behind', async () => {
  const terminator = await startTerminator({ upstream: await startUpstream(echo), handshakeTimeoutMs: 300 })
  const peers = [
    async () => void (await tcp(terminator.tlsPort)).write('GET / HTTP/1.1\r\n\r\n'),
    async () => void (await tcp(terminator.tlsPort)).end(Buffer.from('160301', 'hex')),
    async () => void (await tcp(terminator.tlsPort)).resetAndDestroy(),
    async () => void (await tcp(terminator.tlsPort)),
    async () => void (await tls(terminator.tlsPort).catch(late))?.end('x'),
    async () => void (await tls(terminator.tlsPort).catch(late))?.destroy(),
  ]
  await Promise.all(Array.from({ length: 20 }, () => peers.map((peer) => peer())).flat())
  // A client is connected before it is accepted.
  await terminator.until('chitin_connections_total{port="tls"}', 120)
  while (terminator.listener.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(await terminator.metric('chitin_connections_open{port="tls"}'), 0)
})

/** On a busy machine a handshake may come too late: that is one more way to end, and leaves nothing behind either. */
function late(): undefined {
  return undefined
}
