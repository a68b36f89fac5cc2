/**
 * What a connection knows goes as soon as nothing more is made of it: an early secret opens what its PSK protects
 * (RFC 8446 §7.1), and the keys of a connection that failed are nobody's any more (§6).
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { toHex } from '../../src/bytes/hex.ts'
import { Reader } from '../../src/bytes/reader.ts'
import { native } from '../../src/crypto/native/provider.ts'
import type { Aead, CryptoProvider } from '../../src/crypto/provider.ts'
import { ClientConnection } from '../../src/tls/client/connection.ts'
import type { TicketSettings } from '../../src/tls/config.ts'
import { ServerConnection } from '../../src/tls/connection.ts'
import { TicketKeys } from '../../src/tls/tickets.ts'
import { extensionType } from '../../src/wire/code-points.ts'
import type { Extension } from '../../src/wire/extension.ts'
import { seededRandom } from '../support/random.ts'
import { TestClient, type ClientOptions } from '../support/tls-client.ts'
import { TestTls12Client } from '../support/tls12-client.ts'
import { clientConfig, pair, testTime } from '../support/tls-pair.ts'
import { converse, serverConfig, sessionsOf, ticketSettings } from '../support/tls-server.ts'

const tickets = ticketSettings()

suite('an early secret is wiped', () => {
  test('by a server that resumes, asks for another hello, or finds a binder wrong', () => {
    const talks: readonly Partial<ClientOptions>[] = [{}, { shares: [] }, { editBound: spoiled }]
    for (const options of talks) {
      const { crypto, secrets } = watched()
      const client = new TestClient({
        crypto: native,
        random: seededRandom(7),
        sessions: sessionsOf(tickets),
        ...options,
      })
      converse(client, new ServerConnection(serverConfig({ crypto, tickets })))
      assertGone(secrets)
    }
  })

  test('by a client whose hello it has bound, before an answer comes', () => {
    const server = { now: () => testTime, tickets }
    const given = pair({}, server).clientEvents.find((event) => event.type === 'session')
    assert(given !== undefined)
    const { crypto, secrets } = watched()
    const client = new ClientConnection(clientConfig({ crypto, session: given.session }))
    assert.equal(client.state, 'handshaking')
    assertGone(secrets)
  })
})

test('of all that a server makes secrets from, those of application traffic alone outlive the handshake', () => {
  for (const sessions of [undefined, sessionsOf(tickets)]) {
    const { crypto, keys } = watchedKeys()
    const client = new TestClient({ crypto: native, random: seededRandom(8), ...(sessions && { sessions }) })
    const server = new ServerConnection(serverConfig({ crypto, tickets }))
    converse(client, server)
    assert.equal(server.state, 'open')
    const kept = new Set(keys.filter((key) => key.some((byte) => byte !== 0)))
    assert.equal(kept.size, 2, `of ${new Set(keys).size} keys`)
  }
})

/** A provider that remembers what HKDF and HMAC were given as keys and salts. */
function watchedKeys(): { crypto: CryptoProvider; keys: Uint8Array[] } {
  const keys: Uint8Array[] = []
  const expand: CryptoProvider['expand'] = (hash, key, outputs) => {
    keys.push(key)
    return native.expand(hash, key, outputs)
  }
  const hmac: CryptoProvider['hmac'] = (hash, key, message) => {
    if (toHex(key) !== saltWithoutPsk) keys.push(key)
    return native.hmac(hash, key, message)
  }
  return { crypto: { ...native, expand, hmac }, keys }
}

/** No secret: what comes of no PSK by SHA-256, in every connection alike (RFC 8448 §3, "derive secret for handshake"). */
const saltWithoutPsk = '6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba'

/** The hello with its binder's last bit turned over. */
function spoiled(hello: Uint8Array): Uint8Array {
  return Uint8Array.from(hello, (byte, i) => (i === hello.length - 1 ? byte ^ 1 : byte))
}

test('a server that is let go before the end of a handshake, or behind it, leaves no secret', () => {
  for (const holdFinished of [true, false]) {
    const { crypto, keys } = watchedKeys()
    const client = new TestClient({ crypto: native, random: seededRandom(7) })
    client.holdFinished = holdFinished
    const server = new ServerConnection(serverConfig({ crypto, tickets }))
    converse(client, server)
    assert.equal(server.state, holdFinished ? 'handshaking' : 'open')
    server.destroy()
    assertGone(keys)
  }
})

test('nor does one of TLS 1.2 leave the key behind its share', () => {
  const kept: Uint8Array[] = []
  const keyExchange: CryptoProvider['keyExchange'] = (name) => {
    const group = native.keyExchange(name)
    return {
      ...group,
      keyPair(random) {
        const pair = group.keyPair(random)
        kept.push(pair.privateKey)
        return pair
      },
    }
  }
  const server = new ServerConnection(serverConfig({ crypto: { ...native, keyExchange } }))
  server.receive(Buffer.concat(new TestTls12Client({ crypto: native, random: seededRandom(7) }).hello()))
  assert.ok(kept.some((key) => key.some((byte) => byte !== 0)))
  server.destroy()
  assertGone(kept)
})

