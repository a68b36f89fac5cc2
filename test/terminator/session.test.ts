import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { toHex } from '../../src/bytes/hex.ts'
import { PassThrough } from '../../src/terminator/engine.ts'
import { formatAddress } from '../../src/bytes/ip-address.ts'
import { readProxyHeader } from '../../src/terminator/read-proxy-header.ts'
import { readBytes } from '../../src/terminator/record-pool.ts'
import {
  closeAll,
  closedPort,
  echo,
  listenAddress,
  read,
  readToEnd,
  startTerminator,
  startUpstream,
  tcp,
  tls,
  watchedNetwork,
} from '../support/terminator.ts'

afterEach(closeAll)

/** The promise of the upstream's next connection. */
async function capturing() {
  let arrived: (socket: Socket) => void
  const socket = new Promise<Socket>((resolve) => (arrived = resolve))
  const upstream = await startUpstream((socket) => arrived(socket))
  return { upstream, socket }
}

/** A client, above its TCP connection, whose first word has come to the upstream. */
async function asking() {
  const { upstream, socket: arrived } = await capturing()
  const terminator = await startTerminator({ upstream })
  const below = await tcp(terminator.tlsPort)
  const socket = await tls(0, { socket: below })
  socket.write('POST')
  const above = await arrived
  await read(above, 4)
  return { terminator, below, socket, above }
}

