/** Our client against servers nobody here wrote: versions, suites, groups, certificates, resumption, who the client is. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect, type ConnectOptions, type Session, type TlsStream } from '../../src/stream/tls.ts'
import { suites } from '../../src/tls/suites.ts'
import { tls12Suites } from '../../src/tls/tls12/suites.ts'
import { issue, algorithms, type Issued } from '../support/openssl.ts'
import { demand } from './clients.ts'
import { buildGo, startGnutls, startGo, startNode, startOpenssl, type EchoServer, type Wanted } from './servers.ts'

const directory = mkdtempSync(join(tmpdir(), 'chitin-interop-client-'))
const goServer = join(directory, 'go-server')
const servername = 'shop.example.test'
const authority = issue({
  subject: '/CN=Root',
  extensions: ['basicConstraints=critical,CA:true', 'keyUsage=critical,keyCertSign,cRLSign'],
})
const leaf = ['basicConstraints=critical,CA:false', `subjectAltName=DNS:${servername}`]
const kinds = Object.keys(algorithms) as (keyof typeof algorithms)[]
const served = Object.fromEntries(
  kinds.map((kind) => [kind, issue({ algorithm: algorithms[kind], extensions: leaf, issuer: authority })]),
) as Record<keyof typeof algorithms, Issued>
const me = issue({
  subject: '/CN=me',
  extensions: ['extendedKeyUsage=clientAuth', leaf[0] as string],
  issuer: authority,
})
/** Lines that no server can guess: some send back whole lines only. */
const body = Buffer.from(randomBytes(2_250_000).toString('base64').replaceAll(/.{76}/g, '$&\n') + '\n')

before(() => {
  demand('openssl', 'openssl')
  demand('gnutls-serv', 'gnutls-bin')
  demand('go', 'golang')
  buildGo(goServer)
  writeFileSync(join(directory, 'ca.pem'), authority.certificate)
  for (const kind of kinds) {
    writeFileSync(join(directory, `${kind}.pem`), served[kind].certificate)
    writeFileSync(join(directory, `${kind}.key`), served[kind].key)
  }
})
after(() => rmSync(directory, { recursive: true }))

/** What is asked of a server. */
type Asked = Omit<Wanted, 'certificate' | 'key' | 'clientAuthority'> & {
  readonly kind?: keyof typeof algorithms
  readonly asksClient?: boolean
}

interface Peer {
  readonly name: string
  readonly start: (wanted: Wanted) => Promise<EchoServer>
  /** Groups that it has. */
  readonly groups: readonly string[]
  /** gnutls-serv sends back one line whole; of several that come together it may lose some. */
  readonly bytes?: number
  /** Go chooses among the suites of TLS 1.3 by itself. */
  readonly choosesSuites?: boolean
}

const classic = ['X25519', 'P-256', 'P-384']
const hybrid = [...classic, 'X25519MLKEM768', 'SecP256r1MLKEM768']
const peers: readonly Peer[] = [
  {
    name: 'Go',
    start: async (wanted) => startGo(goServer, wanted),
    groups: hybrid,
    choosesSuites: true,
  },
  { name: 'node:tls', start: startNode, groups: hybrid },
  { name: 'GnuTLS', start: startGnutls, groups: classic, bytes: 77 },
]

for (const { name, start, groups, choosesSuites, bytes } of peers) {
  const sent = body.subarray(0, bytes)
  const echo = async (
    server: EchoServer,
    options?: Partial<ConnectOptions>,
    sessions?: Session[],
  ): Promise<TlsStream> => echoed(server, sent, options, sessions)
  const cell = (what: string, asked: Asked, check: (server: EchoServer) => Promise<void>): void => {
    test(what, async () => {
      const { kind = 'ecdsa-p256', asksClient = false, ...rest } = asked
      const files = { certificate: join(directory, `${kind}.pem`), key: join(directory, `${kind}.key`) }
      const server = await start({
        ...rest,
        ...files,
        ...(asksClient ? { clientAuthority: join(directory, 'ca.pem') } : {}),
      })
      try {
        await check(server)
      } finally {
        await server.stop()
      }
    })
  }

  describe(name, () => {
    for (const suite of choosesSuites === true ? [] : Object.keys(suites))
      cell(`TLS 1.3, ${suite}`, { version: '1.3', suite }, async (server) => {
        const tls = await echo(server)
        assert.deepEqual([tls.getProtocol(), tls.getCipher()?.name], ['TLSv1.3', suite])
      })

    for (const { name: suite, signature } of Object.values(tls12Suites))
      cell(
        `TLS 1.2, ${suite}`,
        { version: '1.2', suite, kind: signature === 'RSA' ? 'rsa' : 'ecdsa-p256' },
        async (server) => {
          const tls = await echo(server)
          assert.deepEqual([tls.getProtocol(), tls.getCipher()?.name], ['TLSv1.2', suite])
        },
      )

    for (const group of groups)
      cell(`TLS 1.3, ${group}, with a HelloRetryRequest and without`, { version: '1.3', group }, async (server) => {
        for (const order of [
          [group, 'X25519'],
          ['X25519', 'P-256', group],
        ]) {
          const tls = await echo(server, { groups: [...new Set(order)] as NonNullable<ConnectOptions['groups']> })
          assert.equal(tls.getEphemeralKeyInfo()?.name, group)
        }
      })

    for (const kind of kinds)
      for (const version of ['1.3', '1.2'] as const)
        cell(`TLS ${version}, certificate ${kind}`, { version, kind }, async (server) => {
          const tls = await echo(server)
          assert.equal(tls.getPeerCertificate()?.dnsNames[0], servername)
        })

    for (const version of ['1.3', '1.2'] as const) {
      cell(`TLS ${version}, resumed`, { version }, async (server) => {
        const sessions: Session[] = []
        const first = await echo(server, {}, sessions)
        assert.equal(first.isSessionReused(), false)
        const [session] = sessions
        assert(session !== undefined, 'no session was given out')
        const again = await echo(server, { session }, sessions)
        assert.deepEqual([again.isSessionReused(), again.authorized], [true, true])
      })

      cell(`TLS ${version}, with a client certificate`, { version, asksClient: true }, async (server) => {
        await echo(server, { cert: me.certificate, key: me.key })
        await assert.rejects(echo(server), 'without one')
      })
    }

    cell('a certificate of another name is refused', { version: '1.3' }, async (server) => {
      await assert.rejects(echo(server, { servername: 'other.example.test' }), /name-mismatch/)
    })
  })
}

