/** Walks the fault table: every reason is provoked, and the client hears the alert that the table promises. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concat } from '../../src/bytes/arrays.ts'
import { native } from '../../src/crypto/native/provider.ts'
import type { ServerConfig } from '../../src/tls/config.ts'
import { ServerConnection } from '../../src/tls/connection.ts'
import type { ConnectionEvent } from '../../src/tls/events.ts'
import { faults, type FaultReason } from '../../src/tls/fault.ts'
import { defaultLimits } from '../../src/tls/limits.ts'
import { groupIds } from '../../src/tls/suites.ts'
import { contentType, extensionType, fallbackSignal, handshakeType } from '../../src/wire/code-points.ts'
import { writeExtensions, type Extension } from '../../src/wire/extension.ts'
import { writeClientShares } from '../../src/wire/extensions/key-share.ts'
import { writeNumbers16, writeNumbers8 } from '../../src/wire/extensions/number-list.ts'
import { readOfferedPsks, writeOfferedPsks } from '../../src/wire/extensions/pre-shared-key.ts'
import { writeServerNames } from '../../src/wire/extensions/server-name.ts'
import { writeHandshake } from '../../src/wire/handshake.ts'
import { testCredential } from '../support/credentials.ts'
import { seededRandom } from '../support/random.ts'
import { TestTls12Client } from '../support/tls12-client.ts'
import { changeCipherSpec, plainRecord, TestClient, type ClientOptions } from '../support/tls-client.ts'
import { converse, serverConfig, sessionsOf, ticketSettings } from '../support/tls-server.ts'
import { tls12Provocations, type Tls12Provocation } from './tls12/provocations.ts'

interface Provocation {
  readonly options?: Partial<ClientOptions>
  /** The same, with a ticket of an earlier connection. */
  readonly resume?: Partial<ClientOptions>
  readonly config?: Partial<ServerConfig>
  /** The handshake is completed first, unless this says how far to go. */
  readonly upTo?: 'nothing' | 'server-flight'
  /** Records sent then; left out: the handshake itself is the fault. */
  readonly send?: (client: TestClient) => readonly Uint8Array[]
}

/** A server that wants to know who the client is. */
const asked: Pick<Provocation, 'config'> = {
  config: { clientAuth: () => ({ required: true, authorities: [], id: Uint8Array.of(1) }) },
}

const unknownExtension: Extension = { type: 0x7777, body: Uint8Array.of(1) }