for (const kind of ['tls', 'plain'] as const) {
  const client = (terminator: { tlsPort: number; plainPort: number }): Promise<Socket> =>
    kind === 'tls' ? tls(terminator.tlsPort) : tcp(terminator.plainPort)

  test(`${kind}: bytes arrive whole and in order, both ways`, async () => {
    const terminator = await startTerminator({ upstream: await startUpstream(echo) })
    const socket = await client(terminator)
    const sent = randomBytes(5_000_000)
    socket.end(sent)
    assert.ok(sent.equals(await readToEnd(socket)))
    await terminator.until(`chitin_connections_closed_total{port="${kind}",reason="finished"}`, 1)
    assert.equal(await terminator.metric(`chitin_connections_open{port="${kind}"}`), 0)
    assert.ok((await terminator.metric(`chitin_bytes_total{port="${kind}",direction="sent"}`)) >= sent.length)
  })

  test(`${kind}: the bytes of many connections never mix, however slowly some of them read`, async () => {
    const terminator = await startTerminator({ upstream: await startUpstream(echo) })
    const talks = Array.from({ length: 12 }, async (_, i) => {
      const socket = await client(terminator)
      const sent = randomBytes(1_000_000 + i)
      socket.end(sent)
      if (i % 3 === 0) socket.pause()
      await new Promise((resolve) => setTimeout(resolve, i))
      assert.ok(sent.equals(await readToEnd(socket)), `connection ${i}`)
    })
    await Promise.all(talks)
  })

  test(`${kind}: what many clients say never changes or mixes, however slowly some upstreams read`, async () => {
    const heard: Promise<Buffer>[] = []
    const upstream = await startUpstream((socket) => {
      heard.push(heard.length % 3 === 2 ? readToEnd(socket) : readSlowly(socket, heard.length))
    })
    const terminator = await startTerminator({ upstream })
    const said = Array.from({ length: 9 }, (_, i) => randomBytes(1_500_000 + i))
    const clients = await Promise.all(said.map(() => client(terminator)))
    for (let at = 0, next = 0; at < 1_600_000; at = next) {
      // Records of every kind of length, many of them in one read.
      next = at + 1 + ((at * 7919) % 20_000)
      for (const [i, socket] of clients.entries()) socket.write(said[i]?.subarray(at, next) ?? '')
    }
    for (const socket of clients) socket.end()
    while (heard.length < clients.length) await new Promise((resolve) => setTimeout(resolve, 5))
    const all = (await Promise.all(heard)).toSorted((a, b) => a.length - b.length)
    for (const [i, bytes] of all.entries()) assert.ok(said[i]?.equals(bytes), `connection ${i}`)
  })

  test(`${kind}: the client ends its side, and the upstream still answers`, async () => {
    const { upstream, socket: arrived } = await capturing()
    const socket = await client(await startTerminator({ upstream }))
    socket.end('question')
    const above = await arrived
    assert.equal((await readToEnd(above)).toString(), 'question')
    above.end('answer')
    assert.equal((await readToEnd(socket)).toString(), 'answer')
  })

  test(`${kind}: the upstream ends its side, and the client still speaks`, async () => {
    const { upstream, socket: arrived } = await capturing()
    const socket = await client(await startTerminator({ upstream }))
    socket.write('hello')
    const above = await arrived
    above.end('that is all')
    assert.equal((await readToEnd(socket)).toString(), 'that is all')
    socket.end(' and goodbye')
    assert.equal((await readToEnd(above)).toString(), 'hello and goodbye')
  })

  test(`${kind}: an upstream that breaks in the middle does not look like a clean end`, async () => {
    const { upstream, socket: arrived } = await capturing()
    const terminator = await startTerminator({ upstream })
    const socket = await client(terminator)
    socket.write('x')
    const above = await arrived
    above.write('half an ans')
    await read(socket, 11)
    above.resetAndDestroy()
    await assert.rejects(readToEnd(socket), { code: 'ECONNRESET' })
    await terminator.until('chitin_upstream_failures_total{reason="reset"}', 1)
  })

  test(`${kind}: a client that breaks does not look like a clean end to the upstream`, async () => {
    const { upstream, socket: arrived } = await capturing()
    const terminator = await startTerminator({ upstream })
    const below = await tcp(kind === 'tls' ? terminator.tlsPort : terminator.plainPort)
    const socket = kind === 'tls' ? await tls(0, { socket: below }) : below
    socket.write('half a quest')
    const above = await arrived
    await read(above, 12)
    below.resetAndDestroy()
    await assert.rejects(readToEnd(above), { code: 'ECONNRESET' })
    await terminator.until(`chitin_connections_closed_total{port="${kind}",reason="reset"}`, 1)
  })

  test(`${kind}: a client that reads nothing makes the upstream wait`, async () => {
    const { upstream, socket: arrived } = await capturing()
    const network = watchedNetwork()
    const socket = await client(await startTerminator({ upstream }, { network }))
    socket.pause()
    socket.write('x')
    const above = await arrived
    above.resume()
    const writing = write(above, plenty)
    await Promise.race([writing, holds(() => network.upstream?.isPaused === true)])
    // And everything is there once it reads.
    const [{ length }] = await Promise.all([readToEnd(socket), writing.then(() => above.end())])
    assert.equal(length, plenty)
    assert.ok(network.mostUnsent < mostKept, `${network.mostUnsent} bytes waited for nobody`)
  })

  test(`${kind}: an upstream that reads nothing makes the client wait`, async () => {
    const { upstream, socket: arrived } = await capturing()
    const network = watchedNetwork()
    const socket = await client(await startTerminator({ upstream }, { network }))
    socket.write('x')
    const above = await arrived
    above.pause()
    const writing = write(socket, plenty)
    await Promise.race([writing, holds(() => network.client?.isPaused === true)])
    const [{ length }] = await Promise.all([readToEnd(above), writing.then(() => socket.end())])
    assert.equal(length, plenty + 1)
    assert.ok(network.mostUnsent < mostKept, `${network.mostUnsent} bytes waited for nobody`)
  })

  test(`${kind}: a silent connection is closed after the idle limit`, async () => {
    const terminator = await startTerminator({ upstream: await startUpstream(echo), idleTimeoutMs: 50 })
    const socket = await client(terminator)
    // A clean end: for TLS, close_notify.
    assert.equal((await readToEnd(socket)).length, 0)
    socket.end()
    await terminator.until(`chitin_connections_closed_total{port="${kind}",reason="idle"}`, 1)
  })

  test(`${kind}: a connection that we end ourselves does not look like a clean end to the upstream`, async () => {
    const { upstream, socket: arrived } = await capturing()
    const terminator = await startTerminator({ upstream, idleTimeoutMs: 50 })
    const socket = await client(terminator)
    socket.write('half a quest')
    const above = await arrived
    assert.equal((await read(above, 12)).toString(), 'half a quest')
    await assert.rejects(readToEnd(above), { code: 'ECONNRESET' })
    // To the client it is one: it knows that it has no answer.
    assert.equal((await readToEnd(socket)).length, 0)
    socket.end()
    await terminator.until(`chitin_connections_closed_total{port="${kind}",reason="idle"}`, 1)
  })

  test(`${kind}: tells the upstream who the client is, and by which port it came`, async () => {
    const { upstream, socket: arrived } = await capturing()
    const socket = await client(await startTerminator({ upstream, proxyProtocol: true }))
    socket.end('GET /')
    const bytes = await readToEnd(await arrived)
    const header = readProxyHeader(bytes)
    assert.ok(header?.addresses)
    assert.equal(formatAddress(header.addresses.source.address), '127.0.0.1')
    assert.equal(header.addresses.source.port, socket.localPort)
    assert.equal(header.addresses.destination.port, kind === 'tls' ? 443 : 80)
    assert.equal(bytes.subarray(header.length).toString(), 'GET /')
  })

  test(`${kind}: tells it as soon as the upstream is there, whether or not the client says anything`, async () => {
    const { upstream, socket: arrived } = await capturing()
    const socket = await client(await startTerminator({ upstream, proxyProtocol: true }))
    const above = await arrived
    const header = readProxyHeader(await read(above, 28))
    assert.equal(header?.addresses?.source.port, socket.localPort)
    socket.write('GET /')
    assert.equal((await read(above, 5)).toString(), 'GET /')
  })

  test(`${kind}: passes on the address that a load balancer says`, async () => {
    const { upstream, socket: arrived } = await capturing()
    const terminator = await startTerminator({ upstream, proxyProtocol: true, acceptProxyProtocol: true })
    const socket = await tcp(kind === 'tls' ? terminator.tlsPort : terminator.plainPort)
    // In two pieces: the header need not come in one.
    socket.write('PROXY TCP6 2001:db8::7 ')
    await new Promise((resolve) => setTimeout(resolve, 20))
    socket.write('2001:db8::1 51000 8443\r\n')
    const speaking = kind === 'tls' ? await tls(0, { socket }) : socket
    speaking.end('x')
    const header = readProxyHeader(await readToEnd(await arrived))
    assert.ok(header?.addresses)
    assert.equal(formatAddress(header.addresses.source.address), '2001:db8::7')
    assert.equal(header.addresses.source.port, 51_000)
    assert.equal(formatAddress(header.addresses.destination.address), '2001:db8::1')
    assert.equal(header.addresses.destination.port, kind === 'tls' ? 443 : 80)
  })

  test(`${kind}: refuses a connection without the PROXY header that it expects`, async () => {
    const upstream = await startUpstream(echo)
    const terminator = await startTerminator({ upstream, acceptProxyProtocol: true })
    const socket = await tcp(kind === 'tls' ? terminator.tlsPort : terminator.plainPort)
    socket.write('GET / HTTP/1.1\r\n\r\n')
    await readToEnd(socket).catch(() => {})
    assert.equal(await terminator.metric('chitin_proxy_headers_refused_total'), 1)
    assert.equal(upstream.connections, 0)
  })

  test(`${kind}: waits for a PROXY header no longer than for a handshake`, async () => {
    const terminator = await startTerminator({ acceptProxyProtocol: true, handshakeTimeoutMs: 50 })
    const socket = await tcp(kind === 'tls' ? terminator.tlsPort : terminator.plainPort)
    socket.write('PROXY ')
    await readToEnd(socket).catch(() => {})
    await terminator.until(`chitin_connections_closed_total{port="${kind}",reason="timeout"}`, 1)
  })
}

