/**
 * Our client against our server: each suite, group and kind of key; what is negotiated; data, fresh keys and closing.
 *
 * Shows RFC 8446 §4.1.3, §4.3.1, §4.3.2; RFC 5280 §6.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { native } from '../../../src/crypto/native/provider.ts'
import type { GroupName } from '../../../src/crypto/provider.ts'
import type { ClientConfig } from '../../../src/tls/client/config.ts'
import { ClientConnection } from '../../../src/tls/client/connection.ts'
import type { ConnectionEvent, HandshakeComplete } from '../../../src/tls/events.ts'
import { defaultLimits } from '../../../src/tls/limits.ts'
import { signedContent } from '../../../src/tls/signed-content.ts'
import {
  groupIds,
  isHandshakeSignature,
  schemeIds,
  suites,
  type HandshakeSignatureName,
  type SuiteName,
} from '../../../src/tls/suites.ts'
import { writeCertificateRequest } from '../../../src/wire/certificate-request.ts'
import { readCertificateVerify } from '../../../src/wire/certificate-verify.ts'
import { readCertificate } from '../../../src/wire/certificate.ts'
import { readClientHello, type ClientHello } from '../../../src/wire/client-hello.ts'
import { contentType, extensionType, handshakeType } from '../../../src/wire/code-points.ts'
import { readClientShares } from '../../../src/wire/extensions/key-share.ts'
import { writeNumber, writeNumbers16 } from '../../../src/wire/extensions/number-list.ts'
import { writeHandshake } from '../../../src/wire/handshake.ts'
import { parseCredential } from '../../../src/x509/credential.ts'
import { parseTrustAnchors } from '../../../src/x509/trust-anchors.ts'
import { testCredential, type CredentialKind } from '../../support/credentials.ts'
import { issue } from '../../support/openssl.ts'
import { providers } from '../../support/providers.ts'
import { clientConfig, pair, settle, text } from '../../support/tls-pair.ts'
import { meet, ScriptedServer } from '../../support/tls-scripted-server.ts'

const suiteNames = Object.keys(suites) as SuiteName[]
const groupNames = Object.keys(groupIds) as GroupName[]

for (const crypto of providers)
  suite(`with ${crypto.name}`, () => {
    for (const name of suiteNames)
      for (const group of groupNames)
        test(`completes a handshake with ${name} and ${group}, and carries data both ways`, () => {
          const credential = testCredential('p256', crypto)
          const both = pair(
            { crypto, suites: [name], groups: [group] },
            { crypto, groups: [group], credentials: () => [credential] },
          )
          assert.deepEqual(both.clientEvents, [
            {
              type: 'handshake-complete',
              version: 'TLSv1.3',
              suite: name,
              group,
              signatureScheme: 'ecdsa_secp256r1_sha256',
              serverName: 'shop.example.com',
              alpn: undefined,
              fingerprint: credential.fingerprint,
              helloRetried: false,
              resumed: false,
              peerChain: credential.chain,
            },
          ])
          both.client.send(Buffer.from('ping'))
          both.server.send(Buffer.from('pong'))
          settle(both)
          assert.equal(text(both.serverEvents), 'ping')
          assert.equal(text(both.clientEvents), 'pong')
        })

    for (const kind of ['ed25519', 'p256', 'p384', 'rsa'] as const satisfies readonly CredentialKind[]) {
      const credential = testCredential(kind, crypto)
      for (const scheme of credential.signingKey.schemes.filter(isHandshakeSignature))
        test(`verifies ${schemeIds[scheme].name}`, () => {
          const both = pair({ crypto, schemes: [scheme] }, { crypto, credentials: () => [credential] })
          const [complete] = both.clientEvents
          assert(complete?.type === 'handshake-complete')
          assert.equal(complete.signatureScheme, schemeIds[scheme].name)
          assert.equal(complete.fingerprint, credential.fingerprint)
        })
    }
  })

suite('what is negotiated', () => {
  test('a group without a share is asked for, and the handshake goes on with it', () => {
    for (const wanted of groupNames) {
      const both = pair({ groups: groupNames, shares: [] }, { groups: [wanted] })
      const [complete] = both.clientEvents
      assert(complete?.type === 'handshake-complete')
      assert.deepEqual([complete.group, complete.helloRetried], [wanted, true])
    }
  })

  test('what groups a server would have liked is heard, and changes nothing', () => {
    const liked = { type: extensionType.supportedGroups, body: writeNumbers16([groupIds['P-384'], 0x7777]) }
    const { client } = meet(new ScriptedServer({ encryptedExtensions: [liked] }))
    assert.equal(client.state, 'open')
  })

  test('one share is sent where nothing is said, for the first group', () => {
    assert.deepEqual(sharesOf({ groups: ['P-256', 'X25519'] }), [groupIds['P-256']])
    assert.deepEqual(sharesOf({ groups: ['P-256', 'X25519'], shares: ['X25519', 'P-256'] }), [
      groupIds.X25519,
      groupIds['P-256'],
    ])
  })

  test("the server's choice among the protocols is reported, or that it made none", () => {
    const chosen = pair({ alpn: ['h2', 'http/1.1'] }, { alpn: ['http/1.1'] })
    assert.equal(complete(chosen.clientEvents).alpn, 'http/1.1')
    const none = pair({ alpn: ['h2'] })
    assert.equal(complete(none.clientEvents).alpn, undefined)
  })

  test('no protocol in common ends the handshake on both sides', () => {
    const both = pair({ alpn: ['h2'] }, { alpn: ['http/1.1'] })
    const alert = 'no_application_protocol'
    assert.deepEqual(both.clientEvents, [{ type: 'failed', by: 'received', alert, reason: 'peer-alert' }])
    assert.equal(both.client.state, 'closed')
  })

  test('the name goes out without a trailing dot, and an address not at all', () => {
    assert.equal(nameOf('Shop.Example.com.'), 'shop.example.com')
    for (const none of [undefined, '192.0.2.7', '2001:db8::1']) assert.equal(nameOf(none), undefined)
  })

  test('a cookie of a retry request comes back in the second hello, and the rest stays as it was', () => {
    const cookie = Uint8Array.of(0, 3, 7, 7, 7)
    const server = new ScriptedServer({
      retry: [
        { type: extensionType.supportedVersions, body: Uint8Array.of(3, 4) },
        { type: extensionType.cookie, body: cookie },
      ],
    })
    const { client } = meet(server)
    assert.equal(client.state, 'open')
    const [first, second] = server.hellos as [ClientHello, ClientHello]
    const rest = second.extensions.filter(({ type }) => type !== extensionType.cookie)
    assert.deepEqual({ ...second, extensions: rest }, first)
    assert.deepEqual(second.extensions.find(({ type }) => type === extensionType.cookie)?.body, cookie)
  })
})

suite('whom the client trusts', () => {
  const { fingerprint } = testCredential('ed25519', native)

  test('a pinned certificate is accepted, and any other refused', () => {
    const good = pair({ trust: { accept: 'pinned', fingerprints: ['00'.repeat(32), fingerprint] } })
    assert.equal(good.client.state, 'open')
    const bad = pair({ trust: { accept: 'pinned', fingerprints: ['00'.repeat(32)] } })
    assert.equal(bad.client.state, 'closed')
    assert.deepEqual(bad.serverEvents.at(-1), {
      type: 'failed',
      by: 'received',
      alert: 'bad_certificate',
      reason: 'peer-alert',
    })
  })

  test('a chain is accepted where an authority vouches for the name, be it a host or an address', () => {
    const extensions = ['basicConstraints=critical,CA:true']
    const root = issue({ subject: '/CN=Root', extensions })
    const middle = issue({ subject: '/CN=Middle', extensions, issuer: root })
    const names = ['subjectAltName=DNS:*.example.com,IP:192.0.2.1,IP:2001:db8::1']
    const served = issue({ extensions: names, issuer: middle })
    const credential = parseCredential(served.certificate + middle.certificate, served.key)
    const server = { ...credential, signingKey: native.signingKey(credential.privateKey) }
    const anchors = parseTrustAnchors(root.certificate)
    for (const name of ['shop.example.com', 'Shop.Example.com.', '192.0.2.1', '2001:db8:0::1']) {
      const both = pair(
        { trust: { accept: 'verified', anchors, name }, serverName: name, now: () => Date.now() },
        { credentials: () => [server] },
      )
      assert.deepEqual(complete(both.clientEvents).peerChain, credential.chain)
    }
  })

  test('pins that are none accept nobody', () => {
    assert.equal(pair({ trust: { accept: 'pinned', fingerprints: [] } }).client.state, 'closed')
  })
})

suite('who the client is', () => {
  for (const kind of ['ed25519', 'p256', 'p384', 'rsa'] as const satisfies readonly CredentialKind[])
    test(`is proved with a key of kind ${kind} where the server asks`, () => {
      const credential = testCredential(kind, native)
      const [scheme] = credential.signingKey.schemes.filter(isHandshakeSignature)
      assert(scheme !== undefined)
      const server = new ScriptedServer({ request: request(scheme) })
      const { client } = meet(server, { credentials: [testCredential('p256', native), credential] })
      assert.equal(client.state, 'open')
      const [certificate, verify, finished] = server.clientMessages
      assert(certificate !== undefined && verify !== undefined && finished?.type === handshakeType.finished)
      assert.deepEqual(readCertificate(certificate.body).entries, [{ data: credential.chain[0], extensions: [] }])
      const { scheme: id, signature } = readCertificateVerify(verify.body)
      assert.equal(id, schemeIds[scheme].id)
      const content = signedContent('client', verify.before)
      assert(native.verify(scheme, credential.publicKey, content, signature))
    })

  test('is not said where no credential fits, and an empty Certificate says that', () => {
    for (const credentials of [undefined, [testCredential('p256', native)]]) {
      const server = new ScriptedServer({ request: request('Ed25519') })
      const { client } = meet(server, credentials === undefined ? {} : { credentials })
      assert.equal(client.state, 'open')
      const [certificate, finished] = server.clientMessages
      assert.deepEqual([certificate?.type, finished?.type], [handshakeType.certificate, handshakeType.finished])
      assert.deepEqual(Buffer.from(certificate?.body ?? []), Buffer.of(0, 0, 0, 0))
    }
  })

  test('is not said where nobody asks', () => {
    const server = new ScriptedServer()
    meet(server, { credentials: [testCredential('p256', native)] })
    assert.deepEqual(
      server.clientMessages.map(({ type }) => type),
      [handshakeType.finished],
    )
  })
})

suite('an open connection', () => {
  test('answers a KeyUpdate, and both sides go on with fresh keys', () => {
    const server = new ScriptedServer()
    const { client } = meet(server)
    const events = client.receive(concat(server.keyUpdate(1), server.protect(contentType.applicationData, 'fresh')))
    assert.equal(text(events), 'fresh')
    server.receive(concat(...client.takeOutput()))
    client.send(Buffer.from('fresh too'))
    server.receive(concat(...client.takeOutput()))
    assert.equal(server.text, 'fresh too')
  })

  test('changes its key by itself before it wears out', () => {
    const both = pair({ limits: { ...defaultLimits, recordsPerKey: 4 } })
    for (let i = 0; i < 20; i++) {
      both.client.send(Buffer.from('.'))
      both.server.send(Buffer.from('.'))
      settle(both)
    }
    assert.equal(text(both.serverEvents), '.'.repeat(20))
    assert.equal(text(both.clientEvents), '.'.repeat(20))
  })

  test('is closed by each side in its own time', () => {
    const both = pair()
    both.client.close()
    settle(both)
    assert.deepEqual(both.serverEvents.at(-1), { type: 'peer-closed' })
    both.server.send(Buffer.from('last words'))
    both.server.close()
    settle(both)
    assert.equal(text(both.clientEvents), 'last words')
    assert.deepEqual([both.client.state, both.server.state], ['closed', 'closed'])
  })

  test('carries a megabyte each way, cut at odd places', () => {
    const both = pair()
    const megabyte = new Uint8Array(2 ** 20).map((_, i) => i % 251)
    both.client.send(megabyte)
    both.server.send(megabyte)
    const all = concat(...both.server.takeOutput())
    for (let at = 0; at < all.length; at += 7_777)
      both.clientEvents.push(...both.client.receive(all.slice(at, at + 7_777)))
    settle(both)
    for (const events of [both.clientEvents, both.serverEvents]) {
      const data = events.map((event) => (event.type === 'application-data' ? event.data : new Uint8Array(0)))
      assert(Buffer.from(megabyte).equals(concat(...data)))
    }
  })

  test('sends records of the size that the server asks for, and no smaller ones for a limit beyond what there is', () => {
    for (const [limit, longest] of [
      [64, 63],
      [1_000, 999],
      [16_385, 16_384],
      [65_535, 16_384],
    ] as const) {
      const size = { type: extensionType.recordSizeLimit, body: writeNumber(limit) }
      const server = new ScriptedServer({ encryptedExtensions: [size] })
      const { client } = meet(server)
      client.send(new Uint8Array(20_000))
      server.receive(concat(...client.takeOutput()))
      const lengths = server.heard.filter(({ type }) => type === contentType.applicationData)
      assert.equal(Math.max(...lengths.map(({ content }) => content.length)), longest)
    }
  })

  test('given up before its end, tells the server so', () => {
    const client = new ClientConnection(clientConfig())
    client.close()
    const [, canceled, closed] = client.takeOutput()
    assert.deepEqual([canceled, closed], [Uint8Array.of(21, 3, 3, 0, 2, 1, 90), Uint8Array.of(21, 3, 3, 0, 2, 1, 0)])
    assert.equal(client.state, 'closed')
  })
})

function complete(events: readonly ConnectionEvent[]): HandshakeComplete {
  const [first] = events
  assert(first?.type === 'handshake-complete', JSON.stringify(events))
  return first
}

function helloOf(overrides: Partial<ClientConfig>): ClientHello {
  const [record] = new ClientConnection(clientConfig(overrides)).takeOutput()
  assert(record !== undefined)
  return readClientHello(record.subarray(9))
}

function sharesOf(overrides: Partial<ClientConfig>): number[] {
  const body = helloOf(overrides).extensions.find(({ type }) => type === extensionType.keyShare)?.body
  assert(body !== undefined)
  return readClientShares(body).map(({ group }) => group)
}

/** The host name in the hello. */
function nameOf(serverName: string | undefined): string | undefined {
  const extension = helloOf({ serverName }).extensions.find(({ type }) => type === extensionType.serverName)
  return extension && Buffer.from(extension.body.subarray(5)).toString()
}

/** A CertificateRequest for these schemes, with an extension that nobody knows. */
function request(...schemes: readonly HandshakeSignatureName[]): Uint8Array {
  const signatures = writeNumbers16(schemes.map((name) => schemeIds[name].id))
  return writeHandshake(handshakeType.certificateRequest, (out) =>
    writeCertificateRequest(out, {
      context: new Uint8Array(0),
      extensions: [
        { type: extensionType.signatureAlgorithms, body: signatures },
        { type: 0x7777, body: Uint8Array.of(1) },
      ],
    }),
  )
}