/** With a client of TLS 1.3; `tls12Provocations` has those of TLS 1.2. */
const provocations: { readonly [Reason in FaultReason]: readonly Provocation[] } = {
  'not-a-record': [
    { upTo: 'nothing', send: () => [Buffer.from('GET / HTTP/1.1\r\n\r\n')] },
    { upTo: 'nothing', send: () => [Uint8Array.of(0)] },
    { send: () => [Uint8Array.of(24)] },
  ],
  'ssl2-hello': [{ upTo: 'nothing', send: () => [Uint8Array.of(0x80, 0x2e, 1, 0, 2, 0, 0x15)] }],
  'record-version': [{ upTo: 'nothing', send: () => [Uint8Array.of(22, 2, 0, 0, 5)] }],
  'record-too-long': [
    { upTo: 'nothing', send: () => [Uint8Array.of(22, 3, 1, 0x40, 0x01)] },
    { upTo: 'nothing', send: () => [Uint8Array.of(22, 3, 1, 0xff, 0xff)] },
    { send: () => [Uint8Array.of(23, 3, 3, 0x41, 0x01)] },
    { send: (client) => [client.protectInner(new Uint8Array(16_386).fill(23))] },
    {
      // A client that asked for records of 512 bytes at most, and does not keep to it itself.
      options: { extra: [{ type: extensionType.maxFragmentLength, body: Uint8Array.of(1) }] },
      send: (client) => [client.data('x'.repeat(513))],
    },
  ],
  'empty-fragment': [
    { upTo: 'nothing', send: () => [plainRecord(22, new Uint8Array(0))] },
    { upTo: 'nothing', send: () => [plainRecord(21, new Uint8Array(0))] },
    { send: (client) => [client.protect(22, new Uint8Array(0), 5)] },
    { send: (client) => [client.protect(21, new Uint8Array(0))] },
  ],
  'too-many-empty-records': [{ send: (client) => Array.from({ length: 33 }, () => client.data('')) }],
  'bad-record': [
    { send: () => [plainRecord(23, seededRandom(5)(40))] },
    { send: () => [plainRecord(23, new Uint8Array(0))] },
    { send: () => [plainRecord(23, new Uint8Array(16))] },
    { upTo: 'server-flight', send: () => [plainRecord(23, seededRandom(5)(40))] },
  ],
  'inner-content-type-missing': [
    { send: (client) => [client.protect(0, new Uint8Array(0))] },
    { send: (client) => [client.protect(0, new Uint8Array(1_000))] },
  ],
  'inner-content-type-unknown': [{ send: (client) => [client.protect(99, Uint8Array.of(1))] }],
  'unprotected-record': [
    { send: () => [plainRecord(22, Uint8Array.of(24, 0, 0, 1, 0))] },
    { send: () => [plainRecord(21, Uint8Array.of(1, 0))] },
    { upTo: 'server-flight', send: () => [plainRecord(22, Uint8Array.of(20, 0, 0, 0))] },
  ],
  'application-data-too-early': [
    { upTo: 'nothing', send: () => [plainRecord(23, Uint8Array.of(1))] },
    { upTo: 'server-flight', send: (client) => [client.data('before Finished')] },
  ],
  'too-much-early-data': [
    {
      options: { extra: [{ type: extensionType.earlyData, body: new Uint8Array(0) }] },
      config: { limits: { ...defaultLimits, earlyDataBytes: 100 } },
      upTo: 'server-flight',
      send: () => [plainRecord(23, new Uint8Array(60)), plainRecord(23, new Uint8Array(60))],
    },
  ],
  'change-cipher-spec-malformed': [
    { upTo: 'server-flight', send: () => [plainRecord(20, Uint8Array.of(2))] },
    { upTo: 'server-flight', send: () => [plainRecord(20, Uint8Array.of(1, 1))] },
    { upTo: 'server-flight', send: () => [plainRecord(20, new Uint8Array(0))] },
  ],
  'change-cipher-spec-misplaced': [
    { upTo: 'nothing', send: () => [changeCipherSpec] },
    { send: () => [changeCipherSpec] },
    { send: (client) => [client.protect(20, Uint8Array.of(1))] },
  ],
  'too-many-change-cipher-specs': [
    { upTo: 'server-flight', send: () => Array.from({ length: 5 }, () => changeCipherSpec) },
  ],
  'read-key-exhausted': [
    {
      config: { limits: { ...defaultLimits, recordsPerKey: 5 } },
      send: (client) => Array.from({ length: 9 }, () => client.data('x')),
    },
  ],
  'too-many-warnings': [{ send: (client) => Array.from({ length: 5 }, () => client.alert(90, 1)) }],
  'malformed-message': [
    { upTo: 'nothing', send: () => [plainRecord(22, Uint8Array.of(1, 0, 0, 1, 3))] },
    { options: { edit: (hello) => ({ ...hello, sessionId: new Uint8Array(33) }) } },
    { options: { edit: (hello) => ({ ...hello, cipherSuites: [] }) } },
    { options: { edit: (hello) => ({ ...hello, compressionMethods: new Uint8Array(0) }) } },
    { options: replacing(extensionType.serverName, Uint8Array.of(0, 0)) },
    { options: replacing(extensionType.supportedGroups, writeNumbers16([])) },
    { options: { extra: [{ type: extensionType.earlyData, body: Uint8Array.of(0) }] } },
    { options: { extra: [{ type: extensionType.cookie, body: Uint8Array.of(0, 0) }] } },
    { send: (client) => [client.protect(contentType.alert, Uint8Array.of(1))] },
    { send: (client) => [client.protect(contentType.alert, Uint8Array.of(1, 0, 1, 0))] },
    { send: (client) => [client.protect(22, Uint8Array.of(24, 0, 0, 0))] },
  ],
  'message-too-long': [
    { upTo: 'nothing', send: () => [plainRecord(22, Uint8Array.of(1, 2, 1, 0x45))] },
    { upTo: 'nothing', send: () => [plainRecord(22, Uint8Array.of(1, 0xff, 0xff, 0xff))] },
    { upTo: 'server-flight', send: (client) => [client.protect(22, Uint8Array.of(20, 1, 0, 1))] },
  ],
  'message-interrupted': [
    { upTo: 'nothing', send: () => [plainRecord(22, Uint8Array.of(1, 0, 1)), plainRecord(21, Uint8Array.of(2, 40))] },
    { upTo: 'server-flight', send: (client) => [client.protect(22, Uint8Array.of(20)), changeCipherSpec] },
    { send: (client) => [client.protect(22, Uint8Array.of(24, 0, 0)), client.data('x')] },
  ],
  'message-across-keys': [
    { upTo: 'nothing', send: (client) => [plainRecord(22, concat(client.helloMessage(), Uint8Array.of(1)))] },
    { upTo: 'server-flight', send: (client) => [client.protect(22, concat(client.finishedMessage, keyUpdate(0)))] },
    { send: (client) => [client.protect(22, concat(keyUpdate(0), keyUpdate(0)))] },
  ],
  'message-out-of-order': [
    { upTo: 'nothing', send: () => [plainRecord(22, Uint8Array.of(20, 0, 0, 0))] },
    { upTo: 'nothing', send: () => [plainRecord(22, Uint8Array.of(2, 0, 0xff, 0xff))] },
    { upTo: 'server-flight', send: (client) => [client.protect(22, keyUpdate(0))] },
    { send: (client) => [client.protect(22, client.helloMessage())] },
    { send: (client) => [client.protect(22, client.finishedMessage)] },
  ],
  'version-unsupported': [
    { options: without(extensionType.supportedVersions), config: { minVersion: 'TLSv1.3' } },
    {
      options: replacing(extensionType.supportedVersions, writeNumbers8([0x0303, 0x0302])),
      config: { minVersion: 'TLSv1.3' },
    },
    { options: { edit: (hello) => ({ ...hello, extensions: [] }) }, config: { minVersion: 'TLSv1.3' } },
    { options: replacing(extensionType.supportedVersions, writeNumbers8([0x0304])), config: { maxVersion: 'TLSv1.2' } },
    { options: replacing(extensionType.supportedVersions, writeNumbers8([0x0302, 0x0301, 0x7f1c])) },
  ],
  'version-ancient': [{ options: { edit: (hello) => ({ ...hello, legacyVersion: 0x0300 }) } }],
  'fallback-needless': [
    {
      options: {
        ...without(extensionType.supportedVersions),
        edit: (hello) => ({ ...hello, cipherSuites: [...hello.cipherSuites, fallbackSignal] }),
      },
    },
  ],
  'compression-offered': [
    { options: { edit: (hello) => ({ ...hello, compressionMethods: Uint8Array.of(1, 0) }) } },
    { options: { edit: (hello) => ({ ...hello, compressionMethods: Uint8Array.of(1) }) } },
  ],
  'extension-twice': [
    { options: { editExtensions: (extensions) => [...extensions, ...extensions.slice(0, 1)] } },
    { options: { extra: [unknownExtension, unknownExtension] } },
  ],
  'no-common-suite': [{ options: { edit: (hello) => ({ ...hello, cipherSuites: [0x1304, 0xc02f] }) } }],
  'no-common-group': [{ options: { groups: ['P-256'] }, config: { groups: ['X25519'] } }],
  'no-suitable-credential': [{ options: { schemes: ['RSA-PSS-SHA256'] } }],
  'signature-algorithms-missing': [{ options: without(extensionType.signatureAlgorithms) }],
  'supported-groups-missing': [{ options: without(extensionType.supportedGroups) }],
  'key-share-missing': [
    { options: without(extensionType.keyShare) },
    { options: onRetry((extensions) => extensions.filter(({ type }) => type !== extensionType.keyShare)) },
  ],
  'key-share-twice': [{ options: replacing(extensionType.keyShare, shares(['X25519', 32], ['X25519', 32])) }],
  'key-share-not-offered': [
    { options: { groups: ['X25519'], ...replacing(extensionType.keyShare, shares(['X25519', 32], ['P-256', 65])) } },
  ],
  'key-share-invalid': [
    { options: replacing(extensionType.keyShare, shares(['X25519', 31])) },
    { options: replacing(extensionType.keyShare, shares(['X25519', 32])) }, // all zero: its product is zero
    { options: { groups: ['P-256'], ...replacing(extensionType.keyShare, shares(['P-256', 65])) } },
    { options: { groups: ['P-384'], ...replacing(extensionType.keyShare, shares(['P-384', 97])) } },
    // The X25519 half is all zero; and then one byte too few of it.
    { options: { groups: ['X25519MLKEM768'], ...replacing(extensionType.keyShare, shares(['X25519MLKEM768', 1216])) } },
    { options: { groups: ['X25519MLKEM768'], ...replacing(extensionType.keyShare, shares(['X25519MLKEM768', 1215])) } },
    {
      // The curve's half is sound, and a coefficient of the other is not reduced (FIPS 203 §7.2).
      options: {
        groups: ['X25519MLKEM768'],
        editExtensions: (extensions) =>
          extensions.map(({ type, body }) => ({
            type,
            body: type === extensionType.keyShare ? unreduced(body) : body,
          })),
      },
    },
    {
      options: {
        groups: ['SecP256r1MLKEM768'],
        ...replacing(extensionType.keyShare, shares(['SecP256r1MLKEM768', 1249])),
      },
    },
  ],
  'server-name-twice': [{ options: replacing(extensionType.serverName, names('a.example', 'b.example')) }],
  'server-name-illegal': [
    { options: { serverName: 'shop\0.example.com' } },
    { options: { serverName: 'shöp.example.com' } },
    { options: { serverName: `${'a'.repeat(63)}.`.repeat(4) + 'com' } },
    { options: { serverName: '.' } },
  ],
  'server-name-missing': [{ options: { serverName: undefined }, config: { credentials: () => undefined } }],
  'server-name-unknown': [{ options: { serverName: 'unknown.example.com' } }],
  'no-common-protocol': [{ options: { alpn: ['http/1.0'] }, config: { alpn: ['h2', 'http/1.1'] } }],
  'record-size-limit-too-small': [
    { options: { extra: [{ type: extensionType.recordSizeLimit, body: Uint8Array.of(0, 63) }] } },
    { options: { extra: [{ type: extensionType.recordSizeLimit, body: Uint8Array.of(0, 0) }] } },
  ],
  'max-fragment-length-unknown': [0, 5, 255].map((code) => ({
    options: { extra: [{ type: extensionType.maxFragmentLength, body: Uint8Array.of(code) }] },
  })),
  'certificate-compression-twice': [
    { options: { extra: [{ type: extensionType.compressCertificate, body: Uint8Array.of(4, 0, 2, 0, 2) }] } },
    { options: { extra: [{ type: extensionType.compressCertificate, body: Uint8Array.of(6, 9, 9, 0, 2, 9, 9) }] } },
  ],
  'pre-shared-key-not-last': [{ options: { extra: [psk(1, 1)] } }],
  'psk-modes-missing': [
    {
      options: {
        editExtensions: (extensions) => [
          ...extensions.filter(({ type }) => type !== extensionType.pskKeyExchangeModes),
          psk(1, 1),
        ],
      },
    },
  ],
  'psk-binders-mismatch': [{ options: { editExtensions: (extensions) => [...extensions, psk(1, 2)] } }],
  'psk-binder-short': [
    { options: { editExtensions: (extensions) => withBinderOf([...extensions, psk(1, 1)], 31) } },
    { options: { editExtensions: (extensions) => withBinderOf([...extensions, psk(1, 1)], 0) } },
  ],
  'psk-binder-mismatch': [
    { resume: { editBound: (message) => flipLast(message) } },
    // A binder of the other hash, which is longer, where the client says that it stands for this session.
    { resume: { editExtensions: (extensions) => withBinderOf(extensions, 48) } },
    { resume: { shares: [], editBound: (message, retry) => (retry ? flipLast(message) : message) } },
  ],
  'second-hello-differs': [
    { options: { shares: [], edit: (hello, retry) => ({ ...hello, legacyVersion: retry ? 0x0302 : 0x0303 }) } },
    { options: { shares: [], edit: (hello, retry) => (retry ? { ...hello, random: new Uint8Array(32) } : hello) } },
    { options: { shares: [], edit: (hello, retry) => (retry ? { ...hello, sessionId: new Uint8Array(0) } : hello) } },
    {
      options: {
        shares: [],
        edit: (hello, retry) => ({ ...hello, cipherSuites: retry ? [0x1301] : hello.cipherSuites }),
      },
    },
    {
      options: {
        shares: [],
        edit: (hello, retry) => ({ ...hello, compressionMethods: new Uint8Array(retry ? 2 : 1) }),
      },
    },
    { options: onRetry((extensions) => extensions.toReversed()) },
    { options: onRetry((extensions) => [...extensions, psk(1, 1)]) },
    {
      // The session that would have been taken is gone.
      resume: onRetry((extensions) => extensions.filter(({ type }) => type !== extensionType.preSharedKey)),
    },
    {
      options: {
        shares: [],
        editExtensions: (extensions, retry) => [...extensions, retry ? psk(2, 2) : psk(1, 1)],
      },
    },
    {
      options: {
        shares: [],
        editExtensions: (extensions, retry) => [...extensions, retry ? psk(1, 1, 9) : psk(1, 1)],
      },
    },
    { options: onRetry((extensions) => extensions.slice(1)) },
    { options: onRetry((extensions) => [unknownExtension, ...extensions]) },
    { options: onRetry((extensions) => [{ type: extensionType.cookie, body: Uint8Array.of(0, 1, 1) }, ...extensions]) },
  ],
  'second-hello-wrong-share': [
    { options: onRetry((extensions) => replace(extensions, extensionType.keyShare, shares())) },
    { options: onRetry((extensions) => replace(extensions, extensionType.keyShare, shares(['P-256', 65]))) },
    {
      options: onRetry((extensions) =>
        replace(extensions, extensionType.keyShare, shares(['X25519', 32], ['P-256', 65])),
      ),
    },
  ],
  'second-hello-early-data': [
    { options: onRetry((extensions) => [{ type: extensionType.earlyData, body: new Uint8Array(0) }, ...extensions]) },
  ],
  'compression-null-missing': [], // TLS 1.2 only
  'renegotiation-info-not-empty': [], // TLS 1.2 only
  'point-format-missing': [], // TLS 1.2 only
  'client-share-invalid': [], // TLS 1.2 only
  'too-many-renegotiations': [], // TLS 1.2 only
  'alert-level-unknown': [
    { send: (client) => [client.alert(40, 0)] },
    { send: (client) => [client.alert(0, 3)] },
    { upTo: 'server-flight', send: (client) => [client.alert(90, 255)] },
  ],
  'error-alert-as-warning': [
    { send: (client) => [client.alert(40, 1)] },
    { upTo: 'server-flight', send: (client) => [client.alert(200, 1)] },
  ],
  'no-certificate-in-tls12': [], // TLS 1.2 only
  'resumed-without-extended-master-secret': [], // TLS 1.2 only
  'request-context-not-empty': [{ ...asked, options: identity(([, verify]) => [certificate(1), verify]) }],
  'extension-not-offered': [{ ...asked, options: identity(([, verify]) => [certificate(0, true), verify]) }],
  'signature-scheme-not-offered': [
    { ...asked, options: identity(([first, verify]) => [first, verifyAs(verify, 0x0401)]) },
    { ...asked, options: identity(([first, verify]) => [first, verifyAs(verify, 0x0203)]) },
  ],
  'signature-scheme-of-another-key': [
    { ...asked, options: identity(([first, verify]) => [first, verifyAs(verify, 0x0807)]) },
    { ...asked, options: identity(([first, verify]) => [first, verifyAs(verify, 0x0503)]) },
  ],
  'signature-wrong': [
    { ...asked, options: identity(([first, verify]) => [first, flipLast(verify)]) },
    { ...asked, options: identity(([first, verify]) => [first, verify.slice(0, 8)].map(relength)) },
  ],
  'finished-length': [
    { upTo: 'server-flight', send: (client) => client.finish(finished(client.finishedMessage.subarray(4, -1))) },
    { upTo: 'server-flight', send: (client) => client.finish(finished(new Uint8Array(0))) },
  ],
  'finished-mismatch': [{ upTo: 'server-flight', send: (client) => client.finish(finished(new Uint8Array(32))) }],
  'key-update-request-unknown': [{ send: (client) => [client.protect(22, keyUpdate(2))] }],
  'too-many-key-updates': [{ send: (client) => Array.from({ length: 33 }, () => client.keyUpdate(0)) }],
}

