/**
 * Shows RFC 8446 §4.1.3, §5.5; RFC 9846 §4.7.3; RFC 9849 §6.1.5.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { suite, test } from 'node:test'
import { toHex } from '../../src/bytes/hex.ts'
import { native } from '../../src/crypto/native/provider.ts'
import { noble } from '../../src/crypto/noble/provider.ts'
import type { GroupName } from '../../src/crypto/provider.ts'
import type { ConnectionEvent } from '../../src/tls/events.ts'
import { defaultLimits } from '../../src/tls/limits.ts'
import type { ServerCredential } from '../../src/tls/config.ts'
import { ClientConnection } from '../../src/tls/client/connection.ts'
import { ServerConnection } from '../../src/tls/connection.ts'
import { groupIds, isHandshakeSignature, schemeIds, suites, type SuiteName } from '../../src/tls/suites.ts'
import { readClientHello } from '../../src/wire/client-hello.ts'
import { contentType, extensionType } from '../../src/wire/code-points.ts'
import type { Extension } from '../../src/wire/extension.ts'
import { writeOfferedPsks } from '../../src/wire/extensions/pre-shared-key.ts'
import { readServerHello } from '../../src/wire/server-hello.ts'
import { testCredential, type CredentialKind } from '../support/credentials.ts'
import { providers } from '../support/providers.ts'
import { seededRandom } from '../support/random.ts'
import { TestClient, type ClientOptions } from '../support/tls-client.ts'
import { clientConfig } from '../support/tls-pair.ts'
import { converse, established, serverConfig } from '../support/tls-server.ts'

function makeClient(options: Partial<ClientOptions> = {}): TestClient {
  return new TestClient({ crypto: native, random: seededRandom(7), ...options })
}

function text(events: readonly ConnectionEvent[]): string {
  return events.map((event) => (event.type === 'application-data' ? Buffer.from(event.data).toString() : '')).join('')
}

function heardText(client: TestClient): string {
  return client.heard.map((heard) => (heard.type === 'data' ? Buffer.from(heard.data).toString() : '')).join('')
}

function withGrease(type: number, body: Uint8Array): { type: number; body: Uint8Array } {
  const wide: readonly number[] = [extensionType.supportedGroups, extensionType.signatureAlgorithms]
  const bytes = [...body]
  if (wide.includes(type)) return { type, body: Uint8Array.of(0, body.length, 0xda, 0xda, ...bytes.slice(2)) }
  if (type === extensionType.supportedVersions)
    return { type, body: Uint8Array.of(body.length + 1, 0xda, 0xda, ...bytes.slice(1)) }
  return { type, body }
}

/** Bytes that look like a protected record, and open with no key of ours. */
function early(length = 200): Uint8Array {
  return Buffer.concat([Uint8Array.of(23, 3, 3, length >> 8, length & 0xff), seededRandom(9)(length)])
}

function bothKinds(): readonly ServerCredential[] {
  return [testCredential('p256', native), testCredential('rsa', native)]
}

function withTicket(extensions: readonly Extension[], binder: number): readonly Extension[] {
  const identities = [{ identity: Buffer.from('a ticket of another server'), obfuscatedTicketAge: 1 }]
  const body = writeOfferedPsks({ identities, binders: [new Uint8Array(32).fill(binder)] })
  return [...extensions, { type: extensionType.preSharedKey, body }]
}

