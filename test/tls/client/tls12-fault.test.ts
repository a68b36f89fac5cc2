/**
 * What a server of TLS 1.2 can do wrong: each is provoked, and the server hears the alert that the tables promise.
 *
 * Shows RFC 7627 §1; RFC 8446 §4.1.3.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { native } from '../../../src/crypto/native/provider.ts'
import type { ClientConfig } from '../../../src/tls/client/config.ts'
import { serverFaults } from '../../../src/tls/client/faults.ts'
import type { Session } from '../../../src/tls/client/session.ts'
import { faults, type FaultReason } from '../../../src/tls/fault.ts'
import { defaultLimits } from '../../../src/tls/limits.ts'
import { contentType, extensionType, handshakeType } from '../../../src/wire/code-points.ts'
import { writeNumber } from '../../../src/wire/extensions/number-list.ts'
import { writeHandshake } from '../../../src/wire/handshake.ts'
import { writeTls12NewSessionTicket } from '../../../src/wire/tls12/new-session-ticket.ts'
import { readServerKeyExchange, writeServerKeyExchange } from '../../../src/wire/tls12/server-key-exchange.ts'
import type { ServerKeyExchange } from '../../../src/wire/tls12/server-key-exchange.ts'
import { testCredential } from '../../support/credentials.ts'
import { testTime } from '../../support/tls-pair.ts'
import { meet } from '../../support/tls-scripted-server.ts'
import { changeCipherSpec, plainRecord } from '../../support/tls-client.ts'
import { Tls12ScriptedServer, type Tls12Script } from '../../support/tls12-scripted-server.ts'
import { adding, followed, leftOut, patched, replacing, replacingMessage, twice, without, written } from './edits.ts'
import type { HelloEdit, MessageEdit } from './edits.ts'
import type { tls12Reasons } from './tls12-reasons.ts'

const common = [
  'extension-not-offered',
  'extension-twice',
  'signature-scheme-not-offered',
  'signature-scheme-of-another-key',
  'signature-wrong',
  'key-share-invalid',
  'point-format-missing',
  'finished-length',
  'finished-mismatch',
  'malformed-message',
  'message-out-of-order',
  'message-across-keys',
  'message-interrupted',
  'change-cipher-spec-misplaced',
  'change-cipher-spec-malformed',
  'application-data-too-early',
  'bad-record',
  'record-version',
  'record-too-long',
  'too-many-empty-records',
  'too-many-renegotiations',
  'too-many-warnings',
  'alert-level-unknown',
  'read-key-exhausted',
] as const satisfies readonly FaultReason[]

type Reason =
  | (typeof tls12Reasons)[number]
  | (typeof common)[number]
  | 'suite-not-offered'
  | 'compression-chosen'
  | 'extension-misplaced'
  | 'server-share-not-offered'
  | 'protocol-not-offered'
  | 'certificate-missing'

interface Provocation {
  readonly script?: Tls12Script
  readonly config?: Partial<ClientConfig>
  /** Records sent once the handshake is over; left out: the handshake itself is the fault. */
  readonly send?: (server: Tls12ScriptedServer) => readonly Uint8Array[]
}

const empty = new Uint8Array(0)
const compressionAt = 4 + 2 + 32 + 1 + 2
const session: Session = {
  version: 'TLSv1.2',
  suite: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  ticket: Uint8Array.of(1, 2, 3),
  secret: new Uint8Array(48).fill(7),
  receivedAt: testTime,
  expiresAt: testTime + 60_000,
  serverName: 'shop.example.com',
  chain: testCredential('ed25519', native).chain,
}
const ticket = writeHandshake(handshakeType.newSessionTicket, (out) =>
  writeTls12NewSessionTicket(out, { lifetimeHint: 60, ticket: Uint8Array.of(5, 6) }),
)
const helloRequest = Uint8Array.of(handshakeType.helloRequest, 0, 0, 0)