for (const reason of Object.keys(faults) as FaultReason[])
  suite(reason, () => {
    const cases = provocations[reason]
    const tls12Cases = tls12Provocations[reason] ?? []
    test('is provoked somewhere', () => assert(cases.length + tls12Cases.length > 0))
    for (const [i, provocation] of cases.entries())
      test(`${i + 1}: the connection ends with ${faults[reason].alert}`, () => provoke(provocation, reason))
    for (const [i, provocation] of tls12Cases.entries())
      test(`TLS 1.2, ${i + 1}: the connection ends with ${faults[reason].alert}`, () =>
        provokeInTls12(provocation, reason))
  })

function provoke({ options, resume, config, upTo, send }: Provocation, reason: FaultReason): void {
  const tickets = ticketSettings()
  const sessions = resume && sessionsOf(tickets)
  const peer = new TestClient({
    crypto: native,
    random: seededRandom(7),
    ...options,
    ...(resume && { ...resume, sessions }),
  })
  const server = new ServerConnection(serverConfig({ tickets, ...config }))
  if (upTo === 'server-flight') peer.holdFinished = true
  const handshake = upTo === 'nothing' ? [] : converse(peer, server)
  if (upTo === undefined && send !== undefined) assert.equal(server.state, 'open', JSON.stringify(handshake))
  checkEnding(reason, peer, server, [...handshake, ...server.receive(concat(...(send?.(peer) ?? [])))])
}

