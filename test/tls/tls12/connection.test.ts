/**
 * Shows RFC 5246 §7.4.1.3, §7.4.2, §8.1; RFC 8446 §4.1.3; RFC 8422 §5.1.3, §5.2, §5.4.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { native } from '../../../src/crypto/native/provider.ts'
import { ServerConnection } from '../../../src/tls/connection.ts'
import type { ConnectionEvent } from '../../../src/tls/events.ts'
import { defaultLimits } from '../../../src/tls/limits.ts'
import { groupIds } from '../../../src/tls/suites.ts'
import { isTls12Signature, tls12SchemeIds, tls12Suites, type Tls12SuiteName } from '../../../src/tls/tls12/suites.ts'
import { extensionType, renegotiationSignal } from '../../../src/wire/code-points.ts'
import { testCredential, type CredentialKind } from '../../support/credentials.ts'
import { providers } from '../../support/providers.ts'
import { seededRandom } from '../../support/random.ts'
import { TestTls12Client, type Tls12ClientOptions } from '../../support/tls12-client.ts'
import { TestClient } from '../../support/tls-client.ts'
import { converse, established, serverConfig } from '../../support/tls-server.ts'

const [p256, p384, rsa] = [
  testCredential('p256', native),
  testCredential('p384', native),
  testCredential('rsa', native),
]
const suiteNames = Object.keys(tls12Suites) as Tls12SuiteName[]
const groups = ['X25519', 'P-256', 'P-384'] as const

for (const crypto of providers)
  suite(`TLS 1.2 with ${crypto.name}`, () => {
    for (const name of suiteNames)
      for (const group of groups)
        test(`completes a handshake with ${name} and ${group}, and carries data both ways`, () => {
          const kind = tls12Suites[name].signature === 'RSA' ? 'rsa' : 'p256'
          const credential = testCredential(kind, crypto)
          const client = makeClient({ suites: [name], groups: [group, 'P-256'] })
          const { server, events } = established(client, { crypto, groups: [group], credentials: () => [credential] })
          const [complete] = events
          assert(complete?.type === 'handshake-complete')
          assert.deepEqual([complete.version, complete.suite, complete.group], ['TLSv1.2', name, group])
          assert(client.finished && client.group === groupIds[group] && client.signedBy(credential.publicKey))
          assert.equal(text(server.receive(client.data('ping'))), 'ping')
          server.send(Buffer.from('pong'))
          client.receive(Buffer.concat(server.takeOutput()))
          assert.equal(heardText(client), 'pong')
        })

    for (const kind of ['ed25519', 'p256', 'p384', 'rsa'] as const satisfies readonly CredentialKind[]) {
      const credential = testCredential(kind, crypto)
      for (const scheme of credential.signingKey.schemes.filter(isTls12Signature))
        test(`signs with ${tls12SchemeIds[scheme].name}`, () => {
          const client = makeClient({ schemes: [scheme] })
          const { events } = established(client, { crypto, credentials: () => [credential] })
          assert.equal(
            events[0]?.type === 'handshake-complete' && events[0].signatureScheme,
            tls12SchemeIds[scheme].name,
          )
          assert(client.signedBy(credential.publicKey))
          assert.deepEqual(Buffer.concat(client.chain), Buffer.concat(credential.chain))
        })
    }
  })

suite('which version is spoken', () => {
  test('1.3 wherever the client offers it, whatever stands before it in its list', () => {
    const client = new TestClient({
      crypto: native,
      random: seededRandom(7),
      editExtensions: (extensions) =>
        extensions.map(({ type, body }) => ({
          type,
          body: type === extensionType.supportedVersions ? Uint8Array.of(4, 3, 3, 3, 4) : body,
        })),
    })
    const { events } = established(client)
    assert.equal(events[0]?.type === 'handshake-complete' && events[0].version, 'TLSv1.3')
  })

  test('1.2 where that is the highest in supported_versions, or legacy_version says so by itself', () => {
    for (const versions of [Uint8Array.of(2, 3, 3), Uint8Array.of(4, 3, 2, 3, 3)]) {
      const body = { type: extensionType.supportedVersions, body: versions }
      const { events } = established(makeClient({ editExtensions: (extensions) => [...extensions, body] }))
      assert.equal(events[0]?.type === 'handshake-complete' && events[0].version, 'TLSv1.2')
    }
    // RFC 5246 §E.1: a client may be newer than its server, and say so.
    for (const legacyVersion of [0x0303, 0x0304, 0x03ff, 0xffff])
      established(makeClient({ edit: (hello) => ({ ...hello, legacyVersion }) }))
  })

  test('a server for 1.3 alone refuses 1.2, and one for 1.2 alone serves it to a client of both', () => {
    const refused = new ServerConnection(serverConfig({ minVersion: 'TLSv1.3' }))
    assert.equal(reason(converse(makeClient(), refused)), 'version-unsupported')
    const old = new ServerConnection(serverConfig({ maxVersion: 'TLSv1.2' }))
    const both = new TestClient({
      crypto: native,
      random: seededRandom(7),
      edit: (hello) => ({ ...hello, cipherSuites: [...hello.cipherSuites, 0xc02b] }),
    })
    old.receive(Buffer.concat(both.hello()))
    assert.equal(Buffer.concat(old.takeOutput()).readUInt16BE(5 + 4), 0x0303)
    assert.equal(old.state, 'handshaking')
  })

  test('the random ends in DOWNGRD and 1 where the server could have spoken 1.3, and only there', () => {
    const sentinel = Buffer.from('444f574e47524401', 'hex')
    const [downgraded, plain] = [makeClient(), makeClient()]
    established(downgraded)
    assert.deepEqual(endOfRandom(downgraded), sentinel)
    established(plain, { maxVersion: 'TLSv1.2' })
    assert.notDeepEqual(endOfRandom(plain), sentinel)
  })
})

suite('what a ServerHello of TLS 1.2 answers', () => {
  test('the empty session id, no compression, and only what was asked', () => {
    const client = makeClient({ alpn: ['http/1.1', 'h2'] })
    established(client, { alpn: ['h2'] })
    assert.equal(client.serverHello?.sessionId.length, 0)
    assert.equal(client.serverHello.compressionMethod, 0)
    assert.equal(client.alpn, 'h2')
    assert.deepEqual(
      client.serverHello.extensions.map(({ type, body }) => [type, Buffer.from(body).toString('hex')]),
      [
        [extensionType.renegotiationInfo, '00'],
        [extensionType.serverName, ''],
        [extensionType.extendedMasterSecret, ''],
        [extensionType.pointFormats, '0100'],
        [extensionType.alpn, '0003026832'],
      ],
    )
  })

  test('no block of extensions where nothing was asked that has an answer', () => {
    const silent = new Set([extensionType.supportedGroups, extensionType.signatureAlgorithms] as number[])
    const client = makeClient({ editExtensions: (extensions) => extensions.filter(({ type }) => silent.has(type)) })
    established(client)
    assert.deepEqual(client.serverHello?.extensions, [])
  })

  test('secure renegotiation is signalled to the suite that stands for the extension (RFC 5746 §3.6)', () => {
    const client = makeClient({
      ...without(extensionType.renegotiationInfo),
      edit: (hello) => ({ ...hello, cipherSuites: [...hello.cipherSuites, renegotiationSignal] }),
    })
    established(client)
    assert.deepEqual([...(client.answer(extensionType.renegotiationInfo) ?? [])], [0])
  })

  test('a client without extended_master_secret gets the old master secret, and a connection', () => {
    const client = makeClient(without(extensionType.extendedMasterSecret))
    const { server } = established(client)
    assert.equal(client.answer(extensionType.extendedMasterSecret), undefined)
    assert.equal(text(server.receive(client.data('x'))), 'x')
  })

  test('other compression methods may stand beside null', () => {
    const client = makeClient({ edit: (hello) => ({ ...hello, compressionMethods: Uint8Array.of(1, 0, 64) }) })
    established(client)
    assert.equal(client.serverHello?.compressionMethod, 0)
  })
})

suite('what TLS 1.2 negotiates', () => {
  test("the server's order of suites decides, and the provider's where there is none", () => {
    const [ours, usual] = [makeClient(), makeClient()]
    established(ours, { tls12Suites: suiteNames.toReversed(), credentials: () => [p256] })
    assert.equal(ours.suite?.name, 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256')
    established(usual)
    assert.equal(usual.suite?.name, 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256')
  })

  test('the credential is the first for which the client has a scheme and a suite', () => {
    const rsaSuites = makeClient({ suites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'] })
    established(rsaSuites, { credentials: () => [p256, rsa] })
    assert.equal(rsaSuites.scheme, 0x0804)
    const rsaSchemes = makeClient({ schemes: ['RSA-PKCS1-SHA256'] })
    established(rsaSchemes, { credentials: () => [p256, rsa] })
    assert.equal(rsaSchemes.scheme, 0x0401)
  })

  test('a key on a curve that the client has not named is passed over (RFC 8422 §5.3)', () => {
    const client = makeClient({ groups: ['X25519', 'P-256'] })
    established(client, { credentials: () => [p384, p256] })
    assert.equal(client.scheme, 0x0403)
  })

  test('a hybrid group is never chosen, though both sides name it', () => {
    const client = makeClient({ groups: ['X25519MLKEM768', 'P-256'] })
    established(client, { groups: ['X25519MLKEM768', 'P-256'] })
    assert.equal(client.group, groupIds['P-256'])
  })
})

suite('the size of records', () => {
  test('is what a client asks for by record_size_limit, and ours is told (RFC 8449 §4)', () => {
    for (const asked of [64, 1000, 16_384, 65_535]) {
      const limit = { type: extensionType.recordSizeLimit, body: Uint8Array.of(asked >> 8, asked & 0xff) }
      const client = makeClient({ editExtensions: (extensions) => [...extensions, limit] })
      const { server } = established(client)
      assert.deepEqual([...(client.answer(extensionType.recordSizeLimit) ?? [])], [0x40, 0])
      server.send(seededRandom(3)(40_000))
      const records = server.takeOutput()
      client.receive(Buffer.concat(records))
      assert.equal(heardData(client).length, 40_000)
      assert.equal(Math.max(...records.map(({ length }) => length - 5 - 8 - 16)), Math.min(asked, 16_384))
    }
  })

  test('is what a client asks for by max_fragment_length, in the handshake too (RFC 6066 §4)', () => {
    const limit = { type: extensionType.maxFragmentLength, body: Uint8Array.of(1) }
    const client = makeClient({ editExtensions: (extensions) => [...extensions, limit] })
    const server = new ServerConnection(serverConfig({ credentials: () => [rsa] }))
    server.receive(Buffer.concat(client.hello()))
    const flight = server.takeOutput()
    assert(flight.length > 1 && flight.every(({ length }) => length <= 5 + 512))
    server.receive(Buffer.concat(client.receive(Buffer.concat(flight))))
    client.receive(Buffer.concat(server.takeOutput()))
    assert.deepEqual([...(client.answer(extensionType.maxFragmentLength) ?? [])], [1])
    assert.equal(text(server.receive(client.data('x'.repeat(512)))).length, 512)
    assert.equal(reason(server.receive(client.data('x'.repeat(513)))), 'record-too-long')
  })
})

suite('an open connection of TLS 1.2', () => {
  test('data may come right behind Finished, before ours is read', () => {
    const client = makeClient()
    const server = new ServerConnection(serverConfig())
    server.receive(Buffer.concat(client.hello()))
    const flight = client.receive(Buffer.concat(server.takeOutput()))
    const events = server.receive(Buffer.concat([...flight, client.data('early bird')]))
    assert.equal(text(events), 'early bird')
  })

  test('a handshake fed byte by byte ends as it does in one piece', () => {
    const client = makeClient()
    const server = new ServerConnection(serverConfig())
    const events: ConnectionEvent[] = []
    for (let flight = client.hello(); flight.length > 0;) {
      for (const byte of Buffer.concat(flight)) events.push(...server.receive(Uint8Array.of(byte)))
      flight = client.receive(Buffer.concat(server.takeOutput()))
    }
    assert.equal(server.state, 'open')
    assert.equal(events.length, 1)
  })

  test('a megabyte goes through in records of 16 KiB at most', () => {
    const client = makeClient()
    const { server } = established(client)
    const data = Buffer.from(seededRandom(3)(1_000_000))
    server.send(data)
    client.receive(Buffer.concat(server.takeOutput()))
    assert.equal(Buffer.compare(heardData(client), data), 0)
  })

  test('a wish to renegotiate is refused by a warning, and the connection goes on', () => {
    const client = makeClient()
    const { server } = established(client)
    assert.deepEqual(server.receive(client.protect(22, client.helloMessage())), [])
    client.receive(Buffer.concat(server.takeOutput()))
    assert.deepEqual(client.heard.at(-1), { type: 'alert', level: 1, alert: 'no_renegotiation', protected: true })
    assert.equal(text(server.receive(client.data('still here'))), 'still here')
  })

  test('a wish to renegotiate that never ends is memory that the connection says it has', () => {
    const client = makeClient()
    const { server } = established(client)
    assert.equal(server.begunBytes, 0)
    const hello = client.helloMessage()
    server.receive(client.protect(22, hello.subarray(0, 100)))
    assert.ok(server.begunBytes >= 100)
    server.receive(client.protect(22, hello.subarray(100)))
    assert.equal(server.begunBytes, 0)
  })

  test('a wish to renegotiate at greater length than a connection may keep ends it by its header', () => {
    const late = defaultLimits.lateMessageBytes
    const client = makeClient()
    const { server } = established(client)
    assert.deepEqual(server.receive(client.protect(22, Uint8Array.of(1, 0, late >> 8, late & 0xff))), [])
    assert.ok(server.begunBytes > 0)
    const other = makeClient()
    const [failed] = established(other).server.receive(
      other.protect(22, Uint8Array.of(1, 0, late >> 8, (late & 0xff) + 1)),
    )
    assert.equal(failed?.type === 'failed' && failed.reason, 'message-too-long')
  })

  test('no_renegotiation does not follow our close_notify', () => {
    const client = makeClient()
    const { server } = established(client)
    server.close()
    server.takeOutput()
    assert.deepEqual(server.receive(client.protect(22, client.helloMessage())), [])
    assert.deepEqual(server.takeOutput(), [])
  })

  test('close_notify of either side leaves the other free to finish', () => {
    const client = makeClient()
    const { server } = established(client)
    assert.deepEqual(server.receive(client.closeNotify()), [{ type: 'peer-closed' }])
    server.send(Buffer.from('the end'))
    server.close()
    assert.equal(server.state, 'closed')
    client.receive(Buffer.concat(server.takeOutput()))
    assert.equal(heardText(client), 'the end')
    assert.deepEqual(client.heard.at(-1), { type: 'alert', level: 1, alert: 'close_notify', protected: true })
  })

  test('warnings are passed over, some of them; a fatal alert ends the connection, and gets no answer', () => {
    const client = makeClient()
    const { server } = established(client)
    for (const description of [90, 100, 46, 255]) assert.deepEqual(server.receive(client.alert(description, 1)), [])
    assert.equal(text(server.receive(client.data('on'))), 'on')
    for (const description of [90, 100]) assert.deepEqual(server.receive(client.alert(description, 1)), [])
    const failed = { type: 'failed', by: 'received', alert: 'user_canceled', reason: 'peer-alert' }
    assert.deepEqual(server.receive(client.alert(90, 2)), [failed])
    assert.deepEqual(server.takeOutput(), [])
  })

  test('a key that is worn out seals nothing more: there is no KeyUpdate to replace it', () => {
    const client = makeClient()
    const { server } = established(client, { limits: { ...defaultLimits, recordsPerKey: 5 } })
    for (let i = 0; i < 4; i++) server.send(Uint8Array.of(i)) // Finished was the first
    assert.throws(() => server.send(Uint8Array.of(4)), /as many records as it may/)
    for (let i = 0; i < 5; i++) server.receive(client.data('x'))
    client.receive(Buffer.concat(server.takeOutput()))
    assert.equal(heardData(client).length, 4, 'nothing was asked of the client')
  })
})

suite('giving a connection of TLS 1.2 up', () => {
  test('in every state closes it, and tells the client', () => {
    for (const upTo of ['hello', 'key-exchange', 'change-cipher-spec', 'finished'] as const) {
      const client = makeClient()
      const server = new ServerConnection(serverConfig())
      server.receive(Buffer.concat(client.hello()))
      const flight = client.receive(Buffer.concat(server.takeOutput()))
      const count = { hello: 0, 'key-exchange': 1, 'change-cipher-spec': 2, finished: 3 }[upTo]
      server.receive(Buffer.concat(flight.slice(0, count)))
      client.receive(Buffer.concat(server.takeOutput()))
      server.close()
      client.receive(Buffer.concat(server.takeOutput()))
      const alerts = client.heard.flatMap((heard) => (heard.type === 'alert' ? [heard.alert] : []))
      assert.deepEqual(alerts, upTo === 'finished' ? ['close_notify'] : ['user_canceled', 'close_notify'])
      server.destroy()
      assert.equal(server.state, 'closed')
    }
  })
})

function makeClient(options: Partial<Tls12ClientOptions> = {}): TestTls12Client {
  return new TestTls12Client({ crypto: native, random: seededRandom(7), ...options })
}

function without(type: number): Partial<Tls12ClientOptions> {
  return { editExtensions: (extensions) => extensions.filter((extension) => extension.type !== type) }
}

function endOfRandom(client: TestTls12Client): Buffer {
  return Buffer.from(client.serverHello?.random.subarray(24) ?? [])
}

function reason(events: readonly ConnectionEvent[]): string | undefined {
  return events.find((event) => event.type === 'failed')?.reason
}

function text(events: readonly ConnectionEvent[]): string {
  return events.map((event) => (event.type === 'application-data' ? Buffer.from(event.data).toString() : '')).join('')
}

function heardData(client: TestTls12Client): Buffer {
  return Buffer.concat(client.heard.flatMap((heard) => (heard.type === 'data' ? [heard.data] : [])))
}

function heardText(client: TestTls12Client): string {
  return heardData(client).toString()
}
