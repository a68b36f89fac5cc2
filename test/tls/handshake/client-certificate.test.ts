/**
 * Clients that are asked who they are: what they may show, who judges it, and what becomes of it.
 *
 * Shows RFC 8446 §4.3.2.
 */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { suite, test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { native } from '../../../src/crypto/native/provider.ts'
import { ClientConnection } from '../../../src/tls/client/connection.ts'
import type { ClientAuth, ServerConfig, Verdict } from '../../../src/tls/config.ts'
import { ServerConnection } from '../../../src/tls/connection.ts'
import type { ConnectionEvent } from '../../../src/tls/events.ts'
import { defaultLimits } from '../../../src/tls/limits.ts'
import { schemeIds } from '../../../src/tls/suites.ts'
import { contentType, extensionType, handshakeType } from '../../../src/wire/code-points.ts'
import { readCertificateAuthorities } from '../../../src/wire/extensions/certificate-authorities.ts'
import { readNumbers16 } from '../../../src/wire/extensions/number-list.ts'
import { writeHandshake } from '../../../src/wire/handshake.ts'
import { chainFaults, refusal, type ChainReason } from '../../../src/x509/chain-fault.ts'
import { parseCertificate } from '../../../src/x509/certificate.ts'
import { testCredential, type CredentialKind } from '../../support/credentials.ts'
import { issue } from '../../support/openssl.ts'
import { seededRandom } from '../../support/random.ts'
import { plainRecord, TestClient, type ClientOptions } from '../../support/tls-client.ts'
import { clientConfig } from '../../support/tls-pair.ts'
import { converse, noon, serverConfig, sessionsOf, ticketSettings } from '../../support/tls-server.ts'

const p256 = testCredential('p256', native)
const name = parseCertificate(p256.chain[0] as Uint8Array).subject.der
const required: ClientAuth = { required: true, authorities: [name], id: Uint8Array.of(1, 2, 3) }

function asking(clientAuth: ClientAuth = required, config: Partial<ServerConfig> = {}): ServerConfig {
  return serverConfig({ clientAuth: () => clientAuth, ...config })
}

function makeClient(options: Partial<ClientOptions> = {}): TestClient {
  return new TestClient({ crypto: native, random: seededRandom(7), identity: p256, ...options })
}

function failure(events: readonly ConnectionEvent[]): string | undefined {
  const last = events.at(-1)
  return last?.type === 'failed' ? `${last.reason}: ${last.alert}` : undefined
}

/** A client's flight behind ours, as separate records, and the server that waits for it. */
function atItsTurn(options: Partial<ClientOptions> = {}, config = asking()): [TestClient, ServerConnection] {
  const client = makeClient(options)
  const server = new ServerConnection(config)
  client.holdFinished = true
  converse(client, server)
  return [client, server]
}

suite('a client that is asked who it is', () => {
  for (const kind of ['ed25519', 'p256', 'p384', 'rsa'] as const satisfies CredentialKind[])
    test(`proves it with ${kind}`, () => {
      const identity = testCredential(kind, native)
      const server = new ServerConnection(asking())
      const [question, complete, ...more] = converse(makeClient({ identity }), server)
      assert.deepEqual(question, {
        type: 'verify-client-certificate',
        chain: identity.chain,
        serverName: 'shop.example.com',
      })
      assert(complete?.type === 'handshake-complete')
      assert.deepEqual(complete.peerChain, identity.chain)
      assert.deepEqual([server.state, more.length], ['open', 0])
    })

  test('proves it as our own client too', () => {
    const client = new ClientConnection(clientConfig({ credentials: [p256] }))
    const server = new ServerConnection(asking())
    const peer = {
      hello: () => client.takeOutput(),
      receive: (bytes: Uint8Array) => (client.receive(bytes), client.takeOutput()),
    }
    const events = converse(peer, server)
    assert.equal(events.at(-1)?.type, 'handshake-complete', JSON.stringify(events))
    assert.equal(client.state, 'open')
  })

  test('is told which signatures we verify, also in certificates, and whom we believe', () => {
    const client = makeClient()
    converse(client, new ServerConnection(asking()))
    const body = (type: number): Uint8Array =>
      client.requested?.find((extension) => extension.type === type)?.body ?? new Uint8Array(0)
    const ids = Object.values(schemeIds).map(({ id }) => id)
    assert.deepEqual(readNumbers16(body(extensionType.signatureAlgorithms), ''), ids)
    assert.deepEqual(readNumbers16(body(extensionType.signatureAlgorithmsCert), ''), [...ids, 0x0401, 0x0501, 0x0601])
    assert.deepEqual(readCertificateAuthorities(body(extensionType.certificateAuthorities)), [Uint8Array.from(name)])
    assert.equal(client.requested?.length, 3)
  })

  test('is not told whom we believe where that is nobody by name, or too many', () => {
    for (const authorities of [[], Array.from({ length: 1000 }, () => name)]) {
      const client = makeClient()
      converse(client, new ServerConnection(asking({ ...required, authorities })))
      assert.equal(client.requested?.length, 2)
    }
  })

  test('may have none, where none is required', () => {
    const { identity: _, ...options } = { identity: p256, crypto: native, random: seededRandom(7) }
    const client = new TestClient(options)
    const events = converse(client, new ServerConnection(asking({ ...required, required: false })))
    assert.deepEqual(
      events.map((event) => event.type === 'handshake-complete' && 'peerChain' in event),
      [false],
    )
  })

  test('is refused without one, where one is required', () => {
    const client = new TestClient({ crypto: native, random: seededRandom(7) })
    assert.equal(failure(converse(client, new ServerConnection(asking()))), 'no-certificate: certificate_required')
    assert.deepEqual(client.heard.at(-1), {
      type: 'alert',
      level: 2,
      alert: 'certificate_required',
      protected: true,
    })
  })

  test('is asked only where its name asks for it', () => {
    const client = makeClient()
    const config = serverConfig({ clientAuth: (host) => (host === 'other.example.com' ? required : undefined) })
    assert.equal(converse(client, new ServerConnection(config)).length, 1)
    assert.equal(client.requested, undefined)
  })
})

suite('a verdict', () => {
  for (const reason of Object.keys(chainFaults) as ChainReason[])
    test(`${reason} ends the connection with ${chainFaults[reason].alert}`, () => {
      const client = makeClient()
      const server = new ServerConnection(asking())
      const events = converse(client, server, client.hello(), refusal(reason, 'why'))
      assert.equal(failure(events), `${reason}: ${chainFaults[reason].alert}`)
      const heard = client.heard.at(-1)
      assert.equal(heard?.type === 'alert' && heard.alert, chainFaults[reason].alert)
      assert.equal(server.state, 'closed')
    })

  test('may come late: what comes meanwhile waits, and loses nothing', () => {
    const [client, server] = atItsTurn()
    // Buffers, as Node hands them out: their `slice` copies nothing.
    const flight = Buffer.concat([...client.finish(), client.data('early bird'), client.data('!')])
    const asked = server.receive(flight)
    flight.fill(0xee) // the buffer is its owner's again
    assert.deepEqual(
      asked.map(({ type }) => type),
      ['verify-client-certificate'],
    )
    assert.equal(server.canSend, false)
    const late = Buffer.from(client.data('late'))
    assert.deepEqual(server.receive(late), [])
    late.fill(0xee)
    assert.deepEqual(server.takeOutput(), [])
    const events = server.answer('accepted')
    assert.deepEqual(
      events.map((event) => (event.type === 'application-data' ? Buffer.from(event.data).toString() : event.type)),
      ['handshake-complete', 'early bird!late'],
    )
  })

  test('comes to the same for a flight cut at every byte, or in one record', () => {
    const [client, server] = atItsTurn()
    for (const byte of concat(...client.finish())) {
      const events = server.receive(Uint8Array.of(byte))
      if (events[0]?.type === 'verify-client-certificate') assert.deepEqual(server.answer('accepted'), [])
    }
    assert.equal(server.state, 'open')

    const [joined, second] = atItsTurn()
    const messages = concat(...joined.identityMessages, joined.finishedMessage)
    assert.equal(second.receive(joined.protect(contentType.handshake, messages)).length, 1)
    assert.deepEqual(
      second.answer('accepted').map(({ type }) => type),
      ['handshake-complete'],
    )
  })

  test('ends a connection whose driver goes on reading for too long, and not before', () => {
    const [client, server] = atItsTurn({}, asking(required, { limits: { ...defaultLimits, waitingBytes: 1000 } }))
    server.receive(concat(...client.finish()))
    assert.deepEqual(server.receive(new Uint8Array(1000)), [])
    const [failed] = server.receive(new Uint8Array(1))
    assert.equal(failed?.type === 'failed' && failed.alert, 'internal_error')
    assert.deepEqual(server.answer('accepted'), [], 'and a verdict that comes then is no mistake')
  })

  test('is a mistake of ours where nobody waits for it', () => {
    const [client, server] = atItsTurn()
    assert.throws(() => server.answer('accepted'), /no verdict is waited for/)
    server.receive(concat(...client.finish()))
    server.answer('accepted')
    assert.throws(() => server.answer('accepted'), /no verdict is waited for/)
  })

  test('need not be waited for: the connection may be closed, or let go', () => {
    for (const end of ['close', 'destroy'] as const) {
      const [client, server] = atItsTurn()
      server.receive(concat(...client.finish()))
      server[end]()
      assert.equal(server.state, 'closed')
      assert.deepEqual(server.answer('accepted'), [])
      client.receive(concat(...server.takeOutput()))
      const heard = client.heard.flatMap((each) => (each.type === 'alert' ? [each.alert] : []))
      assert.deepEqual(heard, end === 'close' ? ['user_canceled', 'close_notify'] : [])
    }
  })
})

suite('a session', () => {
  test('ends where its client is believed no more, though its certificate goes on', () => {
    assert.deepEqual(lifetimes({ untilMs: noon + 60_000 }), [60, 60])
  })

  test('is none where its client is not believed any more', () => {
    assert.deepEqual(lifetimes({ untilMs: noon }), [])
    assert.deepEqual(lifetimes({ untilMs: 0 }), [])
  })
})

/** Of the tickets that a client gets of whom this was found. */
function lifetimes(verdict: Verdict): number[] {
  const client = makeClient()
  converse(client, new ServerConnection(asking(required, { tickets: ticketSettings() })), undefined, verdict)
  assert(client.finished)
  return client.sessions.map(({ message }) => message.lifetime)
}

/** What a client may not do at its turn; `send` is what it sends in place of its flight. */
const abuses: Readonly<Record<string, { send: (client: TestClient) => readonly Uint8Array[]; ends: string }>> = {
  'Finished at once': {
    send: (client) => [client.protect(contentType.handshake, client.finishedMessage)],
    ends: 'message-out-of-order: unexpected_message',
  },
  'CertificateVerify at once': {
    send: (client) => [client.protect(contentType.handshake, client.identityMessages[1] as Uint8Array)],
    ends: 'message-out-of-order: unexpected_message',
  },
  'Finished where CertificateVerify is due': {
    send: (client) => [
      client.protect(contentType.handshake, client.identityMessages[0] as Uint8Array),
      client.protect(contentType.handshake, client.finishedMessage),
    ],
    ends: 'message-out-of-order: unexpected_message',
  },
  'Certificate twice': {
    send: (client) =>
      [0, 0].map((i) => client.protect(contentType.handshake, client.identityMessages[i] as Uint8Array)),
    ends: 'message-out-of-order: unexpected_message',
  },
  'CertificateVerify behind an empty Certificate': {
    send: (client) => [
      client.protect(contentType.handshake, Uint8Array.of(handshakeType.certificate, 0, 0, 4, 0, 0, 0, 0)),
      client.protect(contentType.handshake, client.identityMessages[1] as Uint8Array),
    ],
    ends: 'message-out-of-order: unexpected_message',
  },
  'Certificate in the clear': {
    send: (client) => [plainRecord(contentType.handshake, client.identityMessages[0] as Uint8Array)],
    ends: 'unprotected-record: unexpected_message',
  },
  'an alert in the clear behind a protected record': {
    send: (client) => [
      client.protect(contentType.handshake, client.identityMessages[0] as Uint8Array),
      plainRecord(contentType.alert, Uint8Array.of(2, 40)),
    ],
    ends: 'unprotected-record: unexpected_message',
  },
  'application data before Finished': {
    send: (client) => [client.data('x')],
    ends: 'application-data-too-early: unexpected_message',
  },
  'a certificate that is none': {
    send: (client) => [client.protect(contentType.handshake, certificateOf(Uint8Array.of(1, 2, 3)))],
    ends: 'malformed: bad_certificate',
  },
  'a certificate with a key that nobody here can use': {
    send: (client) => {
      const { certificate } = issue({ algorithm: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-521'] })
      return [client.protect(contentType.handshake, certificateOf(new X509Certificate(certificate).raw))]
    },
    ends: 'unsupported-key: unsupported_certificate',
  },
}

suite('a client that is asked who it is, and sends', () => {
  for (const [what, { send, ends }] of Object.entries(abuses))
    test(`${what}, is refused: ${ends}`, () => {
      const [client, server] = atItsTurn({}, asking({ ...required, required: false }))
      const events = server.receive(concat(...send(client)))
      if (events.at(-1)?.type === 'verify-client-certificate') events.push(...server.answer('accepted'))
      assert.equal(failure(events), ends)
    })

  test('a certificate whose key may not sign, is refused, though a verdict accepted it', () => {
    const { certificate } = issue({ extensions: ['keyUsage=critical,keyAgreement'] })
    const identity = { ...p256, chain: [new Uint8Array(new X509Certificate(certificate).raw)] }
    const events = converse(makeClient({ identity }), new ServerConnection(asking()))
    assert.equal(failure(events), 'may-not-sign: unsupported_certificate')
  })

  test('a Certificate cut short at every byte, is refused', () => {
    const whole = certificateOf(p256.chain[0] as Uint8Array).subarray(4)
    for (let length = 0; length < whole.length; length += 1) {
      const [client, server] = atItsTurn()
      const cut = writeHandshake(handshakeType.certificate, (out) => out.raw(whole.subarray(0, length)))
      const events = server.receive(client.protect(contentType.handshake, cut))
      assert.equal(failure(events), 'malformed-message: decode_error', `${length} bytes`)
    }
  })

  test('a CertificateVerify with any bit flipped, is refused', () => {
    // Ed25519, whose signatures are all of one length.
    const identity = testCredential('ed25519', native)
    const [client] = atItsTurn({ identity })
    const bits = (client.identityMessages[1]?.length ?? 0) * 8
    for (let bit = 8; bit < bits; bit++) {
      const editIdentity: ClientOptions['editIdentity'] = ([first, verify]) => [
        first as Uint8Array,
        (verify as Uint8Array).map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
      ]
      const server = new ServerConnection(asking())
      const events = converse(makeClient({ identity, editIdentity }), server)
      assert.notEqual(server.state, 'open', `bit ${bit}`)
      // A length that grew waits for more, which does not come.
      if (server.state === 'closed')
        assert.match(failure(events) ?? '', /: (decrypt_error|decode_error|illegal_parameter|unexpected_message)$/)
    }
  })
})

suite('a session of a client with a certificate', () => {
  const tickets = ticketSettings()
  const begin = (config: Partial<ServerConfig> = {}, options: Partial<ClientOptions> = {}) =>
    sessionsOf(tickets, { identity: p256, ...options }, { clientAuth: () => required, ...config })

  test('is resumed without a question, and says who the client is', () => {
    const client = makeClient({ sessions: begin() })
    const events = converse(client, new ServerConnection(asking(required, { tickets })))
    assert.equal(client.resumed, 0)
    assert.equal(client.requested, undefined)
    const [complete] = events
    assert.deepEqual(
      complete?.type === 'handshake-complete' && complete.peerChain?.map((der) => Uint8Array.from(der)),
      [p256.chain[0]],
    )
    const again = makeClient({ sessions: client.sessions })
    converse(again, new ServerConnection(asking(required, { tickets })))
    assert.equal(again.resumed, 0, 'and so is the one that comes of it')
  })

  test('ends where others are believed, where nobody is asked, and where a certificate is missing', () => {
    const otherId = { ...required, id: Uint8Array.of(9) }
    const withoutOne = begin(
      { clientAuth: () => ({ ...required, required: false }) },
      { editIdentity: emptyCertificate },
    )
    for (const [sessions, config] of [
      [begin(), asking(otherId, { tickets })],
      [begin(), serverConfig({ tickets })],
      [sessionsOf(tickets), asking(required, { tickets })],
      [withoutOne, asking(required, { tickets })],
    ] as const) {
      const client = makeClient({ sessions })
      const server = new ServerConnection(config)
      converse(client, server)
      assert.deepEqual([client.resumed, server.state], [undefined, 'open'])
    }
  })

  test('ends with the certificate', () => {
    const leaf = parseCertificate(p256.chain[0] as Uint8Array)
    const now = leaf.notAfter.getTime() - 60_000
    const [session] = begin({ now: () => now })
    assert.equal(session?.message.lifetime, 60)
    assert.equal(begin()[0]?.message.lifetime, 3600, `at ${new Date(noon).toISOString()}`)
  })
})

function certificateOf(der: Uint8Array): Uint8Array {
  return writeHandshake(handshakeType.certificate, (out) => {
    out.prefixed8(() => undefined)
    out.prefixed24((list) => {
      list.prefixed24((data) => data.raw(der))
      list.prefixed16(() => undefined)
    })
  })
}

function emptyCertificate(): readonly Uint8Array[] {
  return [Uint8Array.of(handshakeType.certificate, 0, 0, 4, 0, 0, 0, 0)]
}