function provokeInTls12({ options, config, upTo, send }: Tls12Provocation, reason: FaultReason): void {
  const peer = new TestTls12Client({ crypto: native, random: seededRandom(7), ...options })
  const server = new ServerConnection(serverConfig(config))
  if (upTo !== undefined) peer.holdFlight = true
  const events = converse(peer, server)
  if (upTo === undefined && send !== undefined) assert.equal(server.state, 'open', JSON.stringify(events))
  if (upTo === 'keys') {
    events.push(...server.receive(concat(plainRecord(22, peer.keyExchangeMessage), changeCipherSpec)))
    peer.useKeys()
  }
  checkEnding(reason, peer, server, [...events, ...server.receive(concat(...(send?.(peer) ?? [])))])
}

function checkEnding(
  reason: FaultReason,
  peer: TestClient | TestTls12Client,
  server: ServerConnection,
  events: readonly ConnectionEvent[],
): void {
  const failed = events.at(-1)
  assert(failed?.type === 'failed', `no failure in ${JSON.stringify(events)}`)
  assert.equal(failed.reason, reason)
  assert.equal(failed.alert, faults[reason].alert)
  assert.equal(failed.by, 'sent')
  assert.equal(server.state, 'closed')
  assert.equal(server.canSend, false)
  peer.receive(concat(...server.takeOutput()))
  const heard = peer.heard.at(-1)
  assert(heard?.type === 'alert', 'the client heard no alert')
  assert.deepEqual([heard.alert, heard.level], [faults[reason].alert, 2])
  assert.deepEqual(server.receive(concat(...peer.hello())), [], 'what comes after a fault is ignored')
  assert.deepEqual(server.takeOutput(), [])
}

