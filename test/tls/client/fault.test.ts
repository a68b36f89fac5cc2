/** Walks the table of a server's faults: every reason is provoked, and the server hears the alert that the table promises. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { suite, test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { native } from '../../../src/crypto/native/provider.ts'
import type { GroupName } from '../../../src/crypto/provider.ts'
import type { ClientConfig } from '../../../src/tls/client/config.ts'
import { ClientConnection } from '../../../src/tls/client/connection.ts'
import { serverFaults, type ServerFaultReason } from '../../../src/tls/client/faults.ts'
import type { Session } from '../../../src/tls/client/session.ts'
import type { Trust } from '../../../src/tls/client/trust.ts'
import { faults, type FaultReason } from '../../../src/tls/fault.ts'
import { defaultLimits } from '../../../src/tls/limits.ts'
import { groupIds, suites } from '../../../src/tls/suites.ts'
import { writeCertificateRequest } from '../../../src/wire/certificate-request.ts'
import { writeCertificateVerify, readCertificateVerify } from '../../../src/wire/certificate-verify.ts'
import { writeCertificate } from '../../../src/wire/certificate.ts'
import { alertName, contentType, extensionType, handshakeType } from '../../../src/wire/code-points.ts'
import { writeExtensions, type Extension } from '../../../src/wire/extension.ts'
import { writeProtocolNames } from '../../../src/wire/extensions/alpn.ts'
import { writeServerShare } from '../../../src/wire/extensions/key-share.ts'
import { writeNumber, writeNumbers16 } from '../../../src/wire/extensions/number-list.ts'
import { writeHandshake } from '../../../src/wire/handshake.ts'
import { writeNewSessionTicket, type NewSessionTicket } from '../../../src/wire/new-session-ticket.ts'
import { parseCertificate } from '../../../src/x509/certificate.ts'
import { chainFaults } from '../../../src/x509/chain-fault.ts'
import { parseCredential } from '../../../src/x509/credential.ts'
import { parseCrls } from '../../../src/x509/crl.ts'
import { TrustAnchors } from '../../../src/x509/trust-anchors.ts'
import { testCredential } from '../../support/credentials.ts'
import { algorithms, issue, revocationList, type Issued } from '../../support/openssl.ts'
import { clientConfig, testTime } from '../../support/tls-pair.ts'
import { meet, ScriptedServer, type Script } from '../../support/tls-scripted-server.ts'
import { changeCipherSpec, plainRecord } from '../../support/tls-client.ts'
import {
  adding,
  doubling,
  followed,
  leftOut,
  patched,
  replacing,
  replacingMessage,
  twice,
  without,
  written,
} from './edits.ts'
import type { MessageEdit } from './edits.ts'
import { tls12Reasons } from './tls12-reasons.ts'

/** Faults of the shared table that a server can commit too. */
const common = [
  'not-a-record',
  'record-version',
  'record-too-long',
  'empty-fragment',
  'too-many-empty-records',
  'bad-record',
  'inner-content-type-missing',
  'inner-content-type-unknown',
  'unprotected-record',
  'application-data-too-early',
  'change-cipher-spec-malformed',
  'change-cipher-spec-misplaced',
  'too-many-change-cipher-specs',
  'read-key-exhausted',
  'too-many-warnings',
  'malformed-message',
  'message-too-long',
  'record-size-limit-too-small',
  'message-interrupted',
  'message-across-keys',
  'message-out-of-order',
  'extension-twice',
  'request-context-not-empty',
  'extension-not-offered',
  'signature-scheme-not-offered',
  'signature-scheme-of-another-key',
  'signature-wrong',
  'signature-algorithms-missing',
  'key-share-invalid',
  'finished-length',
  'finished-mismatch',
  'key-update-request-unknown',
  'too-many-key-updates',
] as const satisfies readonly FaultReason[]

