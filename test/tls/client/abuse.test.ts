/**
 * Everything a server said in a recorded connection, spoiled in every way we could think of. Whatever comes, the client
 * ends in one alert or waits in a clean state; nothing is thrown, and nothing is taken for application data that the
 * server did not send.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { native } from '../../../src/crypto/native/provider.ts'
import { ClientConnection } from '../../../src/tls/client/connection.ts'
import { serverFaults } from '../../../src/tls/client/faults.ts'
import type { ConnectionEvent } from '../../../src/tls/events.ts'
import { faults } from '../../../src/tls/fault.ts'
import { groupIds } from '../../../src/tls/suites.ts'
import { writeCertificateRequest } from '../../../src/wire/certificate-request.ts'
import { extensionType, handshakeType } from '../../../src/wire/code-points.ts'
import { writeNumber, writeNumbers16 } from '../../../src/wire/extensions/number-list.ts'
import { writeHandshake } from '../../../src/wire/handshake.ts'
import { writeTls12NewSessionTicket } from '../../../src/wire/tls12/new-session-ticket.ts'
import { writeNewSessionTicket } from '../../../src/wire/new-session-ticket.ts'
import { chainFaults } from '../../../src/x509/chain-fault.ts'
import { testCredential } from '../../support/credentials.ts'
import { plainRecord } from '../../support/tls-client.ts'
import { clientConfig, text } from '../../support/tls-pair.ts'
import { Tls12ScriptedServer, type Tls12Script } from '../../support/tls12-scripted-server.ts'
import { ScriptedServer, type Script } from '../../support/tls-scripted-server.ts'

const sent = 'some datamore data'

/** The records of a server, in order; the client of `clientConfig` says the same each time, so they can be played again. */
interface Recording {
  readonly name: string
  readonly version: 'TLSv1.2' | 'TLSv1.3'
  readonly records: readonly { readonly what: string; readonly bytes: Uint8Array }[]
}

const signatures = { type: extensionType.signatureAlgorithms, body: writeNumbers16([0x0807]) }
const request = writeHandshake(handshakeType.certificateRequest, (out) =>
  writeCertificateRequest(out, { context: new Uint8Array(0), extensions: [signatures] }),
)
const ticket = writeHandshake(handshakeType.newSessionTicket, (out) =>
  writeNewSessionTicket(out, {
    lifetime: 60,
    ageAdd: 7,
    nonce: Uint8Array.of(1),
    ticket: Uint8Array.of(2, 3),
    extensions: [],
  }),
)

const tls12Ticket = writeHandshake(handshakeType.newSessionTicket, (out) =>
  writeTls12NewSessionTicket(out, { lifetimeHint: 60, ticket: Uint8Array.of(2, 3) }),
)

const recordings: readonly Recording[] = [
  record('plain', {}),
  record('retried', {
    group: 'P-256',
    retry: [
      { type: extensionType.supportedVersions, body: writeNumber(0x0304) },
      { type: extensionType.keyShare, body: writeNumber(groupIds['P-256']) },
    ],
    request,
  }),
  recordTls12('TLS 1.2', { ticket: tls12Ticket }),
]