function keyUpdate(request: number): Uint8Array {
  return writeHandshake(handshakeType.keyUpdate, (out) => out.u8(request))
}

function finished(verifyData: Uint8Array): Uint8Array {
  return writeHandshake(handshakeType.finished, (out) => out.raw(verifyData))
}

function without(type: number): Partial<ClientOptions> {
  return { editExtensions: (extensions) => extensions.filter((extension) => extension.type !== type) }
}

function replacing(type: number, body: Uint8Array): Partial<ClientOptions> {
  return { editExtensions: (extensions) => replace(extensions, type, body) }
}

function replace(extensions: readonly Extension[], type: number, body: Uint8Array): Extension[] {
  return extensions.map((extension) => (extension.type === type ? { type, body } : extension))
}

/** A client that is asked to try again, and changes its extensions then. */
function onRetry(change: (extensions: readonly Extension[]) => readonly Extension[]): Partial<ClientOptions> {
  return { shares: [], editExtensions: (extensions, retry) => (retry ? change(extensions) : extensions) }
}

function shares(...entries: readonly (readonly [keyof typeof groupIds, number])[]): Uint8Array {
  return writeClientShares(
    entries.map(([group, length]) => ({ group: groupIds[group], share: new Uint8Array(length) })),
  )
}

/** A key_share with one hybrid, of whose encapsulation key the first coefficient becomes 4095. */
function unreduced(keyShare: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(keyShare)
  changed.set([0xff, 0xff], 2 + 2 + 2)
  return changed
}

