import { concat } from '../../../src/bytes/arrays.ts'
import { native } from '../../../src/crypto/native/provider.ts'
import type { ServerConfig } from '../../../src/tls/config.ts'
import type { FaultReason } from '../../../src/tls/fault.ts'
import { defaultLimits } from '../../../src/tls/limits.ts'
import type { ClientHello } from '../../../src/wire/client-hello.ts'
import { contentType, extensionType, fallbackSignal, handshakeType } from '../../../src/wire/code-points.ts'
import { writeNumbers16 } from '../../../src/wire/extensions/number-list.ts'
import { writeHandshake } from '../../../src/wire/handshake.ts'
import { testCredential } from '../../support/credentials.ts'
import { seededRandom } from '../../support/random.ts'
import { TestTls12Client, type Tls12ClientOptions, type Tls12ClientSession } from '../../support/tls12-client.ts'
import { changeCipherSpec, plainRecord } from '../../support/tls-client.ts'
import { established, ticketSettings } from '../../support/tls-server.ts'

/** How a client of TLS 1.2 provokes a fault. */
export interface Tls12Provocation {
  readonly options?: Partial<Tls12ClientOptions>
  readonly config?: Partial<ServerConfig>
  /** Up to ServerHelloDone, or up to our change_cipher_spec; left out: the handshake is completed first. */
  readonly upTo?: 'server-flight' | 'keys'
  /** Records sent then; left out: the handshake itself is the fault. */
  readonly send?: (client: TestTls12Client) => readonly Uint8Array[]
}

const tickets = ticketSettings()

