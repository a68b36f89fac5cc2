/**
 * Sessions of TLS 1.2 that come back by their tickets: what must still be so, and what becomes of those that must not.
 *
 * Shows RFC 5077 §3.1, §4. That of RFC 7627 §5.3 is provoked in provocations.ts.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { native } from '../../../src/crypto/native/provider.ts'
import type { ServerConfig, TicketSettings } from '../../../src/tls/config.ts'
import { ServerConnection } from '../../../src/tls/connection.ts'
import type { HandshakeComplete } from '../../../src/tls/events.ts'
import { TicketKeys } from '../../../src/tls/tickets.ts'
import { tls12Suites, type Tls12SuiteName } from '../../../src/tls/tls12/suites.ts'
import { extensionType } from '../../../src/wire/code-points.ts'
import { testCredential } from '../../support/credentials.ts'
import { providers } from '../../support/providers.ts'
import { seededRandom } from '../../support/random.ts'
import { play } from '../../support/recording.ts'
import { TestTls12Client, type Tls12ClientOptions, type Tls12ClientSession } from '../../support/tls12-client.ts'
import { changeCipherSpec } from '../../support/tls-client.ts'
import { converse, established, noon, serverConfig, sessionsOf, ticketSettings } from '../../support/tls-server.ts'

const tickets = ticketSettings()
const rsa = testCredential('rsa', native)
const ed25519 = testCredential('ed25519', native)

suite('a session of TLS 1.2', () => {
  for (const name of Object.keys(tls12Suites) as Tls12SuiteName[])
    for (const crypto of providers)
      test(`is resumed with ${name}, begun with native and resumed with ${crypto.name}`, () => {
        const credentials = () => [ed25519, rsa]
        const session = sessionOf({ suites: [name] }, { credentials })
        const { client, complete } = connect({ suites: [name], tickets: { session } }, { crypto, credentials })
        assert(client.resumed)
        assert.equal(client.chain.length, 0, 'a certificate was sent')
        assert.deepEqual(
          [complete.suite, complete.group, complete.signatureScheme, complete.fingerprint],
          [name, undefined, undefined, (name.includes('RSA') ? rsa : ed25519).fingerprint],
        )
      })

  test('gets its ticket behind the client’s Finished, and another each time that it comes back', () => {
    const { client } = connect({ tickets: {} })
    assert.equal(client.session?.lifetimeHint, 3600)
    assert.deepEqual(client.answer(extensionType.sessionTicket), new Uint8Array(0))
    const again = connect({ tickets: { session: client.session } }, { random: seededRandom(5) }).client
    assert(again.resumed && again.session !== undefined)
    assert.notDeepEqual(Buffer.from(again.session.ticket), Buffer.from(client.session.ticket))
    assert.deepEqual(Buffer.from(again.session.masterSecret), Buffer.from(client.session.masterSecret))
    assert(connect({ tickets: { session: again.session } }).client.resumed, 'and so on')
  })

  test('has fresh keys, though its master secret is the old one', () => {
    const session = sessionOf()
    const records = [1, 2].map((seed) => {
      const client = makeClient({ tickets: { session }, random: seededRandom(seed) })
      established(client, { tickets, random: seededRandom(seed) })
      return Buffer.from(client.data('the same')).toString('hex')
    })
    assert.notEqual(records[0], records[1])
  })

  test('answers what was asked anew: the protocol, secure renegotiation, and no name', () => {
    const session = sessionOf({ alpn: ['h2'] }, { alpn: ['h2'] })
    const { client, complete } = connect({ tickets: { session }, alpn: ['http/1.1'] }, { alpn: ['h2', 'http/1.1'] })
    assert(client.resumed)
    assert.deepEqual([client.alpn, complete.alpn], ['http/1.1', 'http/1.1'])
    assert.deepEqual([...(client.answer(extensionType.renegotiationInfo) ?? [])], [0])
    assert.equal(client.answer(extensionType.serverName), undefined)
    assert.deepEqual(client.answer(extensionType.extendedMasterSecret), new Uint8Array(0))
  })

  test('does without groups and schemes, which a full handshake needs', () => {
    const needless = new Set<number>([extensionType.supportedGroups, extensionType.signatureAlgorithms])
    const { client } = connect({
      tickets: { session: sessionOf() },
      editExtensions: (extensions) => extensions.filter(({ type }) => !needless.has(type)),
    })
    assert(client.resumed)
  })

  test('is taken from a client that sends no session id with its ticket, as RFC 5077 §3.4 lets it', () => {
    const client = makeClient({
      tickets: { session: sessionOf() },
      edit: (hello) => ({ ...hello, sessionId: new Uint8Array(0) }),
    })
    const server = new ServerConnection(serverConfig({ tickets }))
    server.receive(Buffer.concat(client.hello()))
    const [hello] = server.takeOutput()
    // ServerHello with an empty id; NewSessionTicket comes behind it, and no Certificate.
    assert(hello !== undefined)
    assert.equal(hello[5 + 4 + 2 + 32], 0)
    assert.equal(server.state, 'handshaking')
  })

  test('outlives a certificate that was renewed with its key', () => {
    const renewed = { ...ed25519, fingerprint: 'renewed' }
    const { client, complete } = connect({ tickets: { session: sessionOf() } }, { credentials: () => [renewed] })
    assert.deepEqual([client.resumed, complete.fingerprint], [true, 'renewed'])
  })

  test('is found by an old key, and gets its next ticket by the new one', () => {
    const random = seededRandom(3)
    const old = { name: random(16), key: random(32) }
    const fresh = { name: random(16), key: random(32) }
    const rotated = { keys: new TicketKeys(native, [fresh, old]), lifetimeSeconds: 3600 }
    const { client } = connect({ tickets: { session: sessionOf() } }, { tickets: rotated })
    assert(client.resumed)
    assert.deepEqual(Buffer.from(client.session?.ticket.subarray(0, 16) ?? []), Buffer.from(fresh.name))
  })

  test('goes on from ticket to ticket for a day, and then a certificate is shown again (RFC 5246 §F.1.4)', () => {
    const hour = 3_600_000
    const settings: TicketSettings = { ...tickets, lifetimeSeconds: 7 * 24 * 3600 }
    let session = sessionOf({}, { tickets: settings })
    assert.equal(session.lifetimeHint, 24 * 3600)
    for (const hours of [8, 16, 23]) {
      const { client } = connect({ tickets: { session } }, { tickets: settings, now: () => noon + hours * hour })
      assert(client.resumed && client.session !== undefined, `hour ${hours}`)
      assert.equal(client.session.lifetimeHint, (24 - hours) * 3600)
      session = client.session
    }
    const { client } = connect({ tickets: { session } }, { tickets: settings, now: () => noon + 24 * hour })
    assert.equal(client.resumed, false)
    assert.equal(client.session?.lifetimeHint, 24 * 3600)
  })
})

suite('a session of TLS 1.2 is not resumed, but begun anew', () => {
  const begunAnew: Readonly<Record<string, () => [Partial<Tls12ClientOptions>, Partial<ServerConfig>?]>> = {
    'for another name': () => [{ tickets: { session: sessionOf() }, serverName: 'other.example.com' }],
    'for no name': () => [{ tickets: { session: sessionOf() }, serverName: undefined }],
    'by keys that are gone': () => [{ tickets: { session: sessionOf({}, { tickets: ticketSettings(99) }) } }],
    'where tickets were turned off': () => [{ tickets: { session: sessionOf() } }, { tickets: undefined as never }],
    'with a key that was replaced': () => [
      { tickets: { session: sessionOf() } },
      { credentials: () => [testCredential('p256', native)] },
    ],
    'when its time is over': () => [{ tickets: { session: sessionOf() } }, { now: () => noon + 3_600_000 }],
    'without its suite among those offered': () => [
      {
        tickets: { session: sessionOf({ suites: ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'] }) },
        suites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
      },
    ],
    'by a ticket of TLS 1.3': () => {
      const ticket = sessionsOf(tickets)[0]?.message.ticket as Uint8Array
      return [{ tickets: { session: { ...sessionOf(), ticket } } }]
    },
    'of clients that were asked for something else': () => [
      { tickets: { session: sessionOf() } },
      { clientAuth: () => ({ required: false, authorities: [], id: Uint8Array.of(1) }) },
    ],
  }
  for (const [why, make] of Object.entries(begunAnew))
    test(why, () => {
      const [options, config = {}] = make()
      const { client, complete } = connect(options, config)
      assert.deepEqual([client.resumed, complete.resumed, client.chain.length], [false, false, 1])
    })

  test('by a ticket with any one bit flipped, cut short or lengthened', () => {
    const session = sessionOf()
    const spoiled = [session.ticket.subarray(1), Uint8Array.of(...session.ticket, 0), new Uint8Array(1)]
    for (let at = 0; at < session.ticket.length; at += 3)
      spoiled.push(session.ticket.with(at, (session.ticket[at] as number) ^ 1))
    for (const ticket of spoiled)
      assert.equal(connect({ tickets: { session: { ...session, ticket } } }).client.resumed, false)
  })
})

suite('tickets of TLS 1.2 are not given', () => {
  test('to a client that takes none, or that has no extended master secret (RFC 7627 §5.4)', () => {
    const silent = connect({}).client
    assert.deepEqual([silent.session, silent.answer(extensionType.sessionTicket)], [undefined, undefined])
    const old = connect({ tickets: {}, ...without(extensionType.extendedMasterSecret) }).client
    assert.deepEqual([old.session, old.answer(extensionType.sessionTicket)], [undefined, undefined])
  })

  test('where the keys were wiped while the handshake went on: an empty one keeps the promise (RFC 5077 §3.3)', () => {
    const settings = ticketSettings()
    const client = makeClient({ tickets: {} })
    const server = new ServerConnection(serverConfig({ tickets: settings }))
    server.receive(Buffer.concat(client.hello()))
    const flight = client.receive(Buffer.concat(server.takeOutput()))
    settings.keys.wipe()
    server.receive(Buffer.concat(flight))
    client.receive(Buffer.concat(server.takeOutput()))
    assert(client.finished)
    assert.deepEqual([client.session?.ticket.length, client.session?.lifetimeHint], [0, 0])
  })
})

suite('an abbreviated handshake', () => {
  test('takes nothing but change_cipher_spec and Finished, in that order', () => {
    const wrong: readonly ((client: TestTls12Client) => [string, readonly Uint8Array[]])[] = [
      (client) => ['message-out-of-order', [client.protect(22, client.finishedMessage)]],
      (client) => ['bad-record', [changeCipherSpec, client.protect(22, client.finishedMessage)]],
      (client) => [
        'finished-mismatch',
        client.finish(client.finishedMessage.with(5, (client.finishedMessage[5] as number) ^ 1)),
      ],
      (client) => {
        client.useKeys()
        return ['application-data-too-early', [changeCipherSpec, client.data('early')]]
      },
    ]
    for (const make of wrong) {
      const client = makeClient({ tickets: { session: sessionOf() } })
      const server = new ServerConnection(serverConfig({ tickets }))
      client.holdFlight = true
      converse(client, server)
      assert(client.resumed && server.state === 'handshaking' && !server.canSend)
      const [expected, records] = make(client)
      const { events } = play(records, server)
      assert.equal(events.at(-1)?.type === 'failed' && events.at(-1), events[0])
      assert.equal(events[0]?.type === 'failed' && events[0].reason, expected)
    }
  })

  test('is nothing to a client that only replays a ticket: without the master secret it cannot finish', () => {
    const session = { ...sessionOf(), masterSecret: new Uint8Array(48) }
    const client = makeClient({ tickets: { session } })
    const server = new ServerConnection(serverConfig({ tickets }))
    server.receive(Buffer.concat(client.hello()))
    assert.throws(() => client.receive(Buffer.concat(server.takeOutput())), /does not open/)
    const { events } = play(
      [changeCipherSpec, Buffer.from('16030300280000000000000000'.padEnd(90, '0'), 'hex')],
      server,
    )
    assert.equal(events[0]?.type === 'failed' && events[0].reason, 'bad-record')
  })
})

function makeClient(options: Partial<Tls12ClientOptions> = {}): TestTls12Client {
  return new TestTls12Client({ crypto: native, random: seededRandom(7), ...options })
}

/** A connection that carries data, and what it came to. */
function connect(
  options: Partial<Tls12ClientOptions>,
  config: Partial<ServerConfig> = {},
): { client: TestTls12Client; complete: HandshakeComplete } {
  const client = makeClient(options)
  const { server, events } = established(client, { tickets, ...config })
  server.send(Buffer.from('hello'))
  client.receive(Buffer.concat(server.takeOutput()))
  const last = client.heard.at(-1)
  assert.equal(last?.type === 'data' && Buffer.from(last.data).toString(), 'hello')
  const [complete] = events
  assert(complete?.type === 'handshake-complete')
  assert.equal(complete.resumed, client.resumed)
  return { client, complete }
}

/** What a connection that is over has left its client with. */
function sessionOf(options: Partial<Tls12ClientOptions> = {}, config: Partial<ServerConfig> = {}): Tls12ClientSession {
  const client = makeClient({ random: seededRandom(11), tickets: {}, ...options })
  established(client, { tickets, ...config })
  assert(client.session !== undefined)
  return client.session
}

function without(type: number): Partial<Tls12ClientOptions> {
  return { editExtensions: (extensions) => extensions.filter((extension) => extension.type !== type) }
}