for (const crypto of providers)
  suite(`with ${crypto.name}`, () => {
    for (const name of Object.keys(suites) as SuiteName[])
      for (const group of Object.keys(groupIds) as GroupName[])
        test(`completes a handshake with ${name} and ${group}, and carries data both ways`, () => {
          const client = makeClient({ suites: [name], groups: [group] })
          const { server, events } = established(client, {
            crypto,
            credentials: () => [testCredential('p256', crypto)],
          })
          assert.deepEqual(events, [
            {
              type: 'handshake-complete',
              version: 'TLSv1.3',
              suite: name,
              group,
              signatureScheme: 'ecdsa_secp256r1_sha256',
              serverName: 'shop.example.com',
              alpn: undefined,
              fingerprint: testCredential('p256', crypto).fingerprint,
              helloRetried: false,
              resumed: false,
            },
          ])
          assert(client.signedBy(testCredential('p256', crypto).publicKey))
          assert.equal(text(server.receive(client.data('ping'))), 'ping')
          server.send(Buffer.from('pong'))
          client.receive(Buffer.concat(server.takeOutput()))
          assert.equal(heardText(client), 'pong')
        })

    for (const kind of ['ed25519', 'p256', 'p384', 'rsa'] as const satisfies readonly CredentialKind[]) {
      const credential = testCredential(kind, crypto)
      for (const scheme of credential.signingKey.schemes.filter(isHandshakeSignature))
        test(`signs with ${schemeIds[scheme].name}`, () => {
          const client = makeClient({ schemes: [scheme] })
          established(client, { crypto, credentials: () => [credential] })
          assert.equal(client.scheme, schemeIds[scheme].id)
          assert(client.signedBy(credential.publicKey))
          assert.deepEqual(Buffer.concat(client.chain), Buffer.concat(credential.chain))
        })
    }
  })

suite('what is negotiated', () => {
  test('the credential is the first that the client can verify', () => {
    const modern = makeClient()
    established(modern, { credentials: bothKinds })
    assert.equal(modern.scheme, 0x0403)
    const rsaOnly = makeClient({ schemes: ['RSA-PSS-SHA512', 'RSA-PSS-SHA256'] })
    established(rsaOnly, { credentials: bothKinds })
    assert.equal(rsaOnly.scheme, 0x0804)
  })

  test("the server's order of suites decides", () => {
    const client = makeClient()
    established(client, { suites: ['TLS_AES_256_GCM_SHA384', 'TLS_AES_128_GCM_SHA256'] })
    assert.equal(client.suite?.name, 'TLS_AES_256_GCM_SHA384')
  })

  test('each provider begins with the suite that it does best', () => {
    const quick = makeClient()
    established(quick, { crypto: noble, credentials: () => [testCredential('ed25519', noble)] })
    assert.equal(quick.suite?.name, 'TLS_CHACHA20_POLY1305_SHA256')
    const hardware = makeClient()
    established(hardware)
    assert.equal(hardware.suite?.name, 'TLS_AES_128_GCM_SHA256')
  })

  test("ALPN takes the server's favourite among what is offered, and says it", () => {
    const client = makeClient({ alpn: ['http/1.1', 'h2'] })
    const { events } = established(client, { alpn: ['h2', 'http/1.1'] })
    assert.equal(client.alpn, 'h2')
    assert.equal(events[0]?.type === 'handshake-complete' && events[0].alpn, 'h2')
  })

  test('ALPN is ignored where the server has none', () => {
    const client = makeClient({ alpn: ['h2'] })
    established(client)
    assert.equal(client.alpn, undefined)
  })

  test('a name is lower-cased, loses its trailing dot, and is acknowledged', () => {
    const asked: (string | undefined)[] = []
    const client = makeClient({ serverName: 'Shop.EXAMPLE.com.' })
    const credentials = (name: string | undefined) => {
      asked.push(name)
      return [testCredential('ed25519', native)]
    }
    established(client, { credentials })
    assert.deepEqual(asked, ['shop.example.com'])
    assert(client.encryptedExtensions.some(({ type, body }) => type === extensionType.serverName && body.length === 0))
  })

  test('without a name the default is asked for, and nothing is acknowledged', () => {
    const client = makeClient({ serverName: undefined })
    const { events } = established(client)
    assert.equal(events[0]?.type === 'handshake-complete' && events[0].serverName, undefined)
    assert.deepEqual(client.encryptedExtensions, [])
  })

  test('GREASE and unknown extensions, suites, groups, versions and schemes are passed over', () => {
    const grease = 0xdada
    const client = makeClient({
      extra: [{ type: grease, body: Uint8Array.of(0) }],
      edit: (hello) => ({ ...hello, cipherSuites: [grease, ...hello.cipherSuites] }),
      editExtensions: (extensions) => extensions.map((extension) => withGrease(extension.type, extension.body)),
    })
    established(client)
  })
})

