/**
 * Sessions that come back: what must still be so, and what the server makes of those that must not.
 *
 * Shows RFC 8446 §4.2.11.2, §4.3.2, §8.3.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { native } from '../../../src/crypto/native/provider.ts'
import type { GroupName } from '../../../src/crypto/provider.ts'
import { maxTicketLifetimeSeconds, type ServerConfig } from '../../../src/tls/config.ts'
import { ServerConnection } from '../../../src/tls/connection.ts'
import type { HandshakeComplete } from '../../../src/tls/events.ts'
import { groupIds, suites, type SuiteName } from '../../../src/tls/suites.ts'
import { TicketKeys } from '../../../src/tls/tickets.ts'
import { extensionType } from '../../../src/wire/code-points.ts'
import type { Extension } from '../../../src/wire/extension.ts'
import { writeOfferedPsks } from '../../../src/wire/extensions/pre-shared-key.ts'
import { testCredential } from '../../support/credentials.ts'
import { providers } from '../../support/providers.ts'
import { seededRandom } from '../../support/random.ts'
import { TestClient, type ClientOptions, type ClientSession } from '../../support/tls-client.ts'
import { converse, established, noon, serverConfig, sessionsOf, ticketSettings } from '../../support/tls-server.ts'

const tickets = ticketSettings()

function makeClient(options: Partial<ClientOptions> = {}): TestClient {
  return new TestClient({ crypto: native, random: seededRandom(7), ...options })
}

/** A second connection that offers `sessions`; returns what it came to. */
function connect(
  options: Partial<ClientOptions>,
  config: Partial<ServerConfig> = {},
): { client: TestClient; complete: HandshakeComplete } {
  const client = makeClient(options)
  const { server, events } = established(client, { tickets, ...config })
  server.send(Buffer.from('hello'))
  for (const bytes of server.takeOutput()) client.receive(bytes)
  const last = client.heard.at(-1)
  assert.equal(last?.type === 'data' && Buffer.from(last.data).toString(), 'hello')
  const complete = events[0]
  assert(complete?.type === 'handshake-complete')
  assert.equal(complete.resumed, client.resumed !== undefined)
  return { client, complete }
}

const at = (ms: number): Partial<ServerConfig> => ({ now: () => noon + ms })

