/**
 * Clients of TLS 1.2 that are asked who they are.
 *
 * Shows RFC 5246 §7.4.4.
 */
import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { native } from '../../../src/crypto/native/provider.ts'
import type { SigningKey } from '../../../src/crypto/provider.ts'
import type { ClientAuth, ServerConfig, Verdict } from '../../../src/tls/config.ts'
import { ServerConnection } from '../../../src/tls/connection.ts'
import type { ConnectionEvent } from '../../../src/tls/events.ts'
import { isTls12Signature, tls12SchemeIds } from '../../../src/tls/tls12/suites.ts'
import { handshakeType } from '../../../src/wire/code-points.ts'
import { writeHandshake } from '../../../src/wire/handshake.ts'
import { chainFaults, refusal, type ChainReason } from '../../../src/x509/chain-fault.ts'
import { parseCertificate } from '../../../src/x509/certificate.ts'
import { testCredential, type CredentialKind } from '../../support/credentials.ts'
import { providers } from '../../support/providers.ts'
import { seededRandom } from '../../support/random.ts'
import { play } from '../../support/recording.ts'
import { TestTls12Client, type Tls12ClientOptions } from '../../support/tls12-client.ts'
import { plainRecord } from '../../support/tls-client.ts'
import { converse, noon, serverConfig, ticketSettings } from '../../support/tls-server.ts'

const p256 = testCredential('p256', native)
const p384 = testCredential('p384', native)
const name = parseCertificate(p256.chain[0] as Uint8Array).subject.der
const required: ClientAuth = { required: true, authorities: [name], id: Uint8Array.of(1, 2, 3) }

suite('a client of TLS 1.2 that is asked who it is', () => {
  for (const kind of ['ed25519', 'p256', 'p384', 'rsa'] as const satisfies CredentialKind[])
    for (const crypto of providers) {
      const identity = testCredential(kind, native)
      for (const scheme of identity.signingKey.schemes.filter(isTls12Signature))
        test(`proves it with ${tls12SchemeIds[scheme].name}, to ${crypto.name}`, () => {
          const only = { ...identity, signingKey: { ...identity.signingKey, schemes: [scheme] } }
          const server = new ServerConnection(asking(required, { crypto }))
          const [question, complete, ...more] = converse(makeClient({ identity: only }), server)
          assert.deepEqual(question, {
            type: 'verify-client-certificate',
            chain: identity.chain,
            serverName: 'shop.example.com',
          })
          assert(complete?.type === 'handshake-complete')
          assert.deepEqual(complete.peerChain, identity.chain)
          assert.deepEqual([server.state, more.length], ['open', 0])
        })
    }

  test('is told which keys and signatures we verify, and whom we believe', () => {
    const client = makeClient()
    converse(client, new ServerConnection(asking()))
    assert.deepEqual([...(client.requested?.types ?? [])], [64, 1])
    assert.deepEqual(
      client.requested?.schemes,
      Object.values(tls12SchemeIds).map(({ id }) => id),
    )
    assert.deepEqual(client.requested?.authorities, [Uint8Array.from(name)])
  })

  test('is told of no authority where there are too many for a message', () => {
    const client = makeClient()
    converse(
      client,
      new ServerConnection(asking({ ...required, authorities: Array.from({ length: 500 }, () => name) })),
    )
    assert.deepEqual(client.requested?.authorities, [])
    assert(client.finished)
  })

  test('may sign with the hash of another curve: the scheme names none in TLS 1.2', () => {
    const key = createPrivateKey(readFileSync(join(import.meta.dirname, '../../vectors/credentials/p384.key')))
    const server = new ServerConnection(asking())
    const events = converse(makeClient({ identity: { ...p384, signingKey: signingByNode(key) } }), server)
    assert.equal(server.state, 'open', JSON.stringify(events))
  })

  test('may stay unknown where a certificate is only wished for', () => {
    const client = makeClient({ identity: undefined as never })
    const server = new ServerConnection(asking({ ...required, required: false }))
    const [complete] = converse(client, server)
    assert(complete?.type === 'handshake-complete')
    assert.equal(complete.peerChain, undefined)
  })

  test('hears handshake_failure where it must show one, and does not: 1.2 has no certificate_required', () => {
    const events = converse(makeClient({ identity: undefined as never }), new ServerConnection(asking()))
    assert.equal(failure(events), 'no-certificate-in-tls12: handshake_failure')
  })

  for (const reason of Object.keys(chainFaults) as ChainReason[])
    test(`hears ${chainFaults[reason].alert} where its chain is refused for ${reason}`, () => {
      const server = new ServerConnection(asking())
      const events = converse(makeClient(), server, undefined, refusal(reason, 'said by the test'))
      assert.equal(failure(events), `${reason}: ${chainFaults[reason].alert}`)
    })

  test('is waited for: what it says behind its certificate is looked at after the verdict', () => {
    const client = makeClient()
    client.holdFlight = true
    const server = new ServerConnection(asking())
    converse(client, server)
    const flight = Buffer.concat([...plain(client), ...client.finish(), client.data('x')])
    const events = server.receive(flight)
    assert.deepEqual(
      events.map(({ type }) => type),
      ['verify-client-certificate'],
    )
    assert.deepEqual(server.takeOutput(), [])
    assert.deepEqual(
      server.answer('accepted').map(({ type }) => type),
      ['handshake-complete', 'application-data'],
    )
  })

  test('gets a ticket for as long as it is believed, and an empty one where that is over', () => {
    assert.deepEqual(ticketOf({ untilMs: noon + 60_000 }), [60, true])
    for (const untilMs of [noon, 0]) assert.deepEqual(ticketOf({ untilMs }), [0, false])
  })

  test('comes back with its session, known as it was, and without being asked again', () => {
    const tickets = ticketSettings()
    const first = makeClient({ tickets: {} })
    converse(first, new ServerConnection(asking(required, { tickets })))
    assert(first.session !== undefined)
    const again = makeClient({ tickets: { session: first.session } })
    const events = converse(again, new ServerConnection(asking(required, { tickets })))
    const [complete] = events
    assert(complete?.type === 'handshake-complete' && complete.resumed && again.requested === undefined)
    assert.deepEqual(complete.peerChain, p256.chain.slice(0, 1))
    const others = { ...required, id: Uint8Array.of(9) }
    const forgotten = makeClient({ tickets: { session: first.session } })
    converse(forgotten, new ServerConnection(asking(others, { tickets })))
    assert.deepEqual([forgotten.resumed, forgotten.requested !== undefined], [false, true])
  })
})

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey

suite('what a client of TLS 1.2 does wrong when it is asked', () => {
  const empty = writeHandshake(handshakeType.certificate, (out) => out.u24(0))
  const wrong: Readonly<Record<string, (client: TestTls12Client) => [string, readonly Uint8Array[]]>> = {
    'no Certificate at all': (client) => ['message-out-of-order', [plainRecord(22, client.keyExchangeMessage)]],
    'CertificateVerify before the key exchange': (client) => [
      'message-out-of-order',
      [...plain(client).slice(0, 1), plainRecord(22, client.verifyMessage as Uint8Array)],
    ],
    'no CertificateVerify': (client) => [
      'change-cipher-spec-misplaced',
      [...plain(client).slice(0, 2), ...client.finish()],
    ],
    'CertificateVerify without a certificate': (client) => [
      'message-out-of-order',
      [plainRecord(22, empty), ...plain(client).slice(1)],
    ],
    'two Certificates': (client) => ['message-out-of-order', [...plain(client).slice(0, 1), ...plain(client)]],
    'a certificate that is none': () => [
      'malformed',
      [
        plainRecord(
          22,
          writeHandshake(handshakeType.certificate, (out) => out.raw(Uint8Array.of(0, 0, 6, 0, 0, 3, 1, 2, 3))),
        ),
      ],
    ],
    'an empty certificate': () => [
      'malformed-message',
      [
        plainRecord(
          22,
          writeHandshake(handshakeType.certificate, (out) => out.raw(Uint8Array.of(0, 0, 3, 0, 0, 0))),
        ),
      ],
    ],
  }
  for (const [what, make] of Object.entries(wrong))
    test(what, () => {
      const client = makeClient()
      client.holdFlight = true
      const server = new ServerConnection(asking({ ...required, required: false }))
      converse(client, server)
      const [expected, records] = make(client)
      const { events } = judged(server, records)
      assert.equal(failure(events)?.split(':')[0], expected)
    })

  test('a signature of another key, another scheme, another transcript, or with any bit flipped', () => {
    const cases: readonly [string, Partial<Tls12ClientOptions>][] = [
      ['signature-wrong', { identity: { ...p256, signingKey: signingByNode(stranger) } }],
      ['signature-scheme-not-offered', { editSignature: (message) => ({ ...message, scheme: 0x0203 }) }],
      ['signature-scheme-of-another-key', { editSignature: (message) => ({ ...message, scheme: 0x0804 }) }],
      ['signature-wrong', { editSignature: (message) => ({ ...message, scheme: 0x0503 }) }],
      ['signature-wrong', { editSignature: ({ scheme }) => ({ scheme, signature: new Uint8Array(0) }) }],
      ...Array.from({ length: 70 }, (_, at): [string, Partial<Tls12ClientOptions>] => [
        'signature-wrong',
        {
          editSignature: ({ scheme, signature }) => ({
            scheme,
            signature: signature.with(at % signature.length, (signature[at % signature.length] as number) ^ 1),
          }),
        },
      ]),
    ]
    for (const [expected, options] of cases) {
      const events = converse(makeClient(options), new ServerConnection(asking()))
      assert.equal(failure(events)?.split(':')[0], expected)
    }
  })

  test('Certificate cut short at every byte', () => {
    const client = makeClient()
    client.holdFlight = true
    converse(client, new ServerConnection(asking()))
    const body = (client.certificateMessage as Uint8Array).subarray(4)
    for (let length = 0; length < body.length; length += length < 12 ? 1 : 37) {
      const server = new ServerConnection(asking())
      const other = makeClient()
      other.holdFlight = true
      converse(other, server)
      const message = writeHandshake(handshakeType.certificate, (out) => out.raw(body.subarray(0, length)))
      assert.equal(
        failure(play([plainRecord(22, message)], server).events),
        'malformed-message: decode_error',
        `${length}`,
      )
    }
  })

  test('a certificate that nobody asked for', () => {
    const client = makeClient()
    client.holdFlight = true
    const server = new ServerConnection(serverConfig())
    converse(client, server)
    assert.equal(failure(play([plainRecord(22, empty)], server).events), 'message-out-of-order: unexpected_message')
  })
})