test('tells the upstream the server name, ALPN protocol, version and suite', async () => {
  const { upstream, socket: arrived } = await capturing()
  const terminator = await startTerminator({ upstream, proxyProtocol: true })
  const socket = await tls(terminator.tlsPort, { ALPNProtocols: ['h2'] })
  assert.equal(socket.alpnProtocol, 'h2')
  socket.end()
  const text = (await readToEnd(await arrived)).toString('latin1')
  for (const part of ['\x01\0\x02h2', '\x02\0\x10shop.example.com', '\x21\0\x07TLSv1.3', socket.getCipher().name])
    assert.ok(text.includes(part), JSON.stringify(part))
})

test("a client's own PROXY header is content, behind the one that we send", async () => {
  const { upstream, socket: arrived } = await capturing()
  const terminator = await startTerminator({ upstream, proxyProtocol: true })
  const socket = await tls(terminator.tlsPort)
  const forged = 'PROXY TCP4 198.51.100.7 198.51.100.8 1 443\r\n'
  socket.end(`${forged}GET /`)
  const bytes = await readToEnd(await arrived)
  const header = readProxyHeader(bytes)
  assert.ok(header?.addresses)
  assert.equal(formatAddress(header.addresses.source.address), '127.0.0.1')
  assert.equal(bytes.subarray(header.length).toString(), `${forged}GET /`)
})