suite('a session', () => {
  for (const name of Object.keys(suites) as SuiteName[])
    for (const crypto of providers)
      test(`is resumed with ${name}, begun with native and resumed with ${crypto.name}`, () => {
        const sessions = sessionsOf(tickets, { suites: [name] })
        const { client, complete } = connect({ suites: [name], sessions }, { crypto })
        assert.equal(client.resumed, 0)
        assert.equal(client.chain.length, 0, 'a certificate was sent')
        assert.equal(complete.signatureScheme, undefined)
        assert.equal(complete.fingerprint, testCredential('ed25519', native).fingerprint)
      })

  test('gets two tickets where it begins, and one in place of each that is used; all differ', () => {
    const { client } = connect({})
    assert.equal(client.sessions.length, 2)
    const again = connect({ sessions: client.sessions }, { random: seededRandom(5) }).client
    assert.equal(again.sessions.length, 1)
    const all = [...client.sessions, ...again.sessions]
    assert.equal(new Set(all.map(({ psk }) => Buffer.from(psk).toString('hex'))).size, 3)
    assert.equal(new Set(all.map(({ message }) => Buffer.from(message.ticket).toString('hex'))).size, 3)
    assert.equal(new Set(all.map(({ message }) => message.ageAdd)).size, 3)
    for (const { message } of all) {
      assert.equal(message.lifetime, 3600)
      assert.deepEqual(message.extensions, [], 'no early data is promised')
    }
    assert.equal(connect({ sessions: again.sessions }).client.resumed, 0, 'and so on')
  })

  test('does without signature_algorithms, which a full handshake needs', () => {
    const editExtensions = without(extensionType.signatureAlgorithms)
    assert.equal(connect({ sessions: sessionsOf(tickets), editExtensions }).client.resumed, 0)
    const refused = makeClient({ sessions: sessionsOf(ticketSettings(99)), editExtensions })
    const events = converse(refused, new ServerConnection(serverConfig({ tickets })))
    assert.deepEqual(
      events.map((event) => event.type === 'failed' && event.reason),
      ['signature-algorithms-missing'],
    )
  })

  test('chooses its protocol anew', () => {
    const sessions = sessionsOf(tickets, { alpn: ['h2'] })
    const { client, complete } = connect({ sessions, alpn: ['http/1.1'] }, { alpn: ['h2', 'http/1.1'] })
    assert.equal(client.resumed, 0)
    assert.deepEqual([client.alpn, complete.alpn], ['http/1.1', 'http/1.1'])
  })

  test('may go on with another suite of the same hash', () => {
    const sessions = sessionsOf(tickets, { suites: ['TLS_AES_128_GCM_SHA256'] })
    const { client, complete } = connect({ sessions, suites: ['TLS_CHACHA20_POLY1305_SHA256'] })
    assert.deepEqual([client.resumed, complete.suite], [0, 'TLS_CHACHA20_POLY1305_SHA256'])
  })

  test('outlives a certificate that was renewed with its key', () => {
    const renewed = { ...testCredential('ed25519', native), fingerprint: 'renewed' }
    const { client, complete } = connect({ sessions: sessionsOf(tickets) }, { credentials: () => [renewed] })
    assert.deepEqual([client.resumed, complete.fingerprint], [0, 'renewed'])
  })

  test('is found by an old key, and gets its next ticket by the new one', () => {
    const random = seededRandom(3)
    const old = { name: random(16), key: random(32) }
    const fresh = { name: random(16), key: random(32) }
    const rotated = { keys: new TicketKeys(native, [fresh, old]), lifetimeSeconds: 3600 }
    const { client } = connect({ sessions: sessionsOf(tickets) }, { tickets: rotated })
    assert.equal(client.resumed, 0)
    assert.deepEqual(Buffer.from(client.sessions[0]?.message.ticket.subarray(0, 16) ?? []), Buffer.from(fresh.name))
  })

  test('is the first of those offered that fits', () => {
    // Of another client: its keys must not be those of ours, or any binder would do.
    const foreign = sessionsOf(ticketSettings(99), { random: seededRandom(8) })
    assert.notDeepEqual(foreign[0]?.psk, sessionsOf(tickets)[0]?.psk)
    assert.equal(connect({ sessions: [...foreign, ...sessionsOf(tickets)] }).client.resumed, 1)
  })

  for (const group of Object.keys(groupIds) as GroupName[])
    test(`is resumed after a HelloRetryRequest for ${group}, its binder over both hellos`, () => {
      const { client, complete } = connect({ sessions: sessionsOf(tickets), groups: [group], shares: [] })
      assert.deepEqual([client.resumed, complete.helloRetried, complete.group], [0, true, group])
    })

  test('may be dropped from the second hello where it does not suit', () => {
    const editExtensions = without(extensionType.preSharedKey, true)
    const { client } = connect({ sessions: sessionsOf(ticketSettings(99)), shares: [], editExtensions })
    assert.equal(client.resumed, undefined)
    assert.equal(client.retried, true)
  })

  test('is resumed to its last second, and not beyond', () => {
    const sessions = sessionsOf(tickets)
    assert.equal(connect({ sessions }, at(3_599_999)).client.resumed, 0)
    assert.equal(connect({ sessions }, at(3_600_000)).client.resumed, undefined)
  })

  test('is taken from a replica whose clock is a minute ahead, and from none beyond that', () => {
    const sessions = sessionsOf(tickets)
    assert.equal(connect({ sessions }, at(-60_000)).client.resumed, 0)
    assert.equal(connect({ sessions }, at(-60_001)).client.resumed, undefined)
  })

  test('goes on from ticket to ticket for seven days, and then a certificate is shown again', () => {
    const day = 86_400_000
    const settings = { ...tickets, lifetimeSeconds: 10 * 24 * 3600 }
    let { client } = connect({}, { tickets: settings })
    assert.equal(client.sessions[0]?.message.lifetime, maxTicketLifetimeSeconds)
    for (let days = 1; days < 7; days++) {
      ;({ client } = connect({ sessions: client.sessions }, { tickets: settings, ...at(days * day) }))
      assert.equal(client.resumed, 0, `day ${days}`)
      assert.equal(client.sessions[0]?.message.lifetime, (7 - days) * 24 * 3600)
    }
    const last = connect({ sessions: client.sessions }, { tickets: settings, ...at(7 * day) }).client
    assert.equal(last.resumed, undefined)
    assert.equal(last.sessions[0]?.message.lifetime, maxTicketLifetimeSeconds)
  })
})