for (const { name, version, records } of recordings)
  suite(`a ${name} connection`, () => {
    const whole = concat(...records.map(({ bytes }) => bytes))
    // The first recording is gone through in full; the other differs from it in its beginning.
    const stride = name === 'retried' ? 7 : 1
    // In TLS 1.3 it means nothing, and is dropped wherever it stands in the handshake.
    const idle = version === 'TLSv1.3' ? 'change_cipher_spec' : undefined

    test('played as it was, ends well', () => assert.equal(judge(play([whole])), 'complete'))

    test('split byte by byte, ends well', () => {
      assert.equal(judge(play(Array.from(whole, (byte) => Uint8Array.of(byte)))), 'complete')
    })

    test('cut short at every byte, waits for the rest', () => {
      for (let length = 0; length < whole.length; length += stride)
        assert.equal(judge(play([whole.subarray(0, length)])), 'waits', `after ${length} bytes`)
    })

    test('with any one bit flipped, fails or waits', () => {
      const harmless = unreadBytes(records.map(({ bytes }) => bytes))
      const hello = (records[0] as { bytes: Uint8Array }).bytes.length * 8
      // Behind the hello all is under protection, where one bit is as good as another.
      for (let bit = 0; bit < whole.length * 8; bit += bit < hello ? stride : stride + 4) {
        const at = bit >> 3
        const verdict = judge(play([withByte(whole, at, (whole[at] as number) ^ (1 << (bit & 7)))]))
        if (!harmless.has(at)) assert.notEqual(verdict, 'complete', `bit ${bit & 7} of byte ${at}`)
      }
    })

    test('with any two bytes 0xffff, as a huge length, fails or waits', () => {
      for (let at = 0; at + 1 < whole.length; at += stride)
        judge(play([withByte(withByte(whole, at, 255), at + 1, 255)]))
    })

    for (const [i, { what, bytes }] of records.entries()) {
      const before = records.slice(0, i).map((one) => one.bytes)
      const after = records.slice(i + 1).map((one) => one.bytes)

      test(`record ${i}, ${what}, said twice`, () => {
        const verdict = judge(play([...before, bytes, bytes, ...after]))
        // RFC 8446 §6.1: nothing after close_notify is looked at.
        assert.equal(verdict, what === 'close_notify' || what === idle ? 'complete' : 'fails')
      })

      test(`record ${i}, ${what}, left out`, () => {
        const verdict = judge(play([...before, ...after]))
        if (what === idle) assert.equal(verdict, 'complete')
        else assert.notEqual(verdict, 'complete')
      })

      test(`application data in the clear before record ${i}, ${what}`, () => {
        const spoofed = plainRecord(23, Buffer.from('spoofed data, long enough'))
        assert.equal(judge(play([...before, spoofed, bytes, ...after])), 'fails')
      })

      test(`an alert in the clear before record ${i}, ${what}`, () => {
        assert.equal(judge(play([...before, plainRecord(21, Uint8Array.of(2, 40)), bytes, ...after])), 'fails')
      })

      test(`record ${i}, ${what}, exchanged with every other`, () => {
        for (const [j, other] of records.entries()) {
          if (j <= i || what === idle || other.what === idle) continue
          const swapped = records.map((one) => one.bytes)
          swapped[i] = other.bytes
          swapped[j] = bytes
          assert.notEqual(judge(play(swapped)), 'complete', `with record ${j}`)
        }
      })
    }

    test('a hello in fragments of one byte is put together', () => {
      const [first, ...rest] = records
      assert(first !== undefined)
      const pieces = Array.from(first.bytes.subarray(5), (byte) => plainRecord(22, Uint8Array.of(byte)))
      assert.equal(judge(play([...pieces, ...rest.map(({ bytes }) => bytes)])), 'complete')
    })

    test('a hello that is cut short inside, with its lengths in order, is refused', () => {
      const body = (records[0] as { bytes: Uint8Array }).bytes.subarray(9)
      for (let length = 0; length < body.length; length++) {
        const message = writeHandshake(handshakeType.serverHello, (out) => out.raw(body.subarray(0, length)))
        assert.equal(judge(play([plainRecord(22, message)])), 'fails', `${length} bytes`)
      }
    })
  })

