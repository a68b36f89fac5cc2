import assert from 'node:assert/strict'
import { once } from 'node:events'
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

test('draining accepts no more, lets the open ones finish, and ends with the last', async () => {
  const terminator = await startTerminator({ upstream: await startUpstream(echo) })
  const socket = await tls(terminator.tlsPort)
  const drained = terminator.listener.drain(60_000)
  await assert.rejects(tcp(terminator.tlsPort), { code: 'ECONNREFUSED' })
  socket.write('still')
  assert.equal((await read(socket, 5)).toString(), 'still')
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

test('draining ends when its time is up, and says goodbye to those who are left', async () => {
  const terminator = await startTerminator({ upstream: await startUpstream(echo) })
  const socket = await tls(terminator.tlsPort)
  socket.write('a')
  await read(socket, 1)
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
  const terminator = await startTerminator({ upstream: await startUpstream(echo), handshakeTimeoutMs: 20 })
  const peers = [
    async () => void (await tcp(terminator.tlsPort)).write('GET / HTTP/1.1\r\n\r\n'),
    async () => void (await tcp(terminator.tlsPort)).end(Buffer.from('160301', 'hex')),
    async () => void (await tcp(terminator.tlsPort)).resetAndDestroy(),
    async () => void (await tcp(terminator.tlsPort)),
    async () => void (await tls(terminator.tlsPort)).end('x'),
    async () => void (await tls(terminator.tlsPort)).destroy(),
  ]
  await Promise.all(Array.from({ length: 20 }, () => peers.map((peer) => peer())).flat())
  while (terminator.listener.connections > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(await terminator.metric('chitin_connections_open{port="tls"}'), 0)
  assert.equal(await terminator.metric('chitin_connections_total{port="tls"}'), 120)
})