test('the keys of a connection that fails are forgotten on both sides', () => {
  const kept = { client: watchedAeads(), server: watchedAeads() }
  const both = pair({ crypto: kept.client.crypto }, { crypto: kept.server.crypto })
  both.server.receive(Uint8Array.of(23, 3, 3, 0, 17, ...new Uint8Array(17)))
  both.client.receive(Buffer.concat(both.server.takeOutput()))
  for (const { aeads } of Object.values(kept)) {
    assert.equal(aeads.length, 4, 'one for each direction of the handshake, and of what comes behind it')
    aeads.forEach(assertWiped)
  }
})

for (const version of ['TLSv1.3', 'TLSv1.2'] as const)
  test(`the keys of a connection that both sides have closed are forgotten, in ${version}`, () => {
    for (const [first, second] of [
      ['client', 'server'],
      ['server', 'client'],
    ] as const) {
      const kept = { client: watchedAeads(), server: watchedAeads() }
      const both = pair({ crypto: kept.client.crypto, maxVersion: version }, { crypto: kept.server.crypto })
      both[first].close()
      both[second].receive(Buffer.concat(both[first].takeOutput()))
      both[second].close()
      both[first].receive(Buffer.concat(both[second].takeOutput()))
      for (const { aeads } of Object.values(kept)) {
        assert.ok(aeads.length >= 2)
        aeads.forEach(assertWiped)
      }
    }
  })

suite('what a ticket held is wiped where its session is not taken', () => {
  test('for another host, and for a suite of another hash', () => {
    for (const options of [
      { serverName: 'other.example.com' },
      { suites: ['TLS_AES_256_GCM_SHA384'] },
    ] as const satisfies Partial<ClientOptions>[]) {
      const sessions = sessionsOf(tickets, { suites: ['TLS_AES_128_GCM_SHA256'] })
      const { settings, opened } = watchedTickets()
      const client = new TestClient({ crypto: native, random: seededRandom(7), sessions, ...options })
      converse(client, new ServerConnection(serverConfig({ tickets: settings })))
      assert.equal(client.resumed, undefined)
      assertGone(opened.map(secretOf))
    }
  })

  test('in TLS 1.2, where its host is another, or the extended master secret was lost on the way', () => {
    const first = new TestTls12Client({ crypto: native, random: seededRandom(7), tickets: {} })
    converse(first, new ServerConnection(serverConfig({ tickets })))
    assert(first.session !== undefined)
    for (const options of [{ serverName: 'other.example.com' }, { editExtensions: withoutExtendedMasterSecret }]) {
      const { settings, opened } = watchedTickets()
      const random = seededRandom(8)
      const client = new TestTls12Client({ crypto: native, random, tickets: { session: first.session }, ...options })
      new ServerConnection(serverConfig({ tickets: settings })).receive(Buffer.concat(client.hello()))
      assertGone(opened.map(secretOf))
    }
  })

  test('where another release wrote it', () => {
    const { settings, opened } = watchedTickets()
    const sealed = settings.keys.seal('TLSv1.3', new Uint8Array(100).fill(0xee), seededRandom(1))
    const sessions = sessionsOf(tickets).map((session) => ({
      ...session,
      message: { ...session.message, ticket: sealed ?? new Uint8Array(0) },
    }))
    const client = new TestClient({ crypto: native, random: seededRandom(7), sessions })
    converse(client, new ServerConnection(serverConfig({ tickets: settings })))
    assertGone(opened)
  })
})

function withoutExtendedMasterSecret(extensions: readonly Extension[]): readonly Extension[] {
  return extensions.filter(({ type }) => type !== extensionType.extendedMasterSecret)
}

/** The tickets' keys, and all that they opened. */
function watchedTickets(): { settings: TicketSettings; opened: Uint8Array[] } {
  const opened: Uint8Array[] = []
  const { keys, lifetimeSeconds } = tickets
  class Watched extends TicketKeys {
    override open(...given: Parameters<TicketKeys['open']>): Uint8Array | undefined {
      const session = keys.open(...given)
      if (session !== undefined) opened.push(session)
      return session
    }
    override seal(...given: Parameters<TicketKeys['seal']>): Uint8Array | undefined {
      return keys.seal(...given)
    }
  }
  return { settings: { keys: new Watched(native, []), lifetimeSeconds }, opened }
}

/** What stands behind format and suite in what a ticket held. */
function secretOf(session: Uint8Array): Uint8Array {
  const from = new Reader(session.subarray(3))
  return from.sub8('secret').rest()
}

function assertWiped(aead: Aead): void {
  assert.throws(() => aead.seal(new Uint8Array(12), new Uint8Array(0), new Uint8Array(1)), /wiped/)
}

function watchedAeads(): { crypto: CryptoProvider; aeads: Aead[] } {
  const aeads: Aead[] = []
  const aead: CryptoProvider['aead'] = (name, key) => {
    const made = native.aead(name, key)
    aeads.push(made)
    return made
  }
  return { crypto: { ...native, aead }, aeads }
}

function assertGone(secrets: readonly Uint8Array[]): void {
  assert(secrets.length > 0, 'there were no secrets')
  for (const secret of secrets) assert(secret.length > 0 && secret.every((byte) => byte === 0))
}

/** A provider that remembers what HKDF-Extract made with a salt of zeros, which is how an early secret is made. */
function watched(): { crypto: CryptoProvider; secrets: Uint8Array[] } {
  const secrets: Uint8Array[] = []
  const hmac: CryptoProvider['hmac'] = (hash, key, message) => {
    const made = native.hmac(hash, key, message)
    if (key.every((byte) => byte === 0)) secrets.push(made)
    return made
  }
  return { crypto: { ...native, hmac }, secrets }
}