/** Each of these gets a full handshake, as if it had offered nothing. */
const fullHandshakes: Readonly<Record<string, () => { options: Partial<ClientOptions>; config?: ServerConfig }>> = {
  'for another name': () => ({ options: { sessions: sessionsOf(tickets), serverName: 'other.example.com' } }),
  'for no name': () => ({ options: { sessions: sessionsOf(tickets), serverName: undefined } }),
  'with a suite of another hash': () => ({
    options: {
      sessions: sessionsOf(tickets, { suites: ['TLS_AES_256_GCM_SHA384'] }),
      suites: ['TLS_AES_128_GCM_SHA256'],
    },
  }),
  'by keys that are gone': () => ({ options: { sessions: sessionsOf(ticketSettings(99)) } }),
  'by keys that were wiped': () => {
    const keys = ticketSettings()
    const sessions = sessionsOf(keys)
    keys.keys.wipe()
    return { options: { sessions }, config: serverConfig({ tickets: keys }) }
  },
  'where tickets were turned off': () => ({ options: { sessions: sessionsOf(tickets) }, config: serverConfig() }),
  'with a key that was replaced': () => ({
    options: { sessions: sessionsOf(tickets) },
    config: serverConfig({ tickets, credentials: () => [testCredential('p256', native)] }),
  }),
  'with a ticket that was changed': () => ({ options: { sessions: sessionsOf(tickets).map(withChangedTicket) } }),
  'behind four tickets that do not open': () => ({
    options: {
      sessions: [
        ...Array.from({ length: 4 }, () => sessionsOf(ticketSettings(99))[0] as ClientSession),
        ...sessionsOf(tickets),
      ],
    },
  }),
  'without a key exchange (psk_ke alone)': () => ({
    options: {
      sessions: sessionsOf(tickets),
      editExtensions: pskKeAlone,
    },
  }),
}

suite('a session is not resumed', () => {
  for (const [why, make] of Object.entries(fullHandshakes))
    test(why, () => {
      const { options, config = serverConfig({ tickets }) } = make()
      const client = makeClient(options)
      const server = new ServerConnection(config)
      const events = converse(client, server)
      assert.equal(server.state, 'open', JSON.stringify(events))
      assert.equal(client.resumed, undefined)
      assert.equal(client.chain.length, 1)
      assert.equal(events[0]?.type === 'handshake-complete' && events[0].resumed, false)
    })
})

suite('tickets are not given', () => {
  test('to a client that could not use them: psk_ke alone, or no psk_key_exchange_modes', () => {
    assert.equal(connect({ editExtensions: pskKeAlone }).client.sessions.length, 0)
    const editExtensions = without(extensionType.pskKeyExchangeModes)
    assert.equal(connect({ editExtensions }).client.sessions.length, 0)
  })

  test('before the client’s Finished', () => {
    const client = makeClient()
    client.holdFinished = true
    const server = new ServerConnection(serverConfig({ tickets }))
    converse(client, server)
    assert.equal(client.sessions.length, 0)
    converse(client, server, client.finish())
    assert.equal(client.sessions.length, 2)
  })

  test('where the keys were wiped while the handshake went on', () => {
    const settings = ticketSettings()
    const client = makeClient()
    client.holdFinished = true
    const server = new ServerConnection(serverConfig({ tickets: settings }))
    converse(client, server)
    settings.keys.wipe()
    converse(client, server, client.finish())
    assert.deepEqual([client.sessions.length, server.state], [0, 'open'])
  })
})