/** Of the ticket that a client gets of whom this was found: its lifetime, and whether there is anything in it. */
function ticketOf(verdict: Verdict): [lifetime: number | undefined, isFull: boolean] {
  const client = makeClient({ tickets: {} })
  converse(client, new ServerConnection(asking(required, { tickets: ticketSettings() })), undefined, verdict)
  assert(client.finished)
  return [client.session?.lifetimeHint, (client.session?.ticket.length ?? 0) > 0]
}

/** Signs with SHA-256, whatever the curve: our own keys, made for TLS 1.3, do not. */
function signingByNode(key: KeyObject): SigningKey {
  return { schemes: ['ECDSA-P256-SHA256'], sign: (_, message) => new Uint8Array(sign('sha256', message, key)) }
}

function asking(clientAuth: ClientAuth = required, config: Partial<ServerConfig> = {}): ServerConfig {
  return serverConfig({ clientAuth: () => clientAuth, ...config })
}

function makeClient(options: Partial<Tls12ClientOptions> = {}): TestTls12Client {
  const { identity = p256, ...others } = options
  const known = 'identity' in options && options.identity === undefined ? {} : { identity }
  return new TestTls12Client({ crypto: native, random: seededRandom(7), ...known, ...others })
}

/** Certificate, ClientKeyExchange and CertificateVerify as records. */
function plain({ certificateMessage, keyExchangeMessage, verifyMessage }: TestTls12Client): Uint8Array[] {
  return [certificateMessage, keyExchangeMessage, verifyMessage].flatMap((message) =>
    message === undefined ? [] : [plainRecord(22, message)],
  )
}

/** Plays records; a certificate is believed. */
function judged(server: ServerConnection, records: readonly Uint8Array[]): { events: ConnectionEvent[] } {
  const events: ConnectionEvent[] = []
  for (const record of records) {
    const [event, ...others] = server.receive(record)
    if (event !== undefined) events.push(event, ...others)
    if (event?.type === 'verify-client-certificate') events.push(...server.answer('accepted'))
  }
  return { events }
}

function failure(events: readonly ConnectionEvent[]): string | undefined {
  const last = events.at(-1)
  return last?.type === 'failed' ? `${last.reason}: ${last.alert}` : undefined
}