test('of two PROXY headers in a row, the second is content', async () => {
  const { upstream, socket: arrived } = await capturing()
  const terminator = await startTerminator({ upstream, proxyProtocol: true, acceptProxyProtocol: true })
  const socket = await tcp(terminator.plainPort)
  const forged = 'PROXY TCP4 198.51.100.7 198.51.100.8 1 443\r\n'
  socket.end(`PROXY TCP4 192.0.2.1 192.0.2.2 51000 80\r\n${forged}`)
  const bytes = await readToEnd(await arrived)
  const header = readProxyHeader(bytes)
  assert.ok(header?.addresses)
  assert.equal(formatAddress(header.addresses.source.address), '192.0.2.1')
  assert.equal(header.addresses.destination.port, 80)
  assert.equal(bytes.subarray(header.length).toString(), forged)
})

test('an IPv4 client on an IPv6 socket is an IPv4 client', async (t) => {
  const { upstream, socket: arrived } = await capturing()
  const listen = [{ ...listenAddress('plain', 80), host: '::' }]
  const terminator = await startTerminator({ upstream, proxyProtocol: true, listen })
  t.diagnostic('needs a dual-stack host')
  const socket = await tcp(terminator.tlsPort) // the first port listened on
  socket.end()
  const header = readProxyHeader(await readToEnd(await arrived))
  assert.equal(header?.addresses?.source.address.length, 4)
})

test('the upstream hears nothing of a client that does not shake hands', async () => {
  const upstream = await startUpstream(echo)
  const terminator = await startTerminator({ upstream, handshakeTimeoutMs: 50 })
  const socket = await tcp(terminator.tlsPort)
  await readToEnd(socket).catch(() => {})
  const abandoned = '{outcome="abandoned",version="",suite="",group="",alert="",reason="timeout"}'
  await terminator.until(`chitin_handshakes_total${abandoned}`, 1)
  assert.equal(upstream.connections, 0)
})

test('plain HTTP to the TLS port gets an alert, a counter and a line at debug', async () => {
  const terminator = await startTerminator()
  const socket = await tcp(terminator.tlsPort)
  socket.write('GET / HTTP/1.1\r\nHost: shop.example.com\r\n\r\n')
  // RFC 8446 §6: a fatal alert, unexpected_message.
  assert.equal(toHex(await readToEnd(socket)), '1503030002020a')
  const labels = '{outcome="failed",version="",suite="",group="",alert="unexpected_message",reason="not-a-record"}'
  assert.equal(await terminator.metric(`chitin_handshakes_total${labels}`), 1)
  assert.ok(terminator.log.some((line) => /^debug sent an alert .*not-a-record/.test(line)))
  assert.ok(!terminator.log.some((line) => line.startsWith('error')))
})

test('half a hello and then nothing is abandoned', async () => {
  const terminator = await startTerminator()
  const socket = await tcp(terminator.tlsPort)
  socket.end(Buffer.from('16030100f8010000f40303', 'hex'))
  await readToEnd(socket).catch(() => {})
  const labels = '{outcome="abandoned",version="",suite="",group="",alert="",reason="abandoned"}'
  await terminator.until(`chitin_handshakes_total${labels}`, 1)
})

test('a client of TLS 1.2 is served, and counted with what was agreed on', async () => {
  const terminator = await startTerminator({ upstream: await startUpstream(echo) })
  const socket = await tls(terminator.tlsPort, { maxVersion: 'TLSv1.2', ecdhCurve: 'X25519:P-256' })
  assert.equal(socket.getProtocol(), 'TLSv1.2')
  socket.write('hello')
  assert.equal((await read(socket, 5)).toString(), 'hello')
  const labels =
    'outcome="completed",version="TLSv1.2",suite="TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",group="X25519",alert="",reason=""'
  assert.equal(await terminator.metric(`chitin_handshakes_total{${labels}}`), 1)
})

test('where 1.3 is the oldest version, a client of TLS 1.2 gets protocol_version', async () => {
  const terminator = await startTerminator({ minTlsVersion: 'TLSv1.3' })
  await assert.rejects(tls(terminator.tlsPort, { maxVersion: 'TLSv1.2' }), /protocol version/)
  const labels = '{outcome="failed",version="",suite="",group="",alert="protocol_version",reason="version-unsupported"}'
  assert.equal(await terminator.metric(`chitin_handshakes_total${labels}`), 1)
})