describe('openssl s_server', () => {
  for (const version of ['1.3', '1.2'] as const)
    for (const group of classic)
      test(`TLS ${version}, ${group}: sends back a line the other way round`, async () => {
        const server = await serve({ version, group })
        const tls = await turned(dial(server, { groups: ['P-384', 'X25519', 'P-256'] }))
        assert.deepEqual([tls.getProtocol(), tls.getEphemeralKeyInfo()?.name], [`TLSv${version}`, group])
        await server.stop()
      })

  for (const suite of Object.keys(suites))
    test(`TLS 1.3, ${suite}`, async () => {
      const server = await serve({ suite })
      assert.equal((await turned(dial(server))).getCipher()?.name, suite)
      await server.stop()
    })

  for (const { name: suite, signature } of Object.values(tls12Suites))
    test(`TLS 1.2, ${suite}`, async () => {
      const kind = signature === 'RSA' ? 'rsa' : 'ecdsa-p256'
      const files = { certificate: join(directory, `${kind}.pem`), key: join(directory, `${kind}.key`) }
      const server = await serve({ version: '1.2', suite, ...files })
      assert.equal((await turned(dial(server))).getCipher()?.name, suite)
      await server.stop()
    })

  for (const version of ['1.3', '1.2'] as const) {
    test(`TLS ${version}, resumed`, async () => {
      const server = await serve({ version })
      const sessions: Session[] = []
      await turned(dial(server).on('session', (session: Session) => sessions.push(session)))
      assert(sessions[0] !== undefined, 'no session was given out')
      const again = await turned(dial(server, { session: sessions[0] }))
      assert.equal(again.isSessionReused(), true)
      await server.stop()
    })

    test(`TLS ${version}, with a client certificate`, async () => {
      const server = await serve({ version, clientAuthority: join(directory, 'ca.pem') })
      await turned(dial(server, { cert: me.certificate, key: me.key }))
      await assert.rejects(turned(dial(server)), { code: 'ERR_TLS_ALERT' })
      await server.stop()
    })
  }

  test('sends a file of 3 MB, whole', async () => {
    writeFileSync(join(directory, 'body'), body)
    const server = await serve({}, ['-WWW'])
    const tls = dial(server)
    tls.write('GET /body HTTP/1.0\r\n\r\n')
    const chunks: Buffer[] = []
    // It ends without close_notify; what came before is looked at all the same.
    tls.on('data', (chunk: Buffer) => chunks.push(chunk))
    tls.on('error', () => undefined)
    await once(tls, 'close')
    const all = Buffer.concat(chunks)
    assert.equal(sha256(all.subarray(all.indexOf('\r\n\r\n') + 4)), sha256(body))
    await server.stop()
  })
})

async function serve(wanted: Partial<Wanted>, how?: readonly string[]): Promise<EchoServer> {
  const files = { certificate: join(directory, 'rsa.pem'), key: join(directory, 'rsa.key') }
  return startOpenssl({ version: '1.3', ...files, ...wanted }, how)
}

/** Sends a line, and wants it back the other way round. */
async function turned(tls: TlsStream): Promise<TlsStream> {
  tls.write('abc\n')
  const [answer] = (await once(tls, 'data')) as [Buffer]
  assert.equal(answer.toString(), 'cba\n')
  tls.destroy()
  return tls
}

/** Sends this, and wants it back whole; the connection ends cleanly on both sides. */
async function echoed(
  server: EchoServer,
  sent: Buffer,
  options: Partial<ConnectOptions> = {},
  sessions: Session[] = [],
): Promise<TlsStream> {
  const tls = dial(server, options)
  tls.on('session', (session: Session) => sessions.push(session))
  const hash = createHash('sha256')
  let length = 0
  tls.on('data', (chunk: Buffer) => {
    hash.update(chunk)
    length += chunk.length
    if (length === sent.length) tls.end()
  })
  tls.setTimeout(30_000, () => tls.destroy(new Error('the server has fallen silent')))
  tls.write(sent)
  await once(tls, 'close')
  assert.equal(hash.digest('hex'), sha256(sent), server.output())
  return tls
}

function dial({ port }: EchoServer, options: Partial<ConnectOptions> = {}): TlsStream {
  const socket = connectTcp({ port, host: '127.0.0.1', allowHalfOpen: true })
  return connect(socket, { servername, ca: authority.certificate, ALPNProtocols: ['echo/1'], ...options })
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