suite('compatibility mode (RFC 8446 §D.4)', () => {
  test('a session id is echoed and one change_cipher_spec sent', () => {
    const client = makeClient()
    established(client)
    assert.deepEqual(client.heard, [{ type: 'change-cipher-spec' }])
  })

  test('without a session id there is none', () => {
    const client = makeClient({ compatible: false })
    established(client)
    assert.deepEqual(client.heard, [])
  })
})

suite('HelloRetryRequest', () => {
  test('asks once for a share of a group that both can do', () => {
    const client = makeClient({ groups: ['P-256', 'X25519'], shares: [] })
    const { events } = established(client)
    assert.deepEqual(client.heard, [{ type: 'retry', group: 0x001d }, { type: 'change-cipher-spec' }])
    assert.equal(events[0]?.type === 'handshake-complete' && events[0].helloRetried, true)
  })

  for (const wanted of Object.keys(groupIds) as GroupName[])
    test(`asks for ${wanted}, gets its share, and goes on`, () => {
      const others = (Object.keys(groupIds) as GroupName[]).filter((name) => name !== wanted)
      const client = makeClient({ groups: [wanted, ...others], shares: [] })
      const { events } = established(client, { groups: [wanted] })
      assert.deepEqual(client.heard[0], { type: 'retry', group: groupIds[wanted] })
      assert.equal(events[0]?.type === 'handshake-complete' && events[0].group, wanted)
    })

  test('asks for the hybrid that the server prefers, though X25519 has a share', () => {
    const client = makeClient({ groups: ['X25519', 'X25519MLKEM768'], shares: ['X25519'] })
    const { events } = established(client)
    assert.equal(events[0]?.type === 'handshake-complete' && events[0].group, 'X25519MLKEM768')
  })

  test('does not ask for a hybrid where the server prefers a curve, nor where another hybrid has a share', () => {
    const groups = ['X25519', 'SecP256r1MLKEM768', 'X25519MLKEM768'] as const
    const plain = makeClient({ groups, shares: ['X25519'] })
    established(plain, { groups: ['X25519', 'X25519MLKEM768'] })
    assert.equal(plain.retried, false)
    const hybrid = makeClient({ groups, shares: ['SecP256r1MLKEM768', 'X25519'] })
    const { events } = established(hybrid)
    assert.equal(events[0]?.type === 'handshake-complete' && events[0].group, 'SecP256r1MLKEM768')
  })

  test('works with the longer hash too', () => {
    established(makeClient({ suites: ['TLS_AES_256_GCM_SHA384'], shares: [] }))
  })

  test('is not sent where a group of second choice has a share', () => {
    const client = makeClient({ shares: ['P-256'] })
    const { events } = established(client)
    assert.equal(events[0]?.type === 'handshake-complete' && events[0].helloRetried, false)
    assert.equal(events[0]?.type === 'handshake-complete' && events[0].group, 'P-256')
  })

  test('lets a client change its padding, drop early_data and change an encrypted_client_hello', () => {
    const client = makeClient({
      shares: [],
      editExtensions: (extensions, retry) => [
        ...(retry ? [] : [{ type: extensionType.earlyData, body: new Uint8Array(0) }]),
        { type: 0xfe0d, body: Uint8Array.of(retry ? 1 : 0) },
        ...extensions,
        { type: extensionType.padding, body: new Uint8Array(retry ? 3 : 40) },
      ],
    })
    established(client)
  })
})

suite('a server without ticket keys', () => {
  test('gives a client with a ticket a full handshake', () => {
    established(makeClient({ editExtensions: (extensions) => withTicket(extensions, 1) }))
  })

  test('lets it bring a fresh binder when it is asked to try again', () => {
    established(
      makeClient({ shares: [], editExtensions: (extensions, retry) => withTicket(extensions, retry ? 2 : 1) }),
    )
  })
})

