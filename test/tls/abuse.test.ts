/**
 * A recorded connection, spoiled in every way we could think of. Whatever comes, the engine ends in one alert or waits
 * in a clean state; nothing is thrown, and nothing is taken for application data that the client did not send.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concat } from '../../src/bytes/arrays.ts'
import { native } from '../../src/crypto/native/provider.ts'
import { ServerConnection } from '../../src/tls/connection.ts'
import { faults, type FaultReason } from '../../src/tls/fault.ts'
import { handshakeType } from '../../src/wire/code-points.ts'
import { readClientHello, writeClientHello } from '../../src/wire/client-hello.ts'
import { writeHandshake } from '../../src/wire/handshake.ts'
import { seededRandom } from '../support/random.ts'
import { play, recordings, type Outcome } from '../support/recording.ts'
import { plainRecord, TestClient } from '../support/tls-client.ts'
import { converse, serverConfig } from '../support/tls-server.ts'

const sent = 'some datamore data'

for (const { name, version, config, records } of recordings) {
  const replay = (chunks: Iterable<Uint8Array>): Outcome => play(chunks, new ServerConnection(serverConfig(config)))
  // TLS 1.3 drops change_cipher_spec wherever it stands in the handshake; in TLS 1.2 it has one place.
  const dropped = (what: string | undefined): boolean => what === 'change_cipher_spec' && version === 'TLSv1.3'

  suite(`a ${name} connection`, () => {
    const whole = concat(...records.map(({ bytes }) => bytes))
    // One recording of each version is gone through in full; the others differ in their hellos.
    const inFull = name === 'plain' || name === 'TLS 1.2'
    const firstMessage = (records[0] as { bytes: Uint8Array }).bytes.subarray(5)
    const hellos = records.slice(
      0,
      records.findIndex(({ what }) => what === 'finished'),
    )
    const spoiledLength = inFull ? whole.length : concat(...hellos.map(({ bytes }) => bytes)).length
    const stride = inFull ? 1 : 5

    test('played as it was, ends well', () => assert.equal(judge(replay([whole])), 'complete'))

    test('split byte by byte, ends well', () => {
      assert.equal(judge(replay(Array.from(whole, (byte) => Uint8Array.of(byte)))), 'complete')
    })

    test('cut short at every byte, waits for the rest', () => {
      for (let length = 0; length < whole.length; length++)
        assert.equal(judge(replay([whole.subarray(0, length)])), 'waits', `after ${length} bytes`)
    })

    test('with any one bit flipped, fails or waits', () => {
      const harmless = unreadBytes(records.map(({ bytes }) => bytes))
      for (let bit = 0; bit < spoiledLength * 8; bit++) {
        const at = bit >> 3
        const verdict = judge(replay([withByte(whole, at, (whole[at] as number) ^ (1 << (bit & 7)))]))
        if (harmless.has(at)) continue
        assert.notEqual(verdict, 'complete', `bit ${bit & 7} of byte ${at}`)
      }
    })

    test('with any byte 0 or 255, fails or waits', () => {
      for (let at = 0; at < whole.length; at++)
        for (const value of [0, 255]) judge(replay([withByte(whole, at, value)]))
    })

    test('with any two bytes 0xffff, as a huge length, fails or waits', () => {
      for (let at = 0; at + 1 < whole.length; at += stride)
        judge(replay([withByte(withByte(whole, at, 255), at + 1, 255)]))
    })

    for (const [i, { what, bytes }] of records.entries()) {
      const before = records.slice(0, i).map((record) => record.bytes)
      const after = records.slice(i + 1).map((record) => record.bytes)

      test(`record ${i}, ${what}, said twice`, () => {
        const verdict = judge(replay([...before, bytes, bytes, ...after]))
        // RFC 8446 §6.1: nothing after close_notify is looked at.
        assert.equal(verdict, what === 'close_notify' || dropped(what) ? 'complete' : 'fails')
      })

      test(`record ${i}, ${what}, left out`, () => {
        const verdict = judge(replay([...before, ...after]))
        if (dropped(what)) assert.equal(verdict, 'complete')
        else assert.notEqual(verdict, 'complete')
      })

      test(`application data in the clear before record ${i}, ${what}`, () => {
        const verdict = judge(
          replay([...before, plainRecord(23, Buffer.from('spoofed data, long enough')), bytes, ...after]),
        )
        // What cannot be opened counts as early data where the client said that there would be some.
        assert.equal(verdict, name === 'resuming' && i > 0 && what !== 'data' && i < 3 ? 'complete' : 'fails')
      })

      test(`an alert in the clear before record ${i}, ${what}`, () => {
        judge(replay([...before, plainRecord(21, Uint8Array.of(2, 40)), bytes, ...after]))
      })

      test(`record ${i}, ${what}, exchanged with every other`, () => {
        for (let j = i + 1; j < records.length; j++) {
          const swapped = records.map((record) => record.bytes)
          swapped[i] = records[j]?.bytes as Uint8Array
          swapped[j] = bytes
          if (!dropped(what) && !dropped(records[j]?.what))
            assert.notEqual(judge(replay(swapped)), 'complete', `with record ${j}`)
        }
      })
    }

    test('a hello in fragments of one byte is put together', () => {
      const [first, ...rest] = records
      assert(first !== undefined)
      const pieces = Array.from(first.bytes.subarray(5), (byte) => plainRecord(22, Uint8Array.of(byte), 0x0301))
      assert.equal(judge(replay([...pieces, ...rest.map(({ bytes }) => bytes)])), 'complete')
    })

    test('a hello with each extension cut short or too long by a byte is refused', () => {
      const hello = readClientHello(firstMessage.subarray(4))
      for (const [i, { type, body }] of hello.extensions.entries()) {
        if (!understood.has(type)) continue
        const longer = concat(body, Uint8Array.of(0))
        const bodies = [longer, ...Array.from({ length: body.length }, (_, length) => body.subarray(0, length))]
        for (const spoiled of bodies) {
          const extensions = hello.extensions.with(i, { type, body: spoiled })
          const message = writeHandshake(handshakeType.clientHello, (out) =>
            writeClientHello(out, { ...hello, extensions }),
          )
          const outcome = replay([plainRecord(22, message)])
          assert.equal(reasonOf(outcome), 'malformed-message', `extension ${type} with ${spoiled.length} bytes`)
        }
      }
    })

    test('a hello that is cut short inside, with its lengths in order, is refused', () => {
      const body = firstMessage.subarray(4)
      for (let length = 0; length < body.length; length++) {
        const message = writeHandshake(handshakeType.clientHello, (out) => out.raw(body.subarray(0, length)))
        const reason = reasonOf(replay([plainRecord(22, message)]))
        // Without any extension it is a hello of TLS 1.2, with no suite or no group that we have.
        const early = version === 'TLSv1.3' ? 'no-common-suite' : 'no-common-group'
        assert(reason === 'malformed-message' || reason === early, `${length} bytes: ${reason}`)
      }
    })
  })
}

suite('messages behind the hello', () => {
  test('Finished cut short at every byte is refused', () => {
    for (let length = 0; length < 32; length++) {
      const { client, server } = open(true)
      const message = writeHandshake(handshakeType.finished, (out) =>
        out.raw(client.finishedMessage.subarray(4, 4 + length)),
      )
      assert.equal(reasonOf(play(client.finish(message), server)), 'finished-length')
    }
  })

  test('Finished with any one bit flipped is refused', () => {
    for (let bit = 32; bit < 36 * 8; bit++) {
      const { client, server } = open(true)
      const spoiled = withByte(
        client.finishedMessage,
        bit >> 3,
        (client.finishedMessage[bit >> 3] as number) ^ (1 << (bit & 7)),
      )
      assert.equal(reasonOf(play(client.finish(spoiled), server)), 'finished-mismatch')
    }
  })

  test('Finished in fragments of one byte is put together', () => {
    const { client, server } = open(true)
    const pieces = Array.from(client.finishedMessage, (byte) => client.protect(22, Uint8Array.of(byte), byte % 7))
    play(pieces, server)
    assert.equal(server.state, 'open')
  })

  test('no handshake message but KeyUpdate is taken from an open connection, of any type and length', () => {
    for (let type = 0; type < 256; type++) {
      const { client, server } = open()
      if (type === handshakeType.keyUpdate) continue
      const outcome = play([client.protect(22, Uint8Array.of(type, 0, 0x20, 0))], server)
      assert.equal(reasonOf(outcome), 'message-out-of-order')
    }
  })

  test('no content type but three is taken from inside a record', () => {
    for (let type = 0; type < 256; type++) {
      if (type >= 21 && type <= 23) continue
      const { client, server } = open()
      assert.notEqual(reasonOf(play([client.protect(type, Uint8Array.of(type, 1))], server)), undefined)
    }
  })
})

suite('memory', () => {
  test('a message that grows byte by byte is refused at its header, or ends at its limit', () => {
    const header = plainRecord(22, Uint8Array.of(1, 2, 0, 0))
    const server = new ServerConnection(serverConfig())
    let events = play([header], server).events
    assert.deepEqual(events, [], 'a message of 128 KiB is waited for')
    for (let length = 0; length < 131_072 && events.length === 0; length += 4_096)
      events = play([plainRecord(22, new Uint8Array(4_096))], server).events
    assert.equal(events[0]?.type === 'failed' && events[0].reason, 'malformed-message')
  })

  test('a thousand connections with half a record each hold no more than a record each', () => {
    const before = process.memoryUsage().arrayBuffers
    const chunk = new Uint8Array(65_536)
    const servers = Array.from({ length: 1_000 }, () => {
      const server = new ServerConnection(serverConfig())
      chunk.set([22, 3, 1, 0x40, 0, 1, 0, 0x80, 0])
      server.receive(chunk.subarray(0, 12_000))
      return server
    })
    const each = (process.memoryUsage().arrayBuffers - before) / servers.length
    assert(each < 20_000, `${each} bytes each`)
    assert(servers.every((server) => server.state === 'handshaking'))
  })
})

/** An open connection, or one that still waits for Finished. */
function open(holdFinished = false): { client: TestClient; server: ServerConnection } {
  const client = new TestClient({ crypto: native, random: seededRandom(7) })
  const server = new ServerConnection(serverConfig())
  client.holdFinished = holdFinished
  converse(client, server)
  return { client, server }
}

