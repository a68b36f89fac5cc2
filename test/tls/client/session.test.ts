/**
 * Sessions: what our server and others give out, brought back; and all that has to be so for that.
 *
 * Shows RFC 8446 §4.2.11.1.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { native } from '../../../src/crypto/native/provider.ts'
import type { ClientConfig } from '../../../src/tls/client/config.ts'
import { ClientConnection } from '../../../src/tls/client/connection.ts'
import type { Session } from '../../../src/tls/client/session.ts'
import type { ServerConfig } from '../../../src/tls/config.ts'
import type { ConnectionEvent } from '../../../src/tls/events.ts'
import type { SuiteName } from '../../../src/tls/suites.ts'
import { TicketKeys } from '../../../src/tls/tickets.ts'
import { readClientHello } from '../../../src/wire/client-hello.ts'
import { contentType, extensionType, handshakeType } from '../../../src/wire/code-points.ts'
import type { Extension } from '../../../src/wire/extension.ts'
import { readOfferedPsks } from '../../../src/wire/extensions/pre-shared-key.ts'
import { writeHandshake } from '../../../src/wire/handshake.ts'
import { writeNewSessionTicket } from '../../../src/wire/new-session-ticket.ts'
import { testCredential } from '../../support/credentials.ts'
import { clientConfig, pair, settle, testTime, text } from '../../support/tls-pair.ts'
import { meet, ScriptedServer } from '../../support/tls-scripted-server.ts'

const keys = new TicketKeys(native, [{ name: new Uint8Array(16).fill(1), key: new Uint8Array(32).fill(2) }])
const server: Partial<ServerConfig> = { now: () => testTime, tickets: { keys, lifetimeSeconds: 3600 } }

suite('a session', () => {
  for (const name of ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'] as const satisfies readonly SuiteName[])
    test(`of ${name} is resumed, without a certificate, and carries data`, () => {
      const suites = [name]
      const [first] = sessionsOf(pair({ suites }, server).clientEvents)
      assert(first !== undefined)
      const again = pair({ suites, session: first }, server)
      assert(again.clientEvents[0]?.type === 'handshake-complete')
      assert.deepEqual([again.clientEvents[0].resumed, again.clientEvents[0].signatureScheme], [true, undefined])
      assert.deepEqual(again.clientEvents[0].peerChain, first.chain)
      assert.equal(again.clientEvents[0].fingerprint, testCredential('ed25519', native).fingerprint)
      again.client.send(Buffer.from('ping'))
      again.server.send(Buffer.from('pong'))
      settle(again)
      assert.deepEqual([text(again.serverEvents), text(again.clientEvents)], ['ping', 'pong'])
    })

  test('is resumed after a HelloRetryRequest too, with a binder for the second hello', () => {
    const session = firstSession()
    const again = pair({ groups: ['X25519', 'P-256'], session }, { ...server, groups: ['P-256'] })
    assert(again.clientEvents[0]?.type === 'handshake-complete')
    assert.deepEqual([again.clientEvents[0].resumed, again.clientEvents[0].helloRetried], [true, true])
  })

  test('gives out a session of its own, and each ticket has its own secret', () => {
    const sessions = sessionsOf(pair({}, server).clientEvents)
    assert(sessions.length >= 2)
    assert.equal(new Set(sessions.map(({ secret }) => Buffer.from(secret).toString('hex'))).size, sessions.length)
    const [next] = sessionsOf(pair({ session: sessions[0] as Session }, server).clientEvents)
    assert(next !== undefined)
    assert.equal(resumed({ session: next }), true)
  })

  test('that the server does not know any more ends in a full handshake', () => {
    const others = new TicketKeys(native, [{ name: new Uint8Array(16).fill(8), key: new Uint8Array(32).fill(9) }])
    const again = pair({ session: firstSession() }, { ...server, tickets: { keys: others, lifetimeSeconds: 60 } })
    assert(again.clientEvents[0]?.type === 'handshake-complete')
    assert.equal(again.clientEvents[0].resumed, false)
    assert.equal(again.client.state, 'open')
  })
})

suite('a session is not offered', () => {
  const session = firstSession()
  const { fingerprint } = testCredential('ed25519', native)

  for (const [why, change] of [
    ['to a server of another name', { serverName: 'other.example.com' }],
    ['to a server without a name', { serverName: undefined }],
    ['when its time is over', { now: () => session.expiresAt }],
    ['before it was received, by a clock that was put back', { now: () => session.receivedAt - 1 }],
    ['where its suite is not on offer', { suites: ['TLS_CHACHA20_POLY1305_SHA256'] }],
    ['when its certificate is not believed any more', { trust: { accept: 'pinned', fingerprints: ['00'] } }],
  ] as const satisfies readonly (readonly [string, Partial<ClientConfig>])[])
    test(why, () => assert.equal(offered({ session, ...change }), undefined))

  test('otherwise it is, with its age', () => {
    const trust = { accept: 'pinned', fingerprints: [fingerprint] } as const
    const psks = offered({ session, trust, now: () => session.receivedAt + 5_000 })
    assert.equal(psks?.identities.length, 1)
    assert.deepEqual(psks?.identities[0]?.identity, session.ticket)
    assert.equal(
      psks?.identities[0]?.obfuscatedTicketAge,
      (5_000 + (session.version === 'TLSv1.3' ? session.ageAdd : 0)) % 2 ** 32,
    )
  })

  test('again after a HelloRetryRequest whose suite has another hash', () => {
    const scripted = new ScriptedServer({
      suite: 'TLS_AES_256_GCM_SHA384',
      group: 'P-256',
      retry: [
        { type: extensionType.supportedVersions, body: Uint8Array.of(3, 4) },
        { type: extensionType.keyShare, body: Uint8Array.of(0, 23) },
      ],
    })
    const { client } = meet(scripted, { session })
    assert.equal(client.state, 'open')
    const had = scripted.hellos.map(({ extensions }) =>
      extensions.some(({ type }) => type === extensionType.preSharedKey),
    )
    assert.deepEqual(had, [true, false])
  })
})

test('who takes up a session without its key is found out at its first record', () => {
  const selected = { type: extensionType.preSharedKey, body: Uint8Array.of(0, 0) }
  const thief = new ScriptedServer({
    hello: (hello) => ({ ...hello, extensions: [...hello.extensions, selected] }),
    psk: new Uint8Array(32),
  })
  const client = new ClientConnection(clientConfig({ session: firstSession() }))
  const events = client.receive(concat(...thief.receive(concat(...client.takeOutput()))))
  assert(events[0]?.type === 'failed' && events[0].reason === 'bad-record', JSON.stringify(events))
})

test('a ticket with a lifetime of zero is discarded at once', () => {
  const scripted = new ScriptedServer()
  const { client } = meet(scripted)
  assert.deepEqual(client.receive(ticketRecord(scripted, 0)), [])
  assert.equal(sessionsOf(client.receive(ticketRecord(scripted, 1))).length, 1)
})

test('a ticket that says more than is known is a ticket all the same', () => {
  const scripted = new ScriptedServer()
  const { client } = meet(scripted)
  const unknown = [{ type: 0x7777, body: Uint8Array.of(1, 2) }]
  assert.equal(sessionsOf(client.receive(ticketRecord(scripted, 60, unknown))).length, 1)
})

test("a session's bytes are the receiver's own: what the connection reads later does not change them", () => {
  const scripted = new ScriptedServer()
  const { client } = meet(scripted)
  const record = ticketRecord(scripted, 60)
  const [session] = sessionsOf(client.receive(record))
  record.fill(0)
  client.destroy()
  assert.deepEqual(session?.ticket, Uint8Array.of(2, 3))
  assert(session.secret.some((byte) => byte !== 0))
})

function firstSession(): Session {
  const [session] = sessionsOf(pair({}, server).clientEvents)
  assert(session !== undefined)
  return session
}

function sessionsOf(events: readonly ConnectionEvent[]): Session[] {
  return events.flatMap((event) => (event.type === 'session' ? [event.session] : []))
}

function resumed(client: Partial<ClientConfig>): boolean {
  const [complete] = pair(client, server).clientEvents
  assert(complete?.type === 'handshake-complete')
  return complete.resumed
}

/** The pre-shared keys in the first hello. */
function offered(overrides: Partial<ClientConfig>): ReturnType<typeof readOfferedPsks> | undefined {
  const record = concat(...new ClientConnection(clientConfig(overrides)).takeOutput())
  const { extensions } = readClientHello(record.subarray(9))
  const extension = extensions.find(({ type }) => type === extensionType.preSharedKey)
  return extension && readOfferedPsks(extension.body)
}

function ticketRecord(scripted: ScriptedServer, lifetime: number, extensions: readonly Extension[] = []): Uint8Array {
  const message = writeHandshake(handshakeType.newSessionTicket, (out) =>
    writeNewSessionTicket(out, {
      lifetime,
      ageAdd: 7,
      nonce: Uint8Array.of(1),
      ticket: Uint8Array.of(2, 3),
      extensions,
    }),
  )
  return scripted.protect(contentType.handshake, message)
}