/** What the client's own opinion on certificates refuses; test/x509/chain.test.ts has them all. */
type CertificateReason =
  | 'malformed'
  | 'unsupported-key'
  | 'may-not-sign'
  | 'expired'
  | 'not-yet-valid'
  | 'unknown-issuer'
  | 'bad-signature'
  | 'name-mismatch'
  | 'wrong-purpose'
  | 'revoked'

type Reason = Exclude<ServerFaultReason, (typeof tls12Reasons)[number]> | CertificateReason | (typeof common)[number]

interface Provocation {
  readonly script?: Script
  readonly config?: Partial<ClientConfig>
  /** Records sent once the handshake is over, or instead of it; left out: the handshake itself is the fault. */
  readonly send?: (server: ScriptedServer) => readonly Uint8Array[]
  readonly insteadOfHandshake?: true
}

/** Where fields of a ServerHello message stand, counted from its first byte. */
const legacyVersionAt = 4
const compressionAt = 73
const version13: Extension = { type: extensionType.supportedVersions, body: writeNumber(0x0304) }
const empty = new Uint8Array(0)
const [leaf = empty] = testCredential('ed25519', native).chain
const ed448 = der(issue({ algorithm: ['-newkey', 'ed448'] }))
const forAgreement = der(issue({ algorithm: algorithms.ed25519, extensions: ['keyUsage=critical,keyAgreement'] }))
const session: Session = {
  version: 'TLSv1.3',
  suite: 'TLS_AES_128_GCM_SHA256',
  ticket: Uint8Array.of(1, 2, 3),
  secret: new Uint8Array(32).fill(7),
  ageAdd: 7,
  receivedAt: testTime,
  expiresAt: testTime + 60_000,
  serverName: 'shop.example.com',
  chain: [leaf],
}
const day = 86_400_000
const name = 'shop.example.com'
const authority = ['basicConstraints=critical,CA:true']
const names = [`subjectAltName=DNS:${name}`, 'basicConstraints=critical,CA:false']
const algorithm = algorithms.ed25519
const root = issue({ algorithm, subject: '/CN=Root', extensions: authority })
const impostor = issue({ algorithm, subject: '/CN=Root', extensions: [...authority, 'subjectKeyIdentifier=none'] })
const stranger = issue({ algorithm, subject: '/CN=Stranger', extensions: authority })
const good = issue({ algorithm, extensions: names, issuer: root })
const forClients = issue({
  algorithm,
  extensions: [...names, 'extendedKeyUsage=clientAuth'],
  issuer: root,
  key: good.key,
})
const signatures: readonly Extension[] = [{ type: extensionType.signatureAlgorithms, body: writeNumbers16([0x0807]) }]