const provocations: { readonly [R in Reason]: readonly Provocation[] } = {
  'downgrade-signalled': [
    { script: { hello: ending('444f574e47524401') } },
    { script: { hello: ending('444f574e47524400') } },
  ],
  'renegotiation-info-missing': [{ script: { hello: without(extensionType.renegotiationInfo) } }],
  'renegotiation-info-wrong': [
    { script: { hello: replacing(extensionType.renegotiationInfo, Uint8Array.of(1, 7)) } },
    { script: { hello: replacing(extensionType.renegotiationInfo, Uint8Array.of(12, ...new Uint8Array(12))) } },
  ],
  'extended-master-secret-missing': [
    { script: { hello: without(extensionType.extendedMasterSecret) } },
    { script: { hello: without(extensionType.extendedMasterSecret), resume: session.secret }, config: { session } },
  ],
  'session-not-offered': [
    { script: { resume: session.secret } },
    { script: { resume: session.secret }, config: { session: { ...session, serverName: 'other.example.com' } } },
  ],
  'session-of-another-suite': [
    {
      script: { resume: session.secret, suite: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256' },
      config: { session },
    },
  ],
  'suite-of-another-key': [
    { script: { suite: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256' } },
    { script: { credential: testCredential('rsa', native) } },
  ],
  'suite-not-offered': [
    { script: { hello: (hello) => ({ ...hello, cipherSuite: 0xc013 }) } },
    { script: { hello: (hello) => ({ ...hello, cipherSuite: 0x1301 }) } },
    { config: { tls12Suites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'] } },
  ],
  'compression-chosen': [{ script: { edit: patched(handshakeType.serverHello, compressionAt, 1) } }],
  'extension-not-offered': [
    { script: { hello: adding({ type: 0x7777, body: empty }) } },
    { script: { hello: adding({ type: extensionType.alpn, body: Uint8Array.of(0, 3, 2, 104, 50) }) } },
  ],
  'extension-twice': [{ script: { hello: adding({ type: extensionType.extendedMasterSecret, body: empty }) } }],
  'extension-misplaced': [
    { script: { hello: adding({ type: extensionType.keyShare, body: writeNumber(29) }) } },
    { script: { hello: adding({ type: extensionType.signatureAlgorithms, body: empty }) } },
  ],
  'protocol-not-offered': [
    {
      script: { hello: adding({ type: extensionType.alpn, body: Uint8Array.of(0, 3, 2, 104, 51) }) },
      config: { alpn: ['h2'] },
    },
  ],
  'point-format-missing': [
    { script: { hello: adding({ type: extensionType.pointFormats, body: Uint8Array.of(1, 1) }) } },
  ],
  'certificate-missing': [
    { script: { edit: replacingMessage(handshakeType.certificate, () => Uint8Array.of(0, 0, 0)) } },
  ],
  'server-share-not-offered': [
    { script: { edit: exchanging({ group: 0x0016 }) } },
    { script: { group: 'P-384' }, config: { groups: ['X25519', 'P-256'] } },
    { script: { edit: exchanging({ group: 0x11ec }) }, config: { groups: ['X25519MLKEM768', 'X25519'] } },
  ],
  'signature-scheme-not-offered': [
    { script: { edit: exchanging({ scheme: 0x0203 }) } },
    { script: { edit: exchanging({ scheme: 0x0101 }) } },
    { config: { schemes: ['ECDSA-P256-SHA256'] } },
  ],
  'signature-scheme-of-another-key': [{ script: { edit: exchanging({ scheme: 0x0403 }) } }],
  'signature-wrong': [
    { script: { edit: exchanging({ signature: new Uint8Array(64) }) } },
    // Somebody in between puts a share of his own in the place of the server's.
    { script: { edit: exchanging({ point: new Uint8Array(32).fill(9) }) } },
    { script: { hello: (hello) => hello, edit: exchanging({ group: 0x0017 }) } },
  ],
  'key-share-invalid': [
    { script: { share: new Uint8Array(32) } },
    { script: { share: new Uint8Array(31).fill(9) } },
    { script: { share: empty } },
    { script: { group: 'P-256', share: new Uint8Array(65).fill(4) } },
  ],
  'finished-length': [{ script: { edit: replacingMessage(handshakeType.finished, (body) => body.subarray(1)) } }],
  'finished-mismatch': [
    { script: { edit: replacingMessage(handshakeType.finished, (body) => body.map((byte) => byte ^ 1)) } },
  ],
  'malformed-message': [
    { script: { edit: replacingMessage(handshakeType.serverKeyExchange, (body) => body.subarray(0, -1)) } },
    { script: { edit: patched(handshakeType.serverKeyExchange, 4, 1) } },
    { script: { edit: replacingMessage(handshakeType.serverHelloDone, () => Uint8Array.of(0)) } },
    { script: { edit: replacingMessage(handshakeType.certificate, (body) => body.subarray(0, -1)) } },
    { script: { request: Uint8Array.of(handshakeType.certificateRequest, 0, 0, 1, 0) } },
    { script: { ticket: Uint8Array.of(handshakeType.newSessionTicket, 0, 0, 1, 0) } },
    { send: (server) => [server.protect(22, Uint8Array.of(0, 0, 0, 1, 0))] },
  ],
  'message-out-of-order': [
    { script: { edit: leftOut(handshakeType.certificate) } },
    { script: { edit: leftOut(handshakeType.serverKeyExchange) } },
    { script: { edit: twice(handshakeType.certificate) } },
    { script: { edit: twice(handshakeType.serverKeyExchange) } },
    // A ticket that was not announced, and one that was announced and does not come.
    { script: { ticket, hello: without(extensionType.sessionTicket) } },
    { send: (server) => [server.protect(22, Uint8Array.of(handshakeType.keyUpdate, 0, 0, 1, 0))] },
    { send: (server) => [server.protect(22, ticket)] },
    { send: (server) => [server.protect(22, Uint8Array.of(handshakeType.clientHello, 0, 0, 0))] },
    { script: { records: inserted(22, helloRequest) } },
  ],
  'message-across-keys': [
    { script: { edit: followed(handshakeType.serverHelloDone, helloRequest) } },
    { script: { edit: followed(handshakeType.finished, helloRequest) } },
  ],
  'message-interrupted': [{ send: (server) => [server.protect(22, Uint8Array.of(0, 0)), server.protect(23, 'data')] }],
  'change-cipher-spec-misplaced': [
    // CVE-2014-0224: before there are keys.
    { script: { records: inserted(20, Uint8Array.of(1)) } },
    { script: { ticket, edit: leftOut(handshakeType.newSessionTicket) } },
    { send: (server) => [server.protect(20, Uint8Array.of(1))] },
  ],
  'change-cipher-spec-malformed': [
    {
      script: { records: (records) => records.map((one) => (one[0] === 20 ? plainRecord(20, Uint8Array.of(2)) : one)) },
    },
  ],
  'application-data-too-early': [{ script: { records: inserted(23, Buffer.from('too soon')) } }],
  'bad-record': [
    { send: (server) => [server.protect(23, 'data').map((byte, i) => (i === 14 ? byte ^ 1 : byte))] },
    { send: (server) => (server.protect(23, 'one lost'), [server.protect(23, 'data')]) },
    { send: () => [plainRecord(23, Buffer.from('in the clear, and long enough for a nonce and a tag'))] },
    { send: () => [plainRecord(21, Uint8Array.of(1, 0))] },
    { send: () => [changeCipherSpec] },
    { send: () => [plainRecord(22, helloRequest)] },
  ],
  'record-version': [{ send: (server) => [withMinor(server.protect(23, 'data'), 1)] }],
  'record-too-long': [{ send: () => [Uint8Array.of(23, 3, 3, 0x44, 0x01)] }],
  'too-many-empty-records': [
    { send: (server) => Array.from({ length: 33 }, () => server.protect(contentType.applicationData, empty)) },
  ],
  'too-many-renegotiations': [
    { send: (server) => Array.from({ length: 40 }, () => server.protect(contentType.handshake, helloRequest)) },
  ],
  'too-many-warnings': [
    { send: (server) => Array.from({ length: 5 }, () => server.protect(21, Uint8Array.of(1, 90))) },
  ],
  'alert-level-unknown': [{ send: (server) => [server.protect(21, Uint8Array.of(3, 90))] }],
  'read-key-exhausted': [
    {
      config: { limits: { ...defaultLimits, recordsPerKey: 4 } },
      send: (server) => Array.from({ length: 8 }, () => server.protect(23, 'x')),
    },
  ],
}

for (const [reason, cases] of Object.entries(provocations) as [Reason, readonly Provocation[]][])
  suite(`${reason}, in TLS 1.2`, () => {
    test('is provoked somewhere', () => assert(cases.length > 0))
    for (const [i, provocation] of cases.entries())
      test(`${i + 1}: the connection ends with ${alertOf(reason)}`, () => provoke(provocation, reason))
  })

function alertOf(reason: Reason): string {
  return { ...faults, ...serverFaults }[reason].alert
}

function provoke({ script, config, send }: Provocation, reason: Reason): void {
  const server = new Tls12ScriptedServer(script)
  const { client, events } = meet(server, config)
  if (send !== undefined) assert.equal(client.state, 'open', JSON.stringify(events))
  events.push(...client.receive(concat(...(send?.(server) ?? []))))

  const failed = events.at(-1)
  assert(failed?.type === 'failed', `no failure in ${JSON.stringify(events)}`)
  assert.equal(failed.reason, reason, failed.detail)
  assert.deepEqual([failed.by, failed.alert], ['sent', alertOf(reason)])
  assert.deepEqual([client.state, client.canSend], ['closed', false])
  server.receive(concat(...client.takeOutput()))
  assert.equal(server.alert, alertOf(reason))
  assert.deepEqual(client.receive(changeCipherSpec), [], 'what comes after a fault is ignored')
}

/** The end of the server's random. */
function ending(hex: string): HelloEdit {
  return (hello) => ({ ...hello, random: concat(hello.random.subarray(0, 24), Buffer.from(hex, 'hex')) })
}

/** A ServerKeyExchange with something changed that the signature covers, or the signature itself. */
function exchanging(change: Partial<ServerKeyExchange>): MessageEdit {
  return replacingMessage(handshakeType.serverKeyExchange, (body) =>
    written((out) => writeServerKeyExchange(out, { ...readServerKeyExchange(body), ...change })),
  )
}

/** A record in the clear in front of the server's first flight. */
function inserted(type: number, content: Uint8Array): NonNullable<Tls12Script['records']> {
  return (records) => (records.length > 3 ? records.toSpliced(1, 0, plainRecord(type, content)) : records)
}

function withMinor(record: Uint8Array, minor: number): Uint8Array {
  return record.with(2, minor)
}