suite('messages behind the hello, under their protection', () => {
  for (const [name, type] of [
    ['EncryptedExtensions', handshakeType.encryptedExtensions],
    ['CertificateRequest', handshakeType.certificateRequest],
    ['Certificate', handshakeType.certificate],
    ['CertificateVerify', handshakeType.certificateVerify],
    ['Finished', handshakeType.finished],
  ] as const) {
    test(`${name} cut short at every byte, with its lengths in order, is refused`, () => {
      const { length } = messageOf(type)
      for (let kept = 4; kept < length; kept++)
        assert.equal(
          conversation(type, (message) => sized(message.subarray(0, kept))),
          'fails',
          `${kept - 4} bytes`,
        )
    })

    test(`${name} with any one bit flipped ends the handshake, or changes nothing that was not asked`, () => {
      const { length } = messageOf(type)
      for (let bit = 32; bit < length * 8; bit++) {
        const verdict = conversation(type, (message) =>
          withByte(message, bit >> 3, (message[bit >> 3] as number) ^ (1 << (bit & 7))),
        )
        if (!lenient.has(type)) assert.equal(verdict, 'fails', `bit ${bit & 7} of byte ${bit >> 3}`)
      }
    })

    test(`${name} in fragments of one byte is put together`, () => {
      assert.equal(
        conversation(type, (message) => message, 'bytewise'),
        'waits',
      )
    })
  }

  test('no handshake message but two is taken from an open connection, of any type', () => {
    for (let type = 0; type < 256; type++) {
      if (type === handshakeType.keyUpdate || type === handshakeType.newSessionTicket) continue
      const { client, server } = open()
      const events = client.receive(server.protect(22, Uint8Array.of(type, 0, 0xff, 0)))
      assert(events[0]?.type === 'failed' && events[0].reason === 'message-out-of-order', `type ${type}`)
    }
  })

  test('no content type but three is taken from inside a record', () => {
    for (let type = 0; type < 256; type++) {
      if (type >= 21 && type <= 23) continue
      const { client, server } = open()
      const events = client.receive(server.protect(type, Uint8Array.of(type, 1)))
      assert.equal(events[0]?.type, 'failed', `type ${type}`)
    }
  })
})

const { fingerprint } = testCredential('ed25519', native)

/** Of these, a changed bit may ask for something else that is allowed: other signatures, or nothing we look at. */
const lenient: ReadonlySet<number> = new Set([handshakeType.certificateRequest])

function open(): { client: ClientConnection; server: ScriptedServer } {
  const server = new ScriptedServer()
  const client = new ClientConnection(clientConfig())
  client.receive(concat(...server.receive(concat(...client.takeOutput()))))
  server.receive(concat(...client.takeOutput()))
  assert.equal(client.state, 'open')
  return { client, server }
}

/** What comes of a handshake in which one message was changed by a server that means it. */
function conversation(
  type: number,
  change: (message: Uint8Array) => Uint8Array,
  how: 'whole' | 'bytewise' = 'whole',
): string {
  const edit = (message: Uint8Array, found: number): Uint8Array[] => {
    if (found !== type) return [message]
    const changed = change(message.slice())
    return how === 'whole' ? [changed] : Array.from(changed, (byte) => Uint8Array.of(byte))
  }
  const server = new ScriptedServer({ request, edit })
  const client = new ClientConnection(clientConfig({ trust: { accept: 'pinned', fingerprints: [fingerprint] } }))
  const flight = server.receive(concat(...client.takeOutput()))
  return judge({ client, events: client.receive(concat(...flight)), output: client.takeOutput() })
}

function messageOf(type: number): Uint8Array {
  let found = new Uint8Array(0)
  conversation(type, (message) => {
    found = message.slice()
    return message
  })
  return found
}

/** A message whose header says its true length. */
function sized(message: Uint8Array): Uint8Array {
  return writeHandshake(message[0] as number, (out) => out.raw(message.subarray(4)))
}

interface Outcome {
  readonly client: ClientConnection
  readonly events: readonly ConnectionEvent[]
  readonly output: readonly Uint8Array[]
}