test('an upstream that is down ends a TLS connection cleanly, after the handshake', async () => {
  const terminator = await startTerminator({ upstream: { host: '127.0.0.1', port: await closedPort() } })
  const socket = await tls(terminator.tlsPort)
  socket.write('GET / HTTP/1.1\r\n\r\n')
  assert.equal((await readToEnd(socket)).length, 0)
  assert.equal(await terminator.metric('chitin_upstream_failures_total{reason="unreachable"}'), 1)
  socket.end()
  await terminator.until('chitin_connections_closed_total{port="tls",reason="upstream-unreachable"}', 1)
})

test('an upstream that is down resets a plain connection', async () => {
  const terminator = await startTerminator({ upstream: { host: '127.0.0.1', port: await closedPort() } })
  const socket = await tcp(terminator.plainPort)
  await assert.rejects(readToEnd(socket), { code: 'ECONNRESET' })
  assert.equal(await terminator.metric('chitin_upstream_failures_total{reason="unreachable"}'), 1)
})

test('a FIN without close_notify is a truncation', async () => {
  const { terminator, below, above } = await asking()
  below.end()
  await assert.rejects(readToEnd(above), { code: 'ECONNRESET' })
  await terminator.until('chitin_connections_closed_total{port="tls",reason="truncated"}', 1)
})

test('a FIN without close_notify is one behind our last words, too, but no fault', async () => {
  const { terminator, below, socket, above } = await asking()
  above.end('early answer')
  assert.equal((await readToEnd(socket)).toString(), 'early answer')
  below.end()
  await assert.rejects(readToEnd(above), { code: 'ECONNRESET' })
  await terminator.until('chitin_connections_closed_total{port="tls",reason="finished"}', 1)
})

test('a fault of ours ends the one connection and answers nothing', async () => {
  class Broken extends PassThrough {
    override receive(): never {
      throw new Error('a bug')
    }
  }
  let next = 0
  const terminator = await startTerminator(
    { upstream: await startUpstream(echo) },
    { openTls: () => (next++ === 0 ? new Broken() : new PassThrough()) },
  )
  const socket = await tcp(terminator.tlsPort)
  socket.write('x')
  await assert.rejects(readToEnd(socket), { code: 'ECONNRESET' })
  assert.ok(terminator.log.some((line) => line.startsWith('error the engine broke') && line.includes('a bug')))
  await terminator.until('chitin_connections_closed_total{port="tls",reason="internal-error"}', 1)
  await tcp(terminator.tlsPort)
})

test('a client that only asks for answers, and never reads them, has to wait', async () => {
  // An engine that answers every byte by a thousand, as one could be made to with KeyUpdates.
  class Chatty extends PassThrough {
    override receive(bytes: Uint8Array) {
      for (const _ of bytes) this.send(new Uint8Array(1000))
      return []
    }
  }
  const network = watchedNetwork()
  // More than may be kept for all: it is the waiting that is asked for here.
  const only = { openTls: () => new Chatty(), network, maxBacklogBytes: Infinity }
  const terminator = await startTerminator({}, only)
  const socket = await tcp(terminator.tlsPort)
  socket.pause()
  const writing = write(socket, plenty)
  await holds(() => network.client?.isPaused === true)
  const heard = await terminator.metric('chitin_bytes_total{port="tls",direction="received"}')
  assert.ok(heard <= readBytes, `${heard} bytes were read, and each was answered`)
  socket.destroy()
  await writing
})

/** Reads until the other side says that it is done, and waits a moment before each piece. */
async function readSlowly(socket: Socket, eachMs: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of socket) {
    chunks.push(chunk as Buffer)
    await new Promise((resolve) => setTimeout(resolve, eachMs))
  }
  return Buffer.concat(chunks)
}

/** More than the kernel's buffers take on the whole way. */
const plenty = 64 * 1024 * 1024
/** What is read at once is passed on at once, whether or not there is room for it: that much, and what TLS adds. */
const mostKept = 512 * 1024

/** Writes so many bytes as the socket takes them. Ends early where it breaks. */
async function write(socket: Socket, length: number): Promise<void> {
  const chunk = Buffer.alloc(65_536)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  for (let at = 0; at < length && !socket.destroyed; at += chunk.length)
    if (!socket.write(chunk)) await Promise.race([closed, new Promise((resolve) => socket.once('drain', resolve))])
}

async function holds(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}