/** A client that is asked who it is, and changes what it says then. */
function identity(
  edit: (messages: readonly [Uint8Array, Uint8Array]) => readonly Uint8Array[],
): Partial<ClientOptions> {
  return {
    identity: testCredential('p256', native),
    editIdentity: ([first, second]) => edit([first as Uint8Array, second as Uint8Array]),
  }
}

function certificate(contextLength: number, withExtension = false): Uint8Array {
  return writeHandshake(handshakeType.certificate, (out) => {
    out.prefixed8((context) => context.raw(new Uint8Array(contextLength)))
    out.prefixed24((list) => {
      list.prefixed24((data) => data.raw(testCredential('p256', native).chain[0] as Uint8Array))
      writeExtensions(list, withExtension ? [{ type: 5, body: new Uint8Array(0) }] : [])
    })
  })
}

/** A CertificateVerify that claims another scheme. */
function verifyAs(verify: Uint8Array, scheme: number): Uint8Array {
  return verify.map((byte, i) => (i === 4 ? scheme >> 8 : i === 5 ? scheme & 0xff : byte))
}

/** A CertificateVerify without a signature where it was cut, and with lengths that say so. */
function relength(message: Uint8Array): Uint8Array {
  if (message[0] !== handshakeType.certificateVerify) return message
  return writeHandshake(handshakeType.certificateVerify, (out) => {
    out.raw(message.subarray(4, 6))
    out.prefixed16(() => undefined)
  })
}

/** The binders are the last bytes of a hello, and the signature those of a CertificateVerify. */
function flipLast(message: Uint8Array): Uint8Array {
  return message.map((byte, i) => (i === message.length - 1 ? byte ^ 1 : byte))
}

/** The client's offer, with one binder of another length. */
function withBinderOf(extensions: readonly Extension[], length: number): Extension[] {
  return extensions.map(({ type, body }) => {
    if (type !== extensionType.preSharedKey) return { type, body }
    const { identities } = readOfferedPsks(body)
    return { type, body: writeOfferedPsks({ identities, binders: [new Uint8Array(length)] }) }
  })
}

function names(...hosts: readonly string[]): Uint8Array {
  return writeServerNames(hosts.map((host) => ({ type: 0, name: Buffer.from(host) })))
}

function psk(identities: number, binders: number, first = 1): Extension {
  const identity = { identity: Uint8Array.of(first, 2, 3), obfuscatedTicketAge: 5 }
  const body = writeOfferedPsks({
    identities: Array.from({ length: identities }, () => identity),
    binders: Array.from({ length: binders }, () => new Uint8Array(32)),
  })
  return { type: extensionType.preSharedKey, body }
}