/** Extensions that the engine reads: a spoiled one must not pass. */
const understood = new Set([0, 10, 11, 13, 16, 23, 41, 42, 43, 45, 51, 0xff01])

/** Checks that an outcome is one of three, and holds together. */
function judge({ server, events, output }: Outcome): 'complete' | 'waits' | 'fails' {
  const data = events
    .map((event) => (event.type === 'application-data' ? Buffer.from(event.data).toString() : ''))
    .join('')
  assert(sent.startsWith(data), `the client never said ${data}`)
  const failures = events.filter((event) => event.type === 'failed')
  if (failures.length === 0) {
    const closed = events.at(-1)?.type === 'peer-closed'
    if (server.state === 'closed') assert(closed)
    return closed && data === sent ? 'complete' : 'waits'
  }
  const [failed] = failures
  assert.equal(failures.length, 1)
  assert.equal(events.at(-1), failed, 'nothing follows a failure')
  assert.equal(server.state, 'closed')
  assert.equal(server.canSend, false)
  if (failed?.by === 'received') return 'fails'
  assert(failed !== undefined && failed.reason in faults, failed?.reason)
  assert.equal(failed.alert, faults[failed.reason as FaultReason].alert)
  assert(output.length > 0, 'no alert was sent')
  return 'fails'
}

function reasonOf({ events }: Outcome): string | undefined {
  const failed = events.find((event) => event.type === 'failed')
  return failed?.reason
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
  for (const record of records) {
    if (record[0] !== 23) offsets.add(at + 2)
    at += record.length
  }
  return offsets
}