/** Plays bytes to a fresh client, chunk by chunk. Whatever escapes as an exception fails the test. */
function play(chunks: Iterable<Uint8Array>): Outcome {
  const client = new ClientConnection(clientConfig())
  client.takeOutput()
  const events: ConnectionEvent[] = []
  const output: Uint8Array[] = []
  for (const chunk of chunks) {
    events.push(...client.receive(chunk))
    output.push(...client.takeOutput())
  }
  return { client, events, output }
}

/** Checks that an outcome is one of three, and holds together. */
function judge({ client, events, output }: Outcome): 'complete' | 'waits' | 'fails' {
  const data = text(events)
  assert(sent.startsWith(data), `the server never said ${data}`)
  const failures = events.filter((event) => event.type === 'failed')
  if (failures.length === 0) {
    const closed = events.at(-1)?.type === 'peer-closed'
    if (client.state === 'closed') assert(closed)
    return closed && data === sent ? 'complete' : 'waits'
  }
  const [failed] = failures
  assert.equal(failures.length, 1)
  assert.equal(events.at(-1), failed, 'nothing follows a failure')
  assert.deepEqual([client.state, client.canSend], ['closed', false])
  if (failed?.by === 'received') return 'fails'
  const table: Readonly<Record<string, { readonly alert: string }>> = { ...faults, ...serverFaults, ...chainFaults }
  assert(failed !== undefined && table[failed.reason] !== undefined, failed?.reason)
  assert.equal(failed.alert, table[failed.reason]?.alert)
  assert(output.length > 0, 'no alert was sent')
  return 'fails'
}

function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const changed = bytes.slice()
  changed[at] = value
  return changed
}

/** RFC 8446 §5.1: the lower byte of legacy_record_version is ignored, in records that are not protected. */
function unreadBytes(records: readonly Uint8Array[]): ReadonlySet<number> {
  const offsets = new Set<number>()
  let at = 0
  for (const one of records) {
    if (one[0] !== 23) offsets.add(at + 2)
    at += one.length
  }
  return offsets
}

function record(name: string, script: Script): Recording {
  const server = new ScriptedServer(script)
  const client = new ClientConnection(clientConfig())
  const records: { what: string; bytes: Uint8Array }[] = []
  const say = (what: string, flight: readonly Uint8Array[]): void => {
    for (const bytes of flight) records.push({ what: bytes[0] === 20 ? 'change_cipher_spec' : what, bytes })
    client.receive(concat(...flight))
  }
  const answer = (): Uint8Array[] => server.receive(concat(...client.takeOutput()))
  say('flight', answer())
  if (script.retry !== undefined) say('flight', answer())
  assert.equal(client.state, 'open', `the recording of ${name} failed`)
  answer()
  say('ticket', [server.protect(22, ticket)])
  say('data', [server.protect(23, 'some data')])
  say('key update', [server.keyUpdate(1)])
  say('data', [server.protect(23, 'more data')])
  say('close_notify', [server.protect(21, Uint8Array.of(1, 0))])
  return { name, version: 'TLSv1.3', records }
}

function recordTls12(name: string, script: Tls12Script): Recording {
  const server = new Tls12ScriptedServer(script)
  const client = new ClientConnection(clientConfig())
  const records: { what: string; bytes: Uint8Array }[] = []
  const say = (what: string, flight: readonly Uint8Array[]): void => {
    for (const bytes of flight) records.push({ what: bytes[0] === 20 ? 'change_cipher_spec' : what, bytes })
    client.receive(concat(...flight))
  }
  say('flight', server.receive(concat(...client.takeOutput())))
  say('finish', server.receive(concat(...client.takeOutput())))
  assert.equal(client.state, 'open', `the recording of ${name} failed`)
  say('data', [server.protect(23, 'some data')])
  say('hello request', [server.protect(22, Uint8Array.of(handshakeType.helloRequest, 0, 0, 0))])
  say('data', [server.protect(23, 'more data')])
  say('close_notify', [server.protect(21, Uint8Array.of(1, 0))])
  return { name, version: 'TLSv1.2', records }
}