suite('early data', () => {
  test('is refused and skipped, and the session resumed all the same', () => {
    const client = makeClient({ sessions: sessionsOf(tickets), editExtensions: withEarlyData })
    const server = new ServerConnection(serverConfig({ tickets }))
    const events = converse(client, server, [...client.hello(), ...early()])
    assert.deepEqual([server.state, client.resumed], ['open', 0], JSON.stringify(events))
    assert.ok(!client.encryptedExtensions.some(({ type }) => type === extensionType.earlyData))
  })

  test('is skipped after a HelloRetryRequest too', () => {
    const client = makeClient({ sessions: sessionsOf(tickets), shares: [], editExtensions: withEarlyData })
    const server = new ServerConnection(serverConfig({ tickets }))
    converse(client, server, [...client.hello(), ...early()])
    assert.deepEqual([server.state, client.resumed, client.retried], ['open', 0, true])
  })

  for (const [name, shares] of [
    ['', undefined],
    [', after a HelloRetryRequest too', []],
  ] as const)
    test(`is skipped up to 2^14 bytes, and no further${name}`, () => {
      for (const [length, more] of [
        [16_384, 0],
        [16_383, 1],
        [16_384, 1],
      ] as const) {
        const options = { sessions: sessionsOf(tickets), editExtensions: withEarlyData }
        const client = makeClient(shares === undefined ? options : { ...options, shares })
        const server = new ServerConnection(serverConfig({ tickets }))
        const rest = Array.from({ length: more }, () => earlyRecord(0))
        const events = converse(client, server, [...client.hello(), earlyRecord(length), ...rest])
        const tooMuch = length + more > 16_384
        assert.equal(events[0]?.type === 'failed' && events[0].reason, tooMuch && 'too-much-early-data')
        assert.equal(server.state, tooMuch ? 'closed' : 'open')
      }
    })
})

test('a binder is looked at only where its session is taken', () => {
  const foreign = sessionsOf(ticketSettings(99))
  const editExtensions: ClientOptions['editExtensions'] = (extensions) =>
    extensions.map(({ type, body }) => ({
      type,
      body:
        type === extensionType.preSharedKey
          ? writeOfferedPsks({
              identities: foreign.map(({ message }) => ({ identity: message.ticket, obfuscatedTicketAge: 0 })),
              binders: [new Uint8Array(32)],
            })
          : body,
    }))
  assert.equal(connect({ sessions: foreign, editExtensions }).client.resumed, undefined)
})

test('a hello that resumes is refused with any of its bits flipped, or gets a full handshake', () => {
  const sessions = sessionsOf(tickets)
  const hello = Buffer.concat(makeClient({ sessions }).hello())
  let resumed = 0
  for (let bit = 5 * 8; bit < hello.length * 8; bit += 3) {
    const flipped = Buffer.from(hello)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    const server = new ServerConnection(serverConfig({ tickets }))
    server.receive(flipped)
    const answer = Buffer.concat(server.takeOutput())
    // A ServerHello that takes the session has pre_shared_key, with identity 0, as its last extension.
    const length = answer.length > 5 ? answer.readUInt16BE(3) : 0
    if (
      answer[0] === 22 &&
      answer
        .subarray(5, 5 + length)
        .subarray(-6)
        .toString('hex') === '002900020000'
    )
      resumed++
  }
  assert.equal(resumed, 0)
})

function withChangedTicket({ message, ...session }: ClientSession): ClientSession {
  const ticket = message.ticket.map((byte, i) => (i === 40 ? byte ^ 1 : byte))
  return { ...session, message: { ...message, ticket } }
}

/** Leaves an extension out: of every hello, or of the second only. */
function without(left: number, ofSecond = false): Extensions {
  return (extensions, retry) => (ofSecond && !retry ? extensions : extensions.filter(({ type }) => type !== left))
}

function pskKeAlone(extensions: readonly Extension[]): readonly Extension[] {
  return extensions.map(({ type, body }) => ({
    type,
    body: type === extensionType.pskKeyExchangeModes ? Uint8Array.of(1, 0) : body,
  }))
}

/** In the first hello, before pre_shared_key. */
function withEarlyData(extensions: readonly Extension[], retry: boolean): readonly Extension[] {
  const early = { type: extensionType.earlyData, body: new Uint8Array(0) }
  return retry ? extensions : [...extensions.slice(0, -1), early, ...extensions.slice(-1)]
}

/** Records as a client that was promised 0-RTT sends them: sealed by a key that this server never derives. */
function early(): Uint8Array[] {
  return [100, 16_000].map(earlyRecord)
}

function earlyRecord(length: number): Uint8Array {
  return Buffer.concat([Uint8Array.of(23, 3, 3, length >> 8, length & 0xff), seededRandom(9)(length)])
}

type Extensions = NonNullable<ClientOptions['editExtensions']>