suite('records', () => {
  test('padding is taken off', () => {
    const client = makeClient()
    const { server } = established(client)
    assert.equal(text(server.receive(client.protect(contentType.applicationData, Buffer.from('x'), 1))), 'x')
    assert.equal(text(server.receive(client.protect(contentType.applicationData, Buffer.from('y'), 16_000))), 'y')
  })

  test('what came at once is one event, and what follows it is told behind it', () => {
    const client = makeClient()
    const { server } = established(client)
    const records = [
      client.data('one, '),
      client.data('two, '),
      client.data(''),
      client.keyUpdate(1),
      client.data('three'),
    ]
    const [heard, ...more] = server.receive(Buffer.concat(records))
    assert.equal(text(heard === undefined ? [] : [heard]), 'one, two, three')
    assert.deepEqual(more, [])
    const last = server.receive(
      Buffer.concat([client.data('last '), client.data('words'), client.closeNotify(), client.data('?')]),
    )
    assert.deepEqual(
      last.map((event) => event.type),
      ['application-data', 'peer-closed'],
    )
    assert.equal(text(last), 'last words')
  })

  test('what stood before a record that does not open is told before the failure, and nothing of that record', () => {
    const client = makeClient()
    const { server } = established(client)
    const whole = client.data('whole')
    const broken = client.data('broken')
    broken[broken.length - 1] = (broken[broken.length - 1] as number) ^ 1
    const events = server.receive(Buffer.concat([whole, broken, client.data('late')]))
    assert.deepEqual(
      events.map((event) => event.type),
      ['application-data', 'failed'],
    )
    assert.equal(text(events), 'whole')
  })

  test('empty application data is no event', () => {
    const client = makeClient()
    const { server } = established(client)
    assert.deepEqual(server.receive(client.data('')), [])
    assert.equal(text(server.receive(client.data('after'))), 'after')
  })

  test('a megabyte goes through in records of 16 KiB at most', () => {
    const client = makeClient()
    const { server } = established(client)
    const data = Buffer.from(seededRandom(3)(1_000_000))
    server.send(data)
    const output = server.takeOutput()
    assert.equal(output.length, Math.ceil(data.length / 16_384))
    client.receive(Buffer.concat(output))
    assert.deepEqual(Buffer.concat(client.heard.flatMap((heard) => (heard.type === 'data' ? [heard.data] : []))), data)
  })

  test('a handshake fed byte by byte ends as it does in one piece', () => {
    const client = makeClient({ shares: [] })
    const server = new ServerConnection(serverConfig())
    const events: ConnectionEvent[] = []
    for (let flight = client.hello(); flight.length > 0;) {
      for (const byte of Buffer.concat(flight)) events.push(...server.receive(Uint8Array.of(byte)))
      flight = client.receive(Buffer.concat(server.takeOutput()))
    }
    assert.equal(server.state, 'open')
    assert.equal(events.length, 1)
  })
})

suite('key shares', () => {
  test('no share comes twice, from either side', () => {
    const config = { server: serverConfig({ random: randomBytes }), client: clientConfig({ random: randomBytes }) }
    const shares = Array.from({ length: 3 }, () => {
      const client = new ClientConnection(config.client)
      const server = new ServerConnection(config.server)
      const hello = Buffer.concat(client.takeOutput())
      server.receive(hello)
      const answer = Buffer.concat(server.takeOutput().slice(0, 1))
      const said = [readClientHello(hello.subarray(9)), readServerHello(answer.subarray(9))]
      return said.map(({ extensions }) => {
        const share = extensions.find(({ type }) => type === extensionType.keyShare)
        assert(share !== undefined)
        return toHex(share.body)
      })
    })
    assert.equal(new Set(shares.flat()).size, 6)
  })

  test('a client that uses its share again is served', () => {
    const config = serverConfig()
    for (let again = 0; again < 2; again++) {
      const server = new ServerConnection(config)
      converse(makeClient({ random: seededRandom(7) }), server)
      assert.equal(server.state, 'open')
    }
  })
})

