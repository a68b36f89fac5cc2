/**
 * What a connection knows goes as soon as nothing more is made of it: an early secret opens what its PSK protects
 * (RFC 8446 §7.1), and the keys of a connection that failed are nobody's any more (§6).
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { native } from '../../src/crypto/native/provider.ts'
import type { Aead, CryptoProvider } from '../../src/crypto/provider.ts'
import { ClientConnection } from '../../src/tls/client/connection.ts'
import { ServerConnection } from '../../src/tls/connection.ts'
import { seededRandom } from '../support/random.ts'
import { TestClient, type ClientOptions } from '../support/tls-client.ts'
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

test('of all that a server expands secrets from, those of application traffic alone outlive the handshake', () => {
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

/** A provider that remembers what HKDF-Expand was given as a key. */
function watchedKeys(): { crypto: CryptoProvider; keys: Uint8Array[] } {
  const keys: Uint8Array[] = []
  const expand: CryptoProvider['expand'] = (hash, key, outputs) => {
    keys.push(key)
    return native.expand(hash, key, outputs)
  }
  return { crypto: { ...native, expand }, keys }
}

/** The hello with its binder's last bit turned over. */
function spoiled(hello: Uint8Array): Uint8Array {
  return Uint8Array.from(hello, (byte, i) => (i === hello.length - 1 ? byte ^ 1 : byte))
}

test('the keys of a connection that fails are forgotten on both sides', () => {
  const kept = { client: watchedAeads(), server: watchedAeads() }
  const both = pair({ crypto: kept.client.crypto }, { crypto: kept.server.crypto })
  both.server.receive(Uint8Array.of(23, 3, 3, 0, 17, ...new Uint8Array(17)))
  both.client.receive(Buffer.concat(both.server.takeOutput()))
  for (const { aeads } of Object.values(kept)) {
    assert.equal(aeads.length, 4, 'one for each direction of the handshake, and of what comes behind it')
    for (const aead of aeads)
      assert.throws(() => aead.seal(new Uint8Array(12), new Uint8Array(0), new Uint8Array(1)), /wiped/)
  }
})

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
  assert(secrets.length > 0, 'no early secret was made')
  for (const secret of secrets) assert(secret.every((byte) => byte === 0))
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
