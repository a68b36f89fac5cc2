/** TLS as a stream: our client and server over pipes and sockets, node:tls and node:http at the other end, and what goes wrong. */
import assert from 'node:assert/strict'
import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpServer, request, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect as connectTcp, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { duplexPair, type Duplex } from 'node:stream'
import { buffer, text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { suite, test, type TestContext } from 'node:test'
import { connect as connectNodeTls, createServer as createNodeTlsServer, type TLSSocket } from 'node:tls'
import { concat } from '../../src/bytes/arrays.ts'
import { native } from '../../src/crypto/native/provider.ts'
import { connect, serve, serverContext, TlsError } from '../../src/stream/tls.ts'
import type { ConnectOptions, ServerOptions, Session, TlsStream } from '../../src/stream/tls.ts'
import { issue } from '../support/openssl.ts'
import { TestClient } from '../support/tls-client.ts'

const servername = 'shop.example.com'
const { certificate: cert, key } = issue({ extensions: [`subjectAltName=DNS:${servername},IP:127.0.0.1`] })
const context = serverContext({ cert, key, ALPNProtocols: ['echo/1', 'http/1.1'] })
const { raw } = new X509Certificate(cert)

interface Both {
  readonly client: TlsStream
  readonly server: TlsStream
  readonly wires: readonly [Duplex, Duplex]
}

/** Both ends over a pipe, the handshake over. */
async function open(options: Partial<ConnectOptions> = {}, halfOpen = true): Promise<Both> {
  const wires = duplexPair()
  const client = connect(wires[0], { servername, ca: cert, allowHalfOpen: halfOpen, ...options })
  const server = serve(wires[1], context, { allowHalfOpen: halfOpen })
  await Promise.all([once(client, 'secureConnect'), once(server, 'secureConnect')])
  return { client, server, wires }
}

suite('a stream at either end', () => {
  test('tells what a TLSSocket would tell', async () => {
    const { client, server } = await open({ ALPNProtocols: ['http/1.1'] })
    for (const stream of [client, server]) {
      assert.equal(stream.encrypted, true)
      assert.equal(stream.alpnProtocol, 'http/1.1')
      assert.equal(stream.servername, servername)
      assert.equal(stream.getProtocol(), 'TLSv1.3')
      assert.match(stream.getCipher()?.standardName ?? '', /^TLS_/)
    }
    assert.deepEqual([client.authorized, client.authorizationError], [true, undefined])
    assert.deepEqual([server.authorized, server.authorizationError], [false, 'the client showed no certificate'])
    const peer = client.getPeerCertificate()
    const known = new X509Certificate(cert)
    assert(peer !== undefined)
    assert.deepEqual([peer.raw, peer.fingerprint256], [known.raw, known.fingerprint256])
    assert.deepEqual([peer.dnsNames, peer.ipAddresses], [[servername], ['127.0.0.1']])
    assert.equal(peer.notAfter.getTime(), known.validToDate.getTime())
    assert.equal(server.getPeerCertificate(), undefined)
  })

  test('knows nothing of its peer before the handshake is over', () => {
    const [wire] = duplexPair()
    const client = connect(wire, { servername, ca: cert })
    assert.deepEqual(
      [client.alpnProtocol, client.servername, client.authorized, client.getProtocol(), client.getCipher()],
      [null, null, false, null, undefined],
    )
    client.destroy()
  })

  test('what is written before the handshake is over arrives after it', async () => {
    const [a, b] = duplexPair()
    const client = connect(a, { servername, ca: cert })
    const server = serve(b, context)
    client.end('early bird')
    server.end('worm')
    assert.deepEqual(await Promise.all([text(server), text(client)]), ['early bird', 'worm'])
  })

  test('each side closes in its own time', async () => {
    const { client, server } = await open()
    client.end('question')
    assert.equal(await text(server), 'question')
    server.end('answer, after the end of the question')
    assert.equal(await text(client), 'answer, after the end of the question')
    await Promise.all([client, server].map(async (stream) => stream.closed || once(stream, 'close')))
  })

  test('closes with its peer where it is not half-open', async () => {
    const { client, server } = await open({}, false)
    client.end()
    server.resume()
    client.resume()
    await Promise.all([once(client, 'close'), once(server, 'close')])
  })

  test('carries 20 MB each way at once, whole', async () => {
    const { client, server } = await open()
    const bytes = Buffer.alloc(20 * 2 ** 20, 'all bytes arrive in order; ')
    client.end(bytes)
    server.end(bytes)
    const hashes = await Promise.all([hashOf(client), hashOf(server)])
    const expected = createHash('sha256').update(bytes).digest('hex')
    assert.deepEqual(hashes, [expected, expected])
  })

  test('a reader that stands still stops the writer, and memory with it', async () => {
    const { client, server, wires } = await open()
    const chunk = Buffer.alloc(65_536)
    let taken = 0
    const source = function* () {
      for (; taken < 64 * 2 ** 20; taken += chunk.length) yield chunk
    }
    const done = pipeline(source, client)
    await settled()
    // Pipes and both streams hold their high-water marks, and nobody more than that and a piece in the making.
    assert(taken < 2 ** 20, `${taken} bytes were taken`)
    assert(wires[0].writableLength < 2 ** 18 && wires[1].readableLength < 2 ** 18)
    let received = 0
    for await (const bytes of server) received += (bytes as Buffer).length
    await done
    assert.equal(received, 64 * 2 ** 20)
  })

  test('takes a chunk greater than everything that is held, piece by piece', async () => {
    const { client, server, wires } = await open()
    client.end(Buffer.alloc(32 * 2 ** 20, 1))
    await settled()
    assert(wires[0].writableLength < 2 ** 18, `${wires[0].writableLength} bytes are encrypted already`)
    assert.equal((await buffer(server)).length, 32 * 2 ** 20)
  })
})

test('a peer that only asks for fresh keys, and reads no answer, has to wait', async () => {
  const [far, wire] = duplexPair()
  const server = serve(wire, context).resume()
  const client = new TestClient({ crypto: native, random: (length) => randomBytes(length), serverName: servername })
  far.write(concat(...client.hello()))
  const answer = (bytes: Buffer): void => void far.write(concat(...client.receive(bytes)))
  far.on('data', answer)
  await once(server, 'secureConnect')
  far.off('data', answer).pause()
  let asked = 0
  for (; asked < 40_000 && !wire.isPaused(); asked++) {
    if (!far.write(concat(client.keyUpdate(1), client.data('?')))) await once(far, 'drain')
    // So that each is answered by itself.
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(wire.isPaused(), `${asked} requests were answered, and ${wire.writableLength} bytes are kept`)
  // Nor does it wait for ever: it has only to read.
  far.resume()
  while (wire.isPaused()) await once(wire, 'drain')
  server.destroy()
})

suite('beside node:tls', () => {
  test('our client talks to its server', async (t) => {
    const server = createNodeTlsServer({ cert, key, ALPNProtocols: ['echo/1'] }, (socket) => socket.pipe(socket))
    const tls = connect(await tcp(t, server), { servername, ca: cert, ALPNProtocols: ['echo/1'] })
    tls.end('to and fro')
    assert.equal(await text(tls), 'to and fro')
    assert.equal(tls.alpnProtocol, 'echo/1')
    assert.deepEqual(tls.getPeerCertificate()?.raw, raw)
  })

  test('our client and our server speak TLS 1.2 with it too', async (t) => {
    const server = createNodeTlsServer({ cert, key, maxVersion: 'TLSv1.2' }, (socket) => socket.pipe(socket))
    const tls = connect(await tcp(t, server), { servername, ca: cert })
    tls.end('to and fro')
    assert.equal(await text(tls), 'to and fro')
    assert.deepEqual([tls.getProtocol(), tls.authorized], ['TLSv1.2', true])

    const ours = createServer((socket) => {
      const stream = serve(socket, context)
      stream.pipe(stream)
    })
    const theirs = connectNodeTls({ socket: await tcp(t, ours), servername, ca: cert, maxVersion: 'TLSv1.2' })
    await once(theirs, 'secureConnect')
    theirs.end('to and fro')
    assert.equal(await text(theirs), 'to and fro')
  })

  test('our client resumes a session with its server', async (t) => {
    const server = createNodeTlsServer({ cert, key }, (socket) => socket.pipe(socket))
    const { port } = await listen(t, server)
    const go = (session?: Session): TlsStream =>
      connect(connectTcp(port, '127.0.0.1'), { servername, ca: cert, ...(session === undefined ? {} : { session }) })
    const first = go()
    const sessions: Session[] = []
    first.on('session', (session: Session) => sessions.push(session))
    first.end('to and fro')
    assert.equal(await text(first), 'to and fro')
    assert.equal(first.isSessionReused(), false)
    const again = go(sessions[0])
    again.end('to and fro')
    assert.equal(await text(again), 'to and fro')
    assert.deepEqual([again.isSessionReused(), again.authorized], [true, true])
    assert.deepEqual(again.getPeerCertificate()?.raw, raw)
  })

  test('our server talks to its client', async (t) => {
    const server = createServer((socket) => {
      const tls = serve(socket, context)
      tls.pipe(tls)
    })
    const socket: TLSSocket = connectNodeTls({
      socket: await tcp(t, server),
      servername,
      ca: cert,
      ALPNProtocols: ['echo/1'],
    })
    await once(socket, 'secureConnect')
    assert.deepEqual([socket.authorized, socket.alpnProtocol, socket.getProtocol()], [true, 'echo/1', 'TLSv1.3'])
    socket.end('to and fro')
    assert.equal(await text(socket), 'to and fro')
  })

  test("node's HTTP server serves HTTPS over it, and keeps connections open", async (t) => {
    const http = createHttpServer((message, response) => {
      text(message).then(
        (body) =>
          response.end(
            `${message.method} ${body.length} ${String((message.socket as unknown as TlsStream).encrypted)}`,
          ),
        () => response.destroy(),
      )
    })
    const server = createServer((socket) => http.emit('connection', serve(socket, context)))
    const { port } = await listen(t, server)
    t.after(() => http.closeAllConnections())
    for (let i = 0; i < 3; i++) {
      const options = { host: '127.0.0.1', port, servername, ca: cert, method: 'POST', agent: false as const }
      const sent = httpsRequest(options)
      sent.end('x'.repeat(1_000_000))
      const [response] = (await once(sent, 'response')) as [IncomingMessage]
      assert.equal(await text(response), 'POST 1000000 true')
    }
  })

  test("node's HTTP client makes requests over it", async (t) => {
    const http = createHttpServer((_, response) => response.end('hello'))
    const { port } = await listen(
      t,
      createServer((socket) => http.emit('connection', serve(socket, context))),
    )
    t.after(() => http.closeAllConnections())
    const createConnection = () => connect(connectTcp(port, '127.0.0.1'), { servername, ca: cert }) as unknown as Socket
    const sent = request({ host: servername, createConnection })
    sent.end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    assert.equal(await text(response), 'hello')
  })
})

suite('a client that is asked who it is', () => {
  const extensions = ['basicConstraints=critical,CA:true']
  const authority = issue({ subject: '/CN=Clients', extensions })
  const usage = ['extendedKeyUsage=clientAuth', 'basicConstraints=critical,CA:false']
  const me = issue({ subject: '/CN=me', extensions: usage, issuer: authority })
  const stranger = issue({ subject: '/CN=stranger', extensions: usage })
  const asking = { cert, key, requestCert: true, ca: authority.certificate }
  const meet = (server: ServerOptions, client: Partial<ConnectOptions>): readonly [TlsStream, TlsStream] => {
    const [a, b] = duplexPair()
    return [connect(a, { servername, ca: cert, ...client }), serve(b, serverContext(server))]
  }

  for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const)
    test(`is authorized where an authority vouches for it, in ${maxVersion}`, async () => {
      const [client, server] = meet(asking, { cert: me.certificate, key: me.key, maxVersion })
      await Promise.all([once(client, 'secureConnect'), once(server, 'secureConnect')])
      assert.deepEqual([server.authorized, server.authorizationError], [true, undefined])
      assert.equal(server.getPeerCertificate()?.commonName, 'me')
      client.end('hello')
      assert.equal(await text(server), 'hello')
    })

  test("is refused without a certificate, or with a stranger's, and hears why", async () => {
    for (const [shown, reason, alert] of [
      [{}, 'no-certificate', 'certificate_required'],
      [{ cert: stranger.certificate, key: stranger.key }, 'unknown-issuer', 'unknown_ca'],
    ] as const) {
      const [client, server] = meet(asking, shown)
      const [ours, theirs] = await Promise.all([failure(server), failure(client)])
      assert.deepEqual([ours.reason, ours.alert, theirs.alert], [reason, alert, alert])
    }
  })

  test('is let in all the same where it is only asked, and told apart', async () => {
    for (const [shown, doubt] of [
      [{}, /no certificate/],
      [{ cert: stranger.certificate, key: stranger.key }, /^unknown-issuer: /],
    ] as const) {
      const [client, server] = meet({ ...asking, rejectUnauthorized: false }, shown)
      await Promise.all([once(client, 'secureConnect'), once(server, 'secureConnect')])
      assert.equal(server.authorized, false)
      assert.match(server.authorizationError ?? '', doubt)
      client.destroy()
      server.destroy()
    }
  })

  test('cannot be asked by a server that knows no authority', () => {
    assert.throws(() => serverContext({ cert, key, requestCert: true }), /without ca/)
  })
})

suite('what goes wrong', () => {
  test('a certificate that is not believed is an error with reason and alert, and the peer hears of it', async () => {
    const [a, b] = duplexPair()
    const server = serve(b, context)
    const client = connect(a, { servername: 'other.example.com', ca: cert })
    const [ours, theirs] = await Promise.all([failure(client), failure(server)])
    assert.deepEqual([ours.code, ours.reason, ours.alert], ['ERR_TLS_FAULT', 'name-mismatch', 'bad_certificate'])
    assert.deepEqual([theirs.code, theirs.alert], ['ERR_TLS_ALERT', 'bad_certificate'])
  })

  test("nobody in Node's list vouches for us", async () => {
    const [a, b] = duplexPair()
    const server = serve(b, context)
    const [ours] = await Promise.all([failure(connect(a, { servername })), failure(server)])
    assert.deepEqual([ours.reason, ours.alert], ['unknown-issuer', 'unknown_ca'])
  })

  test('any certificate is accepted where that is asked for, and said to be none', async () => {
    const { client } = await open({ rejectUnauthorized: false, servername: 'other.example.com' })
    assert.equal(client.authorized, false)
    assert.match(client.authorizationError ?? '', /^name-mismatch: /)
    const { client: good } = await open({ rejectUnauthorized: false })
    assert.equal(good.authorized, true)
  })

  test('a pinned certificate needs no authority', async () => {
    const fingerprint = createHash('sha256').update(raw).digest('hex')
    const { client } = await open({
      fingerprints: [fingerprint],
      ca: issue({}).certificate,
      servername: 'any.example.com',
    })
    assert.equal(client.authorized, true)
    const { client: other } = await open({ fingerprints: ['00'.repeat(32)], rejectUnauthorized: false })
    assert.match(other.authorizationError ?? '', /^certificate-not-pinned: /)
  })

  test('a transport that ends without close_notify is told from a good end', async () => {
    const { client, server, wires } = await open()
    server.write('half of it')
    const received: Buffer[] = []
    client.on('data', (chunk: Buffer) => received.push(chunk))
    await once(client, 'data')
    // Its own side ends in the same way, and is not what is asked about.
    server.on('error', () => undefined)
    wires[1].end()
    const error = await failure(client)
    assert.equal(error.code, 'ERR_TLS_TRUNCATED')
    assert.equal(Buffer.concat(received).toString(), 'half of it')
  })

  test('a transport that ends during the handshake is an error', async () => {
    const [a, b] = duplexPair()
    const client = connect(a, { servername, ca: cert })
    b.resume()
    b.end()
    assert.equal((await failure(client)).code, 'ERR_TLS_HANDSHAKE')
  })

  test('a peer that says nothing is given up in time', async () => {
    const [wire] = duplexPair()
    const error = await failure(serve(wire, context, { handshakeTimeoutMs: 20 }))
    assert.deepEqual([error.code, error.message], ['ERR_TLS_HANDSHAKE', 'no handshake within 20 ms'])
    assert.equal(wire.destroyed || wire.writableEnded, true)
  })

  test('what is no TLS gets an alert', async () => {
    const [a, b] = duplexPair()
    const server = serve(b, context)
    a.end('GET / HTTP/1.1\r\n\r\n')
    const [error, answer] = await Promise.all([failure(server), buffer(a)])
    assert.deepEqual([error.code, error.reason], ['ERR_TLS_FAULT', 'not-a-record'])
    assert.deepEqual(answer, Buffer.of(21, 3, 3, 0, 2, 2, 10))
  })

  test("the transport's own error is passed on", async () => {
    const { client, server, wires } = await open()
    const broken = new Error('the cable was cut')
    const ended = Promise.all([once(client, 'error'), failure(server)])
    wires[0].destroy(broken)
    wires[1].destroy()
    assert.equal(((await ended)[0] as [Error])[0], broken)
  })

  test('a writer that waits is told when the stream is destroyed', async () => {
    const { client, server } = await open()
    const error = await new Promise<Error | null | undefined>((resolve) => {
      client.on('error', () => undefined)
      client.write(Buffer.alloc(2 ** 24), resolve)
      client.destroy()
    })
    assert(error instanceof Error)
    server.on('error', () => undefined).destroy()
  })

  test('options that are no good are refused at once', () => {
    const [wire] = duplexPair()
    assert.throws(() => connect(wire, { servername, ca: 'no PEM' }))
    assert.throws(() => connect(wire, { servername, ca: cert, cert, key: 'no key' }))
    assert.throws(() => serverContext({ cert, key: issue({}).key }), /does not belong/)
  })
})

async function failure(stream: TlsStream): Promise<TlsError> {
  const [error] = (await once(stream, 'error')) as [unknown]
  assert(error instanceof TlsError, String(error))
  return error
}

async function hashOf(stream: TlsStream): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

/** Everything that can go on without us has gone on. */
async function settled(): Promise<void> {
  for (let i = 0; i < 1_000; i++) await new Promise((resolve) => setImmediate(resolve))
}

async function listen(t: TestContext, server: Server): Promise<AddressInfo> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close())
  return server.address() as AddressInfo
}

async function tcp(t: TestContext, server: Server): Promise<Socket> {
  const { port } = await listen(t, server)
  const socket = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.after(() => socket.destroy())
  return socket
}