suite('KeyUpdate', () => {
  test('that says to be longer than a connection may keep ends it by its header', () => {
    const client = makeClient()
    const { server } = established(client)
    const [failed] = server.receive(client.protect(22, Uint8Array.of(24, 0, 0x20, 0x01)))
    assert.equal(failed?.type === 'failed' && failed.reason, 'message-too-long')
  })

  test("the client's is followed, and answered where it asks for that", () => {
    const client = makeClient()
    const { server } = established(client)
    assert.equal(text(server.receive(Buffer.concat([client.keyUpdate(0), client.data('a')]))), 'a')
    assert.deepEqual(server.takeOutput(), [])
    assert.equal(text(server.receive(Buffer.concat([client.keyUpdate(1), client.data('b')]))), 'b')
    server.send(Buffer.from('under fresh keys'))
    client.receive(Buffer.concat(server.takeOutput()))
    assert.equal(heardText(client), 'under fresh keys')
    assert(client.heard.some((heard) => heard.type === 'key-update' && heard.request === 0))
  })

  test('data under a key that nobody has told of does not open', () => {
    const client = makeClient()
    const { server } = established(client)
    client.keyUpdate(0)
    const [failed] = server.receive(client.data('x'))
    assert(failed?.type === 'failed' && failed.reason === 'bad-record')
  })

  test('many requests between two flushes get one answer', () => {
    const client = makeClient()
    const { server } = established(client)
    for (let i = 0; i < 10; i++) server.receive(Buffer.concat([client.keyUpdate(1), client.data('x')]))
    const output = server.takeOutput()
    assert.equal(output.length, 1)
    client.receive(Buffer.concat(output))
    server.receive(client.keyUpdate(1))
    assert.equal(server.takeOutput().length, 1)
  })

  test('ours comes before a key has protected too many records, and goes on doing so', () => {
    const client = makeClient()
    const { server } = established(client, { limits: { ...defaultLimits, recordsPerKey: 5 } })
    for (let i = 0; i < 23; i++) server.send(Buffer.from(`${i} `))
    client.receive(Buffer.concat(server.takeOutput()))
    assert.equal(heardText(client).split(' ').length - 1, 23)
    assert(client.heard.filter((heard) => heard.type === 'key-update').length >= 3)
  })

  test('ours comes to an end: then requests go unanswered, and a key that is worn out seals nothing more', () => {
    const client = makeClient()
    const limits = { ...defaultLimits, recordsPerKey: 5, keyUpdatesSent: 2 }
    const { server } = established(client, { limits })
    for (let i = 0; i < 4; i++) {
      server.receive(Buffer.concat([client.keyUpdate(1), client.data('x')]))
      client.receive(Buffer.concat(server.takeOutput()))
    }
    assert.equal(client.heard.filter((heard) => heard.type === 'key-update').length, 2)
    for (let i = 0; i < 5; i++) server.send(Buffer.from('x'))
    assert.throws(() => server.send(Buffer.from('x')), /the key has protected as many records as it may/)
  })

  test('the peer is asked for fresh keys when its own wear out', () => {
    const client = makeClient()
    const { server } = established(client, { limits: { ...defaultLimits, recordsPerKey: 5 } })
    for (let i = 0; i < 5; i++) server.receive(client.data('x'))
    const reply = client.receive(Buffer.concat(server.takeOutput()))
    assert(client.heard.some((heard) => heard.type === 'key-update' && heard.request === 1))
    assert.equal(text(server.receive(Buffer.concat([...reply, client.data('on')]))), 'on')
  })
})