const provocations: { readonly [R in Reason]: readonly Provocation[] } = {
  'server-version-unsupported': [
    { script: { hello: without(extensionType.supportedVersions) }, config: { minVersion: 'TLSv1.3' } },
    { script: { edit: patched(handshakeType.serverHello, legacyVersionAt, 0x03, 0x01), hello: without(43) } },
  ],
  'server-version-not-offered': [
    { script: { hello: replacing(extensionType.supportedVersions, writeNumber(0x0303)) } },
    { script: { hello: replacing(extensionType.supportedVersions, writeNumber(0x0305)) } },
    { script: { hello: replacing(extensionType.supportedVersions, writeNumber(0x7f1c)) } },
  ],
  'legacy-version-wrong': [
    { script: { edit: patched(handshakeType.serverHello, legacyVersionAt, 0x03, 0x04) } },
    { script: { edit: patched(handshakeType.serverHello, legacyVersionAt, 0x03, 0x01) } },
  ],
  'session-id-not-echoed': [
    { script: { hello: (hello) => ({ ...hello, sessionId: new Uint8Array(0) }) } },
    { script: { hello: (hello) => ({ ...hello, sessionId: new Uint8Array(32) }) } },
    { script: { hello: (hello) => ({ ...hello, sessionId: hello.sessionId.subarray(1) }) } },
    { script: { retry: retryFor('P-256'), hello: (hello) => ({ ...hello, sessionId: new Uint8Array(32) }) } },
  ],
  'suite-not-offered': [
    { script: { hello: (hello) => ({ ...hello, cipherSuite: 0x1304 }) } },
    { script: { hello: (hello) => ({ ...hello, cipherSuite: 0xc02f }) } },
    { script: { hello: (hello) => ({ ...hello, cipherSuite: suites.TLS_AES_256_GCM_SHA384.id }) }, config: aesOnly() },
  ],
  'compression-chosen': [{ script: { edit: patched(handshakeType.serverHello, compressionAt, 1) } }],
  'extension-not-offered': [
    { script: { hello: adding({ type: 0x7777, body: Uint8Array.of() }) } },
    { script: { hello: adding({ type: extensionType.preSharedKey, body: writeNumber(0) }) } },
    { script: { hello: adding({ type: extensionType.cookie, body: Uint8Array.of(0, 1, 1) }) } },
    { script: { retry: [...retryFor('P-256'), { type: 0x7777, body: Uint8Array.of() }] } },
    { script: { encryptedExtensions: [{ type: 0x7777, body: Uint8Array.of() }] } },
    { script: { encryptedExtensions: [{ type: extensionType.alpn, body: protocols('h2') }] } },
    { script: { encryptedExtensions: [{ type: extensionType.serverName, body: Uint8Array.of() }] }, config: noName() },
    { script: { encryptedExtensions: [{ type: extensionType.earlyData, body: Uint8Array.of() }] } },
    { script: { edit: replacingMessage(handshakeType.certificate, stapled) } },
  ],
  'extension-misplaced': [
    { script: { hello: adding({ type: extensionType.serverName, body: Uint8Array.of() }) } },
    { script: { hello: adding({ type: extensionType.supportedGroups, body: writeNumbers16([29]) }) } },
    { script: { encryptedExtensions: [{ type: extensionType.keyShare, body: writeNumber(23) }] } },
    { script: { encryptedExtensions: [{ type: extensionType.supportedVersions, body: writeNumber(0x0304) }] } },
    { script: { encryptedExtensions: [{ type: extensionType.signatureAlgorithms, body: writeNumbers16([0x0403]) }] } },
    { script: { request: request([{ type: extensionType.keyShare, body: Uint8Array.of() }]) } },
    { send: (server) => [ticket(server, { extensions: [{ type: extensionType.keyShare, body: Uint8Array.of() }] })] },
  ],
  'extension-twice': [
    { script: { hello: doubling(extensionType.keyShare) } },
    { script: { hello: doubling(extensionType.supportedVersions) } },
    { script: { retry: [...retryFor('P-256'), ...retryFor('P-256')] } },
    {
      script: {
        encryptedExtensions: [
          { type: extensionType.serverName, body: Uint8Array.of() },
          { type: extensionType.serverName, body: Uint8Array.of() },
        ],
      },
    },
    {
      script: {
        request: request([
          { type: 0x7777, body: Uint8Array.of() },
          { type: 0x7777, body: Uint8Array.of() },
        ]),
      },
    },
  ],
  'server-share-missing': [{ script: { hello: without(extensionType.keyShare) } }],
  'server-share-not-offered': [
    { script: { hello: replacing(extensionType.keyShare, share(groupIds['P-256'], 65)) } },
    { script: { hello: replacing(extensionType.keyShare, share(0x6399, 1)) } },
    { script: { retry: retryFor('P-256'), group: 'X25519' } },
  ],
  'key-share-invalid': [
    { script: { hello: replacing(extensionType.keyShare, share(groupIds.X25519, 32)) } },
    { script: { hello: replacing(extensionType.keyShare, share(groupIds.X25519, 31)) } },
    { script: { hello: replacing(extensionType.keyShare, share(groupIds.X25519, 0)) } },
    { script: { hello: replacing(extensionType.keyShare, share(groupIds['P-256'], 65)) }, config: groups('P-256') },
    // The X25519 part is all zero; and then a byte too few, and one too many.
    ...[1120, 1119, 1121].map((length) => ({
      script: { hello: replacing(extensionType.keyShare, share(groupIds.X25519MLKEM768, length)) },
      config: groups('X25519MLKEM768'),
    })),
  ],
  'psk-not-offered': [
    { script: { hello: adding({ type: extensionType.preSharedKey, body: writeNumber(1) }) }, config: { session } },
    { script: { hello: adding({ type: extensionType.preSharedKey, body: writeNumber(0xffff) }) }, config: { session } },
  ],
  'psk-hash-differs': [
    {
      script: { hello: adding({ type: extensionType.preSharedKey, body: writeNumber(0) }) },
      config: { session: { ...session, suite: 'TLS_AES_256_GCM_SHA384', secret: new Uint8Array(48) } },
    },
  ],
  'psk-without-share': [
    {
      script: {
        hello: (hello) => ({
          ...hello,
          extensions: [
            ...hello.extensions.filter(({ type }) => type !== extensionType.keyShare),
            { type: extensionType.preSharedKey, body: writeNumber(0) },
          ],
        }),
      },
      config: { session },
    },
  ],
  'retry-twice': [{ script: { retry: retryFor('P-256'), edit: twice(handshakeType.serverHello) } }],
  'retry-changes-nothing': [{ script: { retry: [version13] } }],
  'retry-group-not-offered': [
    { script: { retry: [version13, { type: extensionType.keyShare, body: writeNumber(0x6399) }] } },
    { script: { retry: retryFor('P-256') }, config: groups('X25519') },
  ],
  'retry-group-needless': [
    { script: { retry: retryFor('X25519') } },
    { script: { retry: [...retryFor('X25519'), { type: extensionType.cookie, body: Uint8Array.of(0, 1, 1) }] } },
  ],
  'retry-version-differs': [
    {
      script: {
        retry: retryFor('P-256'),
        hello: (hello, retry) => (retry ? hello : without(extensionType.supportedVersions)(hello)),
      },
    },
  ],
  'retry-suite-differs': [
    {
      script: {
        retry: retryFor('P-256'),
        group: 'P-256',
        hello: (hello, retry) => (retry ? hello : { ...hello, cipherSuite: suites.TLS_CHACHA20_POLY1305_SHA256.id }),
      },
    },
  ],
  'protocol-not-offered': [
    { script: answering('h3'), config: { alpn: ['h2'] } },
    { script: answering('H2'), config: { alpn: ['h2'] } },
    { script: answering('h2', 'http/1.1'), config: { alpn: ['h2', 'http/1.1'] } },
    { script: answering('\u00ff\u00fe'), config: { alpn: ['h2', '\ufffd\ufffd'] } },
  ],
  'request-context-not-empty': [
    { script: { request: request([], Uint8Array.of(1)) } },
    {
      script: {
        edit: replacingMessage(handshakeType.certificate, (body) => concat(Uint8Array.of(1, 7), body.subarray(1))),
      },
    },
  ],
  'signature-algorithms-missing': [{ script: { request: request([{ type: 0x7777, body: Uint8Array.of() }]) } }],
  'certificate-missing': [
    { script: { edit: replacingMessage(handshakeType.certificate, () => Uint8Array.of(0, 0, 0, 0)) } },
  ],
  malformed: [
    { script: { edit: replacingMessage(handshakeType.certificate, () => chain(Buffer.from('no certificate'))) } },
    { ...presenting([der(good), Buffer.from('no certificate')]) },
  ],
  'unsupported-key': [{ script: { edit: replacingMessage(handshakeType.certificate, () => chain(ed448)) } }],
  'may-not-sign': [{ script: { edit: replacingMessage(handshakeType.certificate, () => chain(forAgreement)) } }],
  expired: [presenting([der(good)], { now: () => Date.now() + 31 * day })],
  'not-yet-valid': [presenting([der(good)], { now: () => Date.now() - day })],
  'unknown-issuer': [
    presenting([der(good)], { trust: verified({ anchors: [stranger] }) }),
    presenting([der(good), der(root)], { trust: verified({ anchors: [stranger] }) }),
    presenting([der(good)], { trust: verified({ anchors: [] }) }),
  ],
  'bad-signature': [presenting([der(good)], { trust: verified({ anchors: [impostor] }) })],
  'name-mismatch': [
    presenting([der(good)], { trust: verified({ name: 'other.example.com' }) }),
    presenting([der(good)], { trust: verified({ name: '192.0.2.1' }) }),
    presenting([der(good)], { trust: verified({ name: 'com' }) }),
  ],
  'wrong-purpose': [presenting([der(forClients)])],
  revoked: [
    presenting([der(good)], { trust: verified({ crl: revocationList({ issuer: root, serials: [serialOf(good)] }) }) }),
  ],
  'certificate-not-pinned': [{ config: { trust: { accept: 'pinned', fingerprints: ['ab'.repeat(32)] } } }],
  'signature-scheme-not-offered': [
    { config: { schemes: ['ECDSA-P256-SHA256'] } },
    { script: { edit: signing(0x0401) } },
    { script: { edit: signing(0x0203) } },
  ],
  'signature-scheme-of-another-key': [{ script: { edit: signing(0x0403) } }, { script: { edit: signing(0x0804) } }],
  'signature-wrong': [
    { script: { edit: signing(0x0807, (signature) => signature.fill(0)) } },
    { script: { edit: signing(0x0807, (signature) => signature.subarray(1)) } },
    { script: { edit: signing(0x0807, () => empty) } },
    { script: { edit: patched(handshakeType.certificateVerify, 12, 0, 0, 0) } },
  ],
  'ticket-lifetime-too-long': [{ send: (server) => [ticket(server, { lifetime: 604_801 })] }],
  'not-a-record': [
    { insteadOfHandshake: true, send: () => [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')] },
    { insteadOfHandshake: true, send: () => [Buffer.from('220 mail.example.com ESMTP\r\n')] },
    { send: () => [Uint8Array.of(24)] },
  ],
  'record-version': [{ insteadOfHandshake: true, send: () => [Uint8Array.of(22, 2, 0, 0, 5)] }],
  'record-too-long': [
    { insteadOfHandshake: true, send: () => [Uint8Array.of(22, 3, 3, 0x40, 0x01)] },
    { send: () => [Uint8Array.of(23, 3, 3, 0x41, 0x01)] },
  ],
  'empty-fragment': [
    { insteadOfHandshake: true, send: () => [plainRecord(22, empty)] },
    { send: (server) => [server.protect(contentType.handshake, empty)] },
    { send: (server) => [server.protect(contentType.alert, empty)] },
  ],
  'too-many-empty-records': [
    { send: (server) => Array.from({ length: 33 }, () => server.protect(contentType.applicationData, empty)) },
  ],
  'bad-record': [
    { send: (server) => [server.protect(23, 'data').map((byte, i) => (i === 7 ? byte ^ 1 : byte))] },
    { send: (server) => (server.protect(23, 'one lost'), [server.protect(23, 'data')]) },
    { send: (server) => repeated(server.protect(23, 'data')) },
    { send: () => [plainRecord(23, new Uint8Array(17))] },
    { send: () => [plainRecord(23, new Uint8Array(3))] },
  ],
  'inner-content-type-missing': [{ send: (server) => [server.protect(0, new Uint8Array(20))] }],
  'inner-content-type-unknown': [
    { send: (server) => [server.protect(24, 'heartbeat')] },
    { send: (server) => [server.protect(99, 'nothing')] },
  ],
  'unprotected-record': [
    { send: () => [plainRecord(contentType.handshake, Uint8Array.of(24, 0, 0, 1, 0))] },
    { send: () => [plainRecord(contentType.alert, Uint8Array.of(1, 0))] },
  ],
  'application-data-too-early': [
    { insteadOfHandshake: true, send: () => [plainRecord(23, new Uint8Array(20))] },
    { script: { interlude: (server) => [server.protect(23, 'too soon')] } },
  ],
  'change-cipher-spec-malformed': [
    { insteadOfHandshake: true, send: () => [plainRecord(20, Uint8Array.of(2))] },
    { insteadOfHandshake: true, send: () => [plainRecord(20, Uint8Array.of(1, 1))] },
  ],
  'change-cipher-spec-misplaced': [
    { send: () => [changeCipherSpec] },
    { send: (server) => [server.protect(20, Uint8Array.of(1))] },
  ],
  'too-many-change-cipher-specs': [
    { insteadOfHandshake: true, send: () => Array<Uint8Array>(5).fill(changeCipherSpec) },
  ],
  'read-key-exhausted': [
    {
      config: { limits: { ...defaultLimits, recordsPerKey: 4 } },
      send: (server) => Array.from({ length: 8 }, () => server.protect(23, 'x')),
    },
  ],
  'too-many-warnings': [
    { send: (server) => Array.from({ length: 5 }, () => server.protect(21, Uint8Array.of(1, 90))) },
  ],
  'malformed-message': [
    { script: { edit: replacingMessage(handshakeType.serverHello, (body) => body.subarray(0, -1)) } },
    { script: { edit: replacingMessage(handshakeType.encryptedExtensions, () => Uint8Array.of(0)) } },
    { script: { edit: replacingMessage(handshakeType.encryptedExtensions, () => Uint8Array.of(0, 0, 0)) } },
    { script: { encryptedExtensions: [{ type: extensionType.serverName, body: Uint8Array.of(0) }] } },
    { script: { encryptedExtensions: [{ type: extensionType.supportedGroups, body: Uint8Array.of(0, 1, 0) }] } },
    { script: { edit: replacingMessage(handshakeType.certificate, (body) => body.subarray(0, -1)) } },
    { script: { edit: replacingMessage(handshakeType.certificateVerify, (body) => body.subarray(0, -1)) } },
    {
      send: (server) => [
        server.protect(
          22,
          writeHandshake(handshakeType.newSessionTicket, (out) => out.u32(1)),
        ),
      ],
    },
    { send: (server) => [server.protect(22, Uint8Array.of(24, 0, 0, 2, 0, 0))] },
    { send: (server) => [server.protect(21, Uint8Array.of(1))] },
    { send: (server) => [ticket(server, { extensions: [{ type: extensionType.earlyData, body: empty }] })] },
  ],
  'message-too-long': [{ insteadOfHandshake: true, send: () => [plainRecord(22, Uint8Array.of(2, 1, 0, 1))] }],
  'record-size-limit-too-small': [
    { script: { encryptedExtensions: [{ type: extensionType.recordSizeLimit, body: writeNumber(63) }] } },
  ],
  'message-interrupted': [
    { insteadOfHandshake: true, send: () => [plainRecord(22, Uint8Array.of(2, 0, 0, 99)), changeCipherSpec] },
    { send: (server) => [server.protect(22, Uint8Array.of(4, 0)), server.protect(23, 'data')] },
  ],
  'message-across-keys': [
    { script: { edit: followed(handshakeType.serverHello, Uint8Array.of(8, 0, 0, 2, 0, 0)) } },
    { script: { edit: followed(handshakeType.finished, Uint8Array.of(4)) } },
    { send: (server) => [server.protect(22, Uint8Array.of(24, 0, 0, 1, 0, 24, 0))] },
  ],
  'message-out-of-order': [
    // A session that is resumed brings no certificate.
    {
      script: { hello: adding({ type: extensionType.preSharedKey, body: writeNumber(0) }), psk: session.secret },
      config: { session },
    },
    { insteadOfHandshake: true, send: () => [plainRecord(22, Uint8Array.of(1, 0, 0, 0))] },
    { insteadOfHandshake: true, send: () => [plainRecord(22, Uint8Array.of(0, 0, 0, 0))] },
    { script: { edit: leftOut(handshakeType.encryptedExtensions) } },
    { script: { edit: leftOut(handshakeType.certificate) } },
    { script: { edit: leftOut(handshakeType.certificateVerify) } },
    { script: { edit: twice(handshakeType.encryptedExtensions) } },
    { script: { edit: twice(handshakeType.certificate) } },
    { script: { edit: twice(handshakeType.certificateVerify) } },
    { script: { request: concat(request(signatures), request(signatures)) } },
    { send: (server) => [server.protect(22, request(signatures))] },
    { send: (server) => [server.protect(22, Uint8Array.of(20, 0, 0, 0))] },
    { send: (server) => [server.protect(22, Uint8Array.of(2, 0, 0, 0))] },
  ],
  'finished-length': [
    { script: { edit: replacingMessage(handshakeType.finished, (body) => body.subarray(1)) } },
    { script: { edit: replacingMessage(handshakeType.finished, (body) => concat(body, Uint8Array.of(0))) } },
  ],
  'finished-mismatch': [
    // Who does not know the session's key cannot resume it.
    {
      script: {
        hello: adding({ type: extensionType.preSharedKey, body: writeNumber(0) }),
        psk: session.secret,
        edit: (message, type) =>
          type === handshakeType.certificate || type === handshakeType.certificateVerify
            ? []
            : type === handshakeType.finished
              ? [message.map((byte, i) => (i < 4 ? byte : byte ^ 1))]
              : [message],
      },
      config: { session },
    },
    { script: { edit: replacingMessage(handshakeType.finished, (body) => body.map((byte) => byte ^ 1)) } },
  ],
  'key-update-request-unknown': [{ send: (server) => [server.protect(22, Uint8Array.of(24, 0, 0, 1, 2))] }],
  'too-many-key-updates': [
    { send: (server) => Array.from({ length: 33 }, () => server.keyUpdate(0)) },
    { send: (server) => Array.from({ length: 33 }, () => ticket(server, {})) },
  ],
}

test('every reason of a server has its provocation, here or in tls12-fault.test.ts', () => {
  const missing = Object.keys(serverFaults).filter((reason) => !(reason in provocations))
  assert.deepEqual(missing.toSorted(), tls12Reasons.toSorted())
})

for (const [reason, cases] of Object.entries(provocations) as [Reason, readonly Provocation[]][])
  suite(reason, () => {
    test('is provoked somewhere', () => assert(cases.length > 0))
    for (const [i, provocation] of cases.entries())
      test(`${i + 1}: the connection ends with ${alertOf(reason)}`, () => provoke(provocation, reason))
  })

function alertOf(reason: Reason): string {
  return { ...faults, ...serverFaults, ...chainFaults }[reason].alert
}

function provoke({ script, config, send, insteadOfHandshake }: Provocation, reason: Reason): void {
  const server = new ScriptedServer(script)
  const { client, events } =
    insteadOfHandshake === true
      ? { client: new ClientConnection(clientConfig(config)), events: [] }
      : meet(server, config)
  if (insteadOfHandshake === undefined && send !== undefined) assert.equal(client.state, 'open', JSON.stringify(events))
  events.push(...client.receive(concat(...(send?.(server) ?? []))))

  const failed = events.at(-1)
  assert(failed?.type === 'failed', `no failure in ${JSON.stringify(events)}`)
  assert.equal(failed.reason, reason, failed.detail)
  assert.deepEqual([failed.by, failed.alert], ['sent', alertOf(reason)])
  assert.deepEqual([client.state, client.canSend], ['closed', false])
  if (insteadOfHandshake === true) heardInTheClear(client, alertOf(reason))
  else assert.equal((server.receive(concat(...client.takeOutput())), server.alert), alertOf(reason))
  assert.deepEqual(client.receive(changeCipherSpec), [], 'what comes after a fault is ignored')
  assert.deepEqual(client.takeOutput(), [])
}

function heardInTheClear(client: ClientConnection, alert: string): void {
  const [, record] = client.takeOutput()
  assert(record !== undefined)
  assert.deepEqual([record[0], record[5], alertName(record[6] as number)], [contentType.alert, 2, alert])
}

function retryFor(group: keyof typeof groupIds): Extension[] {
  return [version13, { type: extensionType.keyShare, body: writeNumber(groupIds[group]) }]
}

/** A CertificateVerify that names this scheme, with its signature changed. */
function signing(scheme: number, change = (signature: Uint8Array): Uint8Array => signature): MessageEdit {
  return replacingMessage(handshakeType.certificateVerify, (body) => {
    const { signature } = readCertificateVerify(body)
    return written((out) => writeCertificateVerify(out, { scheme, signature: change(signature.slice()) }))
  })
}

/** A server with the key of `good`, which shows this chain to a client that believes `root`. */
function presenting(presented: readonly Uint8Array[], config: Partial<ClientConfig> = {}): Provocation {
  const credential = parseCredential(good.certificate, good.key)
  return {
    script: {
      credential: { ...credential, signingKey: native.signingKey(credential.privateKey) },
      edit: replacingMessage(handshakeType.certificate, () => chain(...presented)),
    },
    config: { now: () => Date.now(), trust: verified({}), ...config },
  }
}

function verified(change: {
  readonly anchors?: readonly Issued[]
  readonly name?: string
  readonly crl?: string
}): Trust {
  const anchors = (change.anchors ?? [root]).map((issued) => parseCertificate(der(issued)))
  const trust = { accept: 'verified', anchors: new TrustAnchors(anchors), name: change.name ?? name } as const
  return change.crl === undefined ? trust : { ...trust, revocation: { crls: parseCrls(change.crl) } }
}

function chain(...certificates: readonly Uint8Array[]): Uint8Array {
  return written((out) => writeCertificate(out, certificates))
}

/** The certificate with an OCSP answer that nobody asked for. */
function stapled(): Uint8Array {
  return written((out) => {
    out.prefixed8(() => undefined)
    out.prefixed24((list) => {
      list.prefixed24((data) => data.raw(leaf))
      writeExtensions(list, [{ type: 5, body: Uint8Array.of(1, 0, 0, 1, 0) }])
    })
  })
}

function request(extensions: readonly Extension[], context: Uint8Array = empty): Uint8Array {
  return writeHandshake(handshakeType.certificateRequest, (out) =>
    writeCertificateRequest(out, { context, extensions }),
  )
}

function ticket(server: ScriptedServer, change: Partial<NewSessionTicket>): Uint8Array {
  const usual = { lifetime: 60, ageAdd: 7, nonce: Uint8Array.of(1), ticket: Uint8Array.of(2, 3), extensions: [] }
  return server.protect(
    contentType.handshake,
    writeHandshake(handshakeType.newSessionTicket, (out) => writeNewSessionTicket(out, { ...usual, ...change })),
  )
}

function answering(...names: readonly string[]): Script {
  return { encryptedExtensions: [{ type: extensionType.alpn, body: protocols(...names) }] }
}

function protocols(...names: readonly string[]): Uint8Array {
  return writeProtocolNames(names.map((name) => Buffer.from(name, 'latin1')))
}

function share(group: number, length: number): Uint8Array {
  return writeServerShare({ group, share: new Uint8Array(length) })
}

function groups(...names: readonly GroupName[]): Partial<ClientConfig> {
  return { groups: names }
}

function aesOnly(): Partial<ClientConfig> {
  return { suites: ['TLS_AES_128_GCM_SHA256'] }
}

function noName(): Partial<ClientConfig> {
  return { serverName: undefined }
}

function repeated(record: Uint8Array): Uint8Array[] {
  return [record, record]
}

function der({ certificate }: Issued): Uint8Array {
  return new X509Certificate(certificate).raw
}

function serialOf({ certificate }: Issued): string {
  return new X509Certificate(certificate).serialNumber
}