/** The faults of TLS 1.2, and those that it shares with 1.3, as far as a client gets at them in another way. */
export const tls12Provocations: { readonly [Reason in FaultReason]?: readonly Tls12Provocation[] } = {
  'record-version': [{ send: (client) => [client.data('x').with(2, 2)] }],
  'record-too-long': [
    { options: { suites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'] }, send: (client) => [client.overlong(16_385)] },
    { send: () => [Uint8Array.of(23, 3, 3, 0x44, 0x01)] },
  ],
  'empty-fragment': [{ send: (client) => [client.protect(22, new Uint8Array(0))] }],
  'too-many-empty-records': [{ send: (client) => Array.from({ length: 33 }, () => client.data('')) }],
  'bad-record': [
    { send: () => [plainRecord(23, seededRandom(5)(40))] },
    { send: () => [plainRecord(21, Uint8Array.of(1, 0))] },
    { send: () => [plainRecord(20, Uint8Array.of(1))] },
    { upTo: 'keys', send: (client) => [plainRecord(22, client.finishedMessage)] },
  ],
  'application-data-too-early': [
    { upTo: 'server-flight', send: (client) => [client.data('in the clear')] },
    { upTo: 'keys', send: (client) => [client.data('before Finished')] },
  ],
  'change-cipher-spec-malformed': [
    {
      upTo: 'server-flight',
      send: (client) => [plainRecord(22, client.keyExchangeMessage), plainRecord(20, Uint8Array.of(2))],
    },
  ],
  'change-cipher-spec-misplaced': [
    // CVE-2014-0224: keys that come into force before there is a secret.
    { upTo: 'server-flight', send: () => [changeCipherSpec] },
    { upTo: 'keys', send: (client) => [client.protect(20, Uint8Array.of(1))] },
    { send: (client) => [client.protect(20, Uint8Array.of(1))] },
  ],
  'read-key-exhausted': [
    {
      config: { limits: { ...defaultLimits, recordsPerKey: 5 } },
      send: (client) => Array.from({ length: 9 }, () => client.data('x')),
    },
  ],
  'too-many-warnings': [{ send: (client) => Array.from({ length: 5 }, () => client.alert(100, 1)) }],
  'alert-level-unknown': [
    { send: (client) => [client.alert(40, 0)] },
    { upTo: 'server-flight', send: (client) => [client.alert(40, 3)] },
  ],
  'malformed-message': [
    { options: replacing(extensionType.renegotiationInfo, new Uint8Array(0)) },
    { options: replacing(extensionType.renegotiationInfo, Uint8Array.of(0, 0)) },
    { options: replacing(extensionType.extendedMasterSecret, Uint8Array.of(0)) },
    { options: replacing(extensionType.pointFormats, Uint8Array.of(0)) },
    { options: { editShare: () => new Uint8Array(0) } },
    { upTo: 'server-flight', send: () => [plainRecord(22, Uint8Array.of(16, 0, 0, 2, 2, 4))] },
    { upTo: 'server-flight', send: () => [plainRecord(22, Uint8Array.of(16, 0, 0, 3, 1, 4, 0))] },
    { send: (client) => [client.protect(contentType.alert, Uint8Array.of(1))] },
  ],
  'message-interrupted': [
    {
      upTo: 'server-flight',
      send: (client) => [
        plainRecord(22, client.keyExchangeMessage),
        plainRecord(22, client.finishedMessage.subarray(0, 3)),
        changeCipherSpec,
      ],
    },
  ],
  'message-across-keys': [
    {
      upTo: 'keys',
      send: (client) => [client.protect(22, concat(client.finishedMessage, Uint8Array.of(1)))],
    },
  ],
  'message-out-of-order': [
    { upTo: 'server-flight', send: (client) => [plainRecord(22, client.helloMessage())] },
    { upTo: 'server-flight', send: (client) => [plainRecord(22, client.finishedMessage)] },
    {
      upTo: 'server-flight',
      send: (client) => [plainRecord(22, client.keyExchangeMessage), plainRecord(22, client.finishedMessage)],
    },
    {
      upTo: 'server-flight',
      send: (client) => [plainRecord(22, client.keyExchangeMessage), plainRecord(22, client.keyExchangeMessage)],
    },
    { upTo: 'server-flight', send: () => [plainRecord(22, Uint8Array.of(11, 0, 0, 3, 0, 0, 0))] },
    { upTo: 'keys', send: (client) => [client.protect(22, client.keyExchangeMessage)] },
    { send: (client) => [client.protect(22, client.finishedMessage)] },
    { send: (client) => [client.protect(22, keyUpdate(0))] },
    { send: (client) => [client.protect(22, Uint8Array.of(0, 0, 0, 0))] },
  ],
  'version-unsupported': [
    { options: { edit: (hello) => ({ ...hello, legacyVersion: 0x0302 }) } },
    { options: { edit: (hello) => ({ ...hello, legacyVersion: 0x0301 }) } },
  ],
  'version-ancient': [{ options: { edit: (hello) => ({ ...hello, legacyVersion: 0x0200 }) } }],
  'fallback-needless': [
    { options: { edit: (hello) => ({ ...hello, cipherSuites: [fallbackSignal, ...hello.cipherSuites] }) } },
    {
      options: {
        edit: (hello) => ({
          ...hello,
          legacyVersion: 0x0301,
          cipherSuites: [...hello.cipherSuites, fallbackSignal],
        }),
      },
      config: { maxVersion: 'TLSv1.2' },
    },
  ],
  'no-common-suite': [
    // CBC; static RSA with GCM; DHE with GCM; CCM; export; NULL; and the suites of TLS 1.3.
    ...[0xc023, 0xc027, 0x009c, 0x009e, 0xc0ac, 0x0003, 0xc006, 0x1301].map((id) => ({
      options: { edit: (hello: ClientHello) => ({ ...hello, cipherSuites: [id, 0x00ff] }) },
    })),
    {
      options: { suites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'] },
      config: { tls12Suites: ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384'] },
    },
  ],
  'no-common-group': [
    { options: { groups: ['P-256'] }, config: { groups: ['X25519'] } },
    { options: { groups: ['X25519MLKEM768'] }, config: { groups: ['X25519MLKEM768'] } },
    { options: without(extensionType.supportedGroups) },
  ],
  'no-suitable-credential': [
    { options: { schemes: ['RSA-PKCS1-SHA256'] } },
    { options: { suites: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256'] } },
    // RFC 5246 §7.4.1.4.1: what is meant then is SHA-1.
    { options: without(extensionType.signatureAlgorithms) },
    { options: replacing(extensionType.signatureAlgorithms, writeNumbers16([0x0201, 0x0203])) },
    { options: { groups: ['X25519', 'P-256'] }, config: { credentials: () => [testCredential('p384', native)] } },
  ],
  'compression-null-missing': [
    { options: { edit: (hello) => ({ ...hello, compressionMethods: Uint8Array.of(1) }) } },
    { options: { edit: (hello) => ({ ...hello, compressionMethods: Uint8Array.of(1, 64) }) } },
  ],
  'renegotiation-info-not-empty': [{ options: replacing(extensionType.renegotiationInfo, Uint8Array.of(1, 0)) }],
  'no-certificate-in-tls12': [
    { config: { clientAuth: () => ({ required: true, authorities: [], id: new Uint8Array(1) }) } },
  ],
  'resumed-without-extended-master-secret': [
    {
      config: { tickets },
      options: { tickets: { session: sessionOf() }, ...without(extensionType.extendedMasterSecret) },
    },
  ],
  'point-format-missing': [{ options: replacing(extensionType.pointFormats, Uint8Array.of(2, 1, 2)) }],
  'client-share-invalid': [
    { options: { editShare: (share) => share.subarray(1) } },
    { options: { editShare: (share) => concat(share, share) } },
    { options: { editShare: () => new Uint8Array(32) } }, // all zero: its product is zero
    { options: { groups: ['P-256'], editShare: () => new Uint8Array(65).with(0, 4) } },
    { options: { groups: ['P-256'], editShare: (share) => share.with(64, (share[64] as number) ^ 1) } },
    {
      options: {
        groups: ['P-256'],
        editShare: (share) => share.subarray(0, 33).with(0, 2 + ((share[64] as number) & 1)),
      },
    },
    { options: { groups: ['P-256'], editShare: (share) => share.with(0, 6 + ((share[64] as number) & 1)) } }, // hybrid form
    {
      options: { groups: ['P-384', 'P-256'], editShare: (share) => share.with(3, (share[3] as number) ^ 1) },
      config: { groups: ['P-384'] },
    },
  ],
  'finished-length': [
    { upTo: 'keys', send: (client) => [client.protect(22, finished(new Uint8Array(0)))] },
    { upTo: 'keys', send: (client) => [client.protect(22, finished(new Uint8Array(32)))] },
  ],
  'finished-mismatch': [{ upTo: 'keys', send: (client) => [client.protect(22, finished(new Uint8Array(12)))] }],
  'too-many-renegotiations': [
    { send: (client) => Array.from({ length: 5 }, () => client.protect(22, client.helloMessage())) },
  ],
}

/** What a connection with the extended master secret has left its client with. */
function sessionOf(): Tls12ClientSession {
  const client = new TestTls12Client({ crypto: native, random: seededRandom(11), tickets: {} })
  established(client, { tickets })
  if (client.session === undefined) throw new Error('no ticket came')
  return client.session
}

function keyUpdate(request: number): Uint8Array {
  return writeHandshake(handshakeType.keyUpdate, (out) => out.u8(request))
}

function finished(verifyData: Uint8Array): Uint8Array {
  return writeHandshake(handshakeType.finished, (out) => out.raw(verifyData))
}

function without(type: number): Partial<Tls12ClientOptions> {
  return { editExtensions: (extensions) => extensions.filter((extension) => extension.type !== type) }
}

function replacing(type: number, body: Uint8Array): Partial<Tls12ClientOptions> {
  return {
    editExtensions: (extensions) =>
      extensions.map((extension) => (extension.type === type ? { type, body } : extension)),
  }
}
