/**
 * Our client against our server in TLS 1.2: each suite, group and kind of key, data, closing, and what is not done.
 *
 * Shows RFC 5246 §7.4.1.3, §7.4.2, §7.4.4; RFC 5077 §3.1; RFC 8422 §5.1.3, §5.4.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { native } from '../../../src/crypto/native/provider.ts'
import type { ClientConfig } from '../../../src/tls/client/config.ts'
import { tls12SchemeIds, tls12Suites } from '../../../src/tls/tls12/suites.ts'
import type { Tls12SignatureName, Tls12SuiteName } from '../../../src/tls/tls12/suites.ts'
import { concat } from '../../../src/bytes/arrays.ts'
import { readCertificateVerify } from '../../../src/wire/certificate-verify.ts'
import { extensionType, handshakeType } from '../../../src/wire/code-points.ts'
import { writeHandshake } from '../../../src/wire/handshake.ts'
import { writeTls12CertificateRequest } from '../../../src/wire/tls12/certificate-request.ts'
import { readTls12Certificate } from '../../../src/wire/tls12/certificate.ts'
import { writeTls12NewSessionTicket } from '../../../src/wire/tls12/new-session-ticket.ts'
import { testCredential, type CredentialKind } from '../../support/credentials.ts'
import { providers } from '../../support/providers.ts'
import { meet } from '../../support/tls-scripted-server.ts'
import { Tls12ScriptedServer } from '../../support/tls12-scripted-server.ts'
import { pair, settle, text } from '../../support/tls-pair.ts'

const only: Partial<ClientConfig> = { maxVersion: 'TLSv1.2' }

for (const crypto of providers)
  suite(`with ${crypto.name}`, () => {
    for (const name of Object.keys(tls12Suites) as Tls12SuiteName[])
      for (const group of ['X25519', 'P-256', 'P-384'] as const)
        test(`completes a handshake with ${name} and ${group}, and carries data both ways`, () => {
          const credential = testCredential(tls12Suites[name].signature === 'RSA' ? 'rsa' : 'p256', crypto)
          const both = pair(
            { ...only, crypto, tls12Suites: [name], groups: [group, 'P-256'] },
            { crypto, credentials: () => [credential], groups: [group] },
          )
          const [complete] = both.clientEvents
          assert(complete?.type === 'handshake-complete', JSON.stringify(both.clientEvents))
          assert.deepEqual(
            [complete.version, complete.suite, complete.group, complete.resumed],
            ['TLSv1.2', name, group, false],
          )
          assert.deepEqual([complete.peerChain, complete.fingerprint], [credential.chain, credential.fingerprint])
          both.client.send(Buffer.from('ping'))
          both.server.send(Buffer.from('pong'))
          settle(both)
          assert.deepEqual([text(both.serverEvents), text(both.clientEvents)], ['ping', 'pong'])
          both.client.close()
          both.server.close()
          settle(both)
          assert.deepEqual([both.client.state, both.server.state], ['closed', 'closed'])
        })

    for (const kind of ['ed25519', 'p256', 'p384', 'rsa'] as const satisfies readonly CredentialKind[]) {
      const credential = testCredential(kind, crypto)
      for (const scheme of credential.signingKey.schemes as readonly Tls12SignatureName[])
        test(`verifies ${tls12SchemeIds[scheme].name}`, () => {
          const both = pair(
            { ...only, crypto, schemes: [scheme], groups: ['X25519', 'P-256', 'P-384'] },
            { crypto, credentials: () => [credential] },
          )
          const [complete] = both.clientEvents
          assert(complete?.type === 'handshake-complete', JSON.stringify(both.clientEvents))
          assert.equal(complete.signatureScheme, tls12SchemeIds[scheme].name)
        })
    }
  })

suite('which version', () => {
  test('is the newest that both speak', () => {
    assert.equal(versionOf({}, {}), 'TLSv1.3')
    assert.equal(versionOf({}, { maxVersion: 'TLSv1.2' }), 'TLSv1.2')
    assert.equal(versionOf(only, {}), 'TLSv1.2')
    assert.equal(versionOf({ minVersion: 'TLSv1.3' }, { minVersion: 'TLSv1.3' }), 'TLSv1.3')
  })

  test('is none where they have none in common, and both sides hear of it', () => {
    const both = pair({ minVersion: 'TLSv1.3' }, { maxVersion: 'TLSv1.2' })
    assert(both.clientEvents[0]?.type === 'failed' && both.clientEvents[0].alert === 'protocol_version')
    assert.equal(both.client.state, 'closed')
  })
})

test('the protocol, and that there is none, is reported in TLS 1.2 too', () => {
  assert.deepEqual([alpnOf(['http/1.1']), alpnOf([])], ['http/1.1', undefined])
})

suite('who the client is, in TLS 1.2', () => {
  for (const kind of ['ed25519', 'p256', 'p384', 'rsa'] as const satisfies readonly CredentialKind[])
    test(`is proved with a key of kind ${kind} where the server asks`, () => {
      const credential = testCredential(kind, native)
      for (const scheme of credential.signingKey.schemes as readonly Tls12SignatureName[]) {
        const server = new Tls12ScriptedServer({ request: request(tls12SchemeIds[scheme].id) })
        const { client } = meet(server, { credentials: [testCredential('p256', native), credential] })
        assert.equal(client.state, 'open')
        const [, certificate, exchange, verify] = server.messages
        assert(certificate !== undefined && verify !== undefined)
        assert.equal(exchange?.type, handshakeType.clientKeyExchange)
        assert.deepEqual(readTls12Certificate(certificate.body), credential.chain)
        const { scheme: id, signature } = readCertificateVerify(verify.body)
        assert.equal(id, tls12SchemeIds[scheme].id)
        assert(native.verify(scheme, credential.publicKey, verify.before, signature))
      }
    })

  test('is not said where no credential fits, and an empty Certificate says that', () => {
    const server = new Tls12ScriptedServer({ request: request(0x0804) })
    const { client } = meet(server, { credentials: [testCredential('p256', native)] })
    assert.equal(client.state, 'open')
    assert.deepEqual(Buffer.from(server.messages[1]?.body ?? []), Buffer.of(0, 0, 0))
    assert.deepEqual(
      server.messages.map(({ type }) => type),
      [handshakeType.clientHello, handshakeType.certificate, handshakeType.clientKeyExchange, handshakeType.finished],
    )
  })
})

suite('a session of TLS 1.2', () => {
  const ticket = writeHandshake(handshakeType.newSessionTicket, (out) =>
    writeTls12NewSessionTicket(out, { lifetimeHint: 0, ticket: Uint8Array.of(5, 6, 7) }),
  )
  const { events } = meet(new Tls12ScriptedServer({ ticket }))
  const session = events.flatMap((event) => (event.type === 'session' ? [event.session] : []))[0]
  assert(session !== undefined)

  test('is told behind the end of the handshake, and lasts a day where the server leaves that open', () => {
    assert.deepEqual(
      events.map(({ type }) => type),
      ['handshake-complete', 'session'],
    )
    assert.equal(session.expiresAt - session.receivedAt, 86_400_000)
    assert.deepEqual(session.chain, testCredential('ed25519', native).chain)
  })

  test('is resumed by its ticket, the server first, and carries data', () => {
    const server = new Tls12ScriptedServer({ resume: session.secret, ticket })
    const { client, events: told } = meet(server, { session })
    assert(told[0]?.type === 'handshake-complete', JSON.stringify(told))
    assert.deepEqual([told[0].version, told[0].resumed, told[0].group], ['TLSv1.2', true, undefined])
    assert.deepEqual(told[0].peerChain, session.chain)
    const offered = server.hello?.extensions.find(({ type }) => type === extensionType.sessionTicket)
    assert.deepEqual(offered?.body, session.ticket)
    assert.equal(text(client.receive(server.protect(23, 'pong'))), 'pong')
    client.send(Buffer.from('ping'))
    server.receive(concat(...client.takeOutput()))
    assert.equal(server.text, 'ping')
  })

  test('that the server does not take up ends in a full handshake', () => {
    const { client, events: told } = meet(new Tls12ScriptedServer(), { session })
    assert(told[0]?.type === 'handshake-complete')
    assert.equal(told[0].resumed, false)
    assert.equal(client.state, 'open')
  })

  test('is not offered to a server that shall speak TLS 1.3', () => {
    const server = new Tls12ScriptedServer()
    meet(server, { session, minVersion: 'TLSv1.3' })
    assert.equal(
      server.hello?.extensions.some(({ type }) => type === extensionType.sessionTicket),
      false,
    )
  })
})

test('a server that asks to renegotiate hears no, and the connection goes on', () => {
  const server = new Tls12ScriptedServer()
  const { client } = meet(server)
  const events = client.receive(
    concat(server.protect(22, Uint8Array.of(handshakeType.helloRequest, 0, 0, 0)), server.protect(23, 'data')),
  )
  assert.equal(text(events), 'data')
  server.receive(concat(...client.takeOutput()))
  assert.equal(server.alert, 'no_renegotiation')
  assert.equal(client.state, 'open')
})

/** A CertificateRequest for this scheme. */
function request(scheme: number): Uint8Array {
  return writeHandshake(handshakeType.certificateRequest, (out) =>
    writeTls12CertificateRequest(out, { types: Uint8Array.of(1, 64), schemes: [scheme], authorities: [] }),
  )
}

function alpnOf(alpn: readonly string[]): string | undefined {
  const [complete] = pair({ ...only, alpn: ['h2', 'http/1.1'] }, { alpn }).clientEvents
  assert(complete?.type === 'handshake-complete')
  return complete.alpn
}

function versionOf(client: Partial<ClientConfig>, server: Parameters<typeof pair>[1]): string {
  const [complete] = pair(client, server).clientEvents
  assert(complete?.type === 'handshake-complete', JSON.stringify(complete))
  return complete.version
}