suite('closing', () => {
  test("the peer's close_notify leaves our side open", () => {
    const client = makeClient()
    const { server } = established(client)
    assert.deepEqual(server.receive(client.closeNotify()), [{ type: 'peer-closed' }])
    assert.equal(server.state, 'open')
    assert(server.canSend)
    server.send(Buffer.from('still here'))
    server.close()
    assert.equal(server.state, 'closed')
    client.receive(Buffer.concat(server.takeOutput()))
    assert.equal(heardText(client), 'still here')
    assert.deepEqual(client.heard.at(-1), { type: 'alert', level: 1, alert: 'close_notify', protected: true })
  })

  test('ours leaves the peer free to finish what it says', () => {
    const client = makeClient()
    const { server } = established(client)
    server.close()
    server.close()
    assert.equal(server.takeOutput().length, 1)
    assert.throws(() => server.send(Uint8Array.of(1)), /cannot send/)
    assert.equal(text(server.receive(client.data('late'))), 'late')
    assert.deepEqual(server.receive(client.keyUpdate(1)), [])
    assert.deepEqual(server.takeOutput(), [], 'nothing may follow our close_notify')
    assert.deepEqual(server.receive(client.closeNotify()), [{ type: 'peer-closed' }])
    assert.equal(server.state, 'closed')
  })

  test('what comes after close_notify is ignored', () => {
    const client = makeClient()
    const { server } = established(client)
    assert.deepEqual(server.receive(Buffer.concat([client.closeNotify(), client.data('x')])), [{ type: 'peer-closed' }])
    assert.deepEqual(server.receive(Uint8Array.of(0, 1, 2)), [])
  })

  test('user_canceled is passed over; close_notify in the handshake ends it', () => {
    const client = makeClient()
    const server = new ServerConnection(serverConfig())
    server.receive(client.hello()[0] as Uint8Array)
    assert.deepEqual(server.receive(client.alert(90, 1)), [])
    assert.deepEqual(server.receive(client.closeNotify()), [{ type: 'peer-closed' }])
    assert.equal(server.state, 'closed')
  })

  test("the client's fatal alert ends the connection without an answer, protected or not", () => {
    const refusing = makeClient()
    const server = new ServerConnection(serverConfig())
    server.receive(refusing.hello()[0] as Uint8Array)
    server.takeOutput()
    const failed = { type: 'failed', by: 'received', alert: 'bad_certificate', reason: 'peer-alert' }
    assert.deepEqual(server.receive(refusing.alert(42)), [failed])
    assert.equal(server.state, 'closed')
    assert.deepEqual(server.takeOutput(), [])

    const later = makeClient()
    const open = established(later)
    assert.deepEqual(open.server.receive(later.alert(42)), [failed])
    assert.deepEqual(open.server.receive(later.data('x')), [])
  })

  test('an alert that nobody knows is fatal too', () => {
    const client = makeClient()
    const { server } = established(client)
    const events = server.receive(client.alert(199))
    assert.deepEqual(events, [{ type: 'failed', by: 'received', alert: 'alert_199', reason: 'peer-alert' }])
  })

  test('closing in the middle of the handshake tells the client, and ends', () => {
    const client = makeClient()
    const server = new ServerConnection(serverConfig())
    server.close()
    assert.equal(server.state, 'closed')
    client.receive(Buffer.concat(server.takeOutput()))
    assert.deepEqual(
      client.heard.map((heard) => heard.type === 'alert' && heard.alert),
      ['user_canceled', 'close_notify'],
    )
  })

  test('sending before the handshake is over is our mistake, and thrown', () => {
    const server = new ServerConnection(serverConfig())
    assert.equal(server.canSend, false)
    assert.throws(() => server.send(Uint8Array.of(1)), /cannot send/)
  })
})

suite('early data that we refuse (RFC 8446 §4.2.10)', () => {
  const offers: Partial<ClientOptions> = {
    editExtensions: (extensions, retry) => [
      ...(retry ? [] : [{ type: extensionType.earlyData, body: new Uint8Array(0) }]),
      ...extensions,
    ],
  }

  test('is skipped by trial until the client speaks with its handshake key', () => {
    const client = makeClient(offers)
    const server = new ServerConnection(serverConfig())
    const events = converse(client, server, [...client.hello(), early(), early()])
    assert.equal(events[0]?.type, 'handshake-complete')
    assert.equal(text(server.receive(client.data('on'))), 'on')
  })

  test('is skipped by type up to the second hello', () => {
    const client = makeClient({ ...offers, shares: [] })
    const server = new ServerConnection(serverConfig())
    const events = converse(client, server, [...client.hello(), early(), early()])
    assert.equal(events[0]?.type, 'handshake-complete')
  })
})

suite('a fault of ours', () => {
  test('becomes internal_error, and stays inside', () => {
    const credential = testCredential('ed25519', native)
    const broken = {
      ...credential,
      signingKey: {
        schemes: credential.signingKey.schemes,
        sign: () => {
          throw new Error('the key store is on fire')
        },
      },
    }
    const server = new ServerConnection(serverConfig({ credentials: () => [broken] }))
    const client = makeClient()
    const events = server.receive(client.hello()[0] as Uint8Array)
    assert.deepEqual(events, [
      {
        type: 'failed',
        by: 'sent',
        alert: 'internal_error',
        reason: 'internal-error',
        detail: 'the key store is on fire',
      },
    ])
    assert.equal(server.state, 'closed')
  })
})
