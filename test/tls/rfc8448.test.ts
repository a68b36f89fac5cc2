/**
 * The key schedule, transcript and record protection against the traces of RFC 8448, byte for byte.
 *
 * Shows RFC 8446 §4.2.11.2, §4.4.1, §5.3, §7.1, §7.3.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { concat } from '../../src/bytes/arrays.ts'
import { fromHex, toHex } from '../../src/bytes/hex.ts'
import { Reader } from '../../src/bytes/reader.ts'
import type { CryptoProvider } from '../../src/crypto/provider.ts'
import { ServerConnection } from '../../src/tls/connection.ts'
import { earlySecret, finishedData, resumptionSecret, ticketPsk, trafficKey } from '../../src/tls/key-schedule.ts'
import { Tls13Protection } from '../../src/tls/record/tls13-protection.ts'
import { suites } from '../../src/tls/suites.ts'
import { messageHash, Transcript } from '../../src/tls/transcript.ts'
import { readClientHello } from '../../src/wire/client-hello.ts'
import { extensionType } from '../../src/wire/code-points.ts'
import { readClientShares } from '../../src/wire/extensions/key-share.ts'
import { bindersLength, readOfferedPsks } from '../../src/wire/extensions/pre-shared-key.ts'
import { readNewSessionTicket } from '../../src/wire/new-session-ticket.ts'
import { testCredential } from '../support/credentials.ts'
import { providers } from '../support/providers.ts'
import { serverConfig } from '../support/tls-server.ts'

const aes = suites.TLS_AES_128_GCM_SHA256

for (const crypto of providers) {
  suite(`section 3, the simple handshake, with ${crypto.name}`, () => {
    const trace = read('section-3.txt')
    const { clientHello, serverHello } = {
      clientHello: content(trace('client hello')),
      serverHello: content(trace('server hello')),
    }
    const shared = exchange(crypto, 'X25519', clientHello, trace.value('server private key'))
    const toServerHello = digest(crypto, clientHello, serverHello)
    const secrets = earlySecret(crypto, 'SHA-256').into(shared, toServerHello)

    test('the shared secret and the handshake secrets are the printed ones', () => {
      assert.equal(toHex(shared), trace.hex('shared secret'))
      assert.equal(toHex(toServerHello), trace.hex('hash to server hello'))
      assert.equal(toHex(secrets.client), trace.hex('client handshake traffic secret'))
      assert.equal(toHex(secrets.server), trace.hex('server handshake traffic secret'))
      const { key, iv } = trafficKey(crypto, aes, secrets.server)
      assert.equal(toHex(key), trace.hex('server handshake key'))
      assert.equal(toHex(iv), trace.hex('server handshake iv'))
    })

    test('every record of both sides opens, and is made again the same', () => {
      const flight = reseal(crypto, secrets.server, [trace('server flight')])[0] as Uint8Array
      checkFinished(crypto, secrets.server, [clientHello, serverHello], flight)

      const toFinished = digest(crypto, clientHello, serverHello, flight)
      assert.equal(toHex(toFinished), trace.hex('hash to server finished'))
      const expected = finishedData(crypto, 'SHA-256', secrets.client, toFinished)
      assert.equal(toHex(expected), trace.hex('client finished verify_data'))
      const finished = reseal(crypto, secrets.client, [trace('client finished')])[0] as Uint8Array
      assert.deepEqual(Buffer.from(finished.subarray(4)), Buffer.from(expected))

      const { client, server } = earlySecret(crypto, 'SHA-256').into(shared, toServerHello).into(toFinished)
      assert.equal(toHex(client), trace.hex('client application traffic secret'))
      assert.equal(toHex(server), trace.hex('server application traffic secret'))
      const said = reseal(crypto, client, [trace('client data'), trace('client close_notify')])
      const data = Uint8Array.from({ length: 50 }, (_, i) => i)
      assert.deepEqual(
        said.map((bytes) => toHex(bytes)),
        [toHex(data), '0100'],
      )
      const answered = reseal(crypto, server, [
        trace('server session ticket'),
        trace('server data'),
        trace('server close_notify'),
      ])
      assert.deepEqual(
        answered.slice(1).map((bytes) => toHex(bytes)),
        [toHex(data), '0100'],
      )
    })

    test('the engine answers the printed ClientHello with the printed ServerHello', () => {
      const random = script(trace.value('server private key'), trace.value('server random'))
      const server = new ServerConnection(
        serverConfig({ crypto, random, suites: [aes.name], credentials: () => [testCredential('p256', crypto)] }),
      )
      assert.deepEqual(server.receive(trace('client hello')), [])
      assert.equal(toHex(server.takeOutput()[0] as Uint8Array), toHex(trace('server hello')))
    })
  })

  suite(`section 4, which resumes section 3, with ${crypto.name}`, () => {
    const trace = read('section-4.txt')
    const clientHello = content(trace('client hello'))
    const serverHello = content(trace('server hello'))
    const early = () => earlySecret(crypto, 'SHA-256', trace.value('ticket psk'))

    test('the first handshake leaves the printed resumption secret, and its ticket the printed PSK', () => {
      const first = read('section-3.txt')
      const [hello, answer] = [content(first('client hello')), content(first('server hello'))]
      const shared = exchange(crypto, 'X25519', hello, first.value('server private key'))
      const handshake = earlySecret(crypto, 'SHA-256').into(shared, digest(crypto, hello, answer))
      const flight = reseal(crypto, handshake.server, [first('server flight')])[0] as Uint8Array
      const finished = reseal(crypto, handshake.client, [first('client finished')])[0] as Uint8Array
      const traffic = handshake.into(digest(crypto, hello, answer, flight))
      const resumption = resumptionSecret(
        crypto,
        'SHA-256',
        traffic.main,
        digest(crypto, hello, answer, flight, finished),
      )
      assert.equal(toHex(resumption), trace.hex('resumption secret'))
      assert.ok(traffic.main.every((byte) => byte === 0))
      const message = reseal(crypto, traffic.server, [first('server session ticket')])[0] as Uint8Array
      const { nonce, ticket } = readNewSessionTicket(message.subarray(4))
      assert.equal(toHex(ticketPsk(crypto, 'SHA-256', resumption, nonce)), trace.hex('ticket psk'))
      const offered = readOfferedPsks(readClientHello(clientHello.subarray(4)).extensions.at(-1)?.body as Uint8Array)
      assert.equal(toHex(offered.identities[0]?.identity as Uint8Array), toHex(ticket))
    })

    test('the binder is the printed one', () => {
      const { binders } = readOfferedPsks(
        readClientHello(clientHello.subarray(4)).extensions.at(-1)?.body as Uint8Array,
      )
      const hash = digest(crypto, clientHello.subarray(0, clientHello.length - bindersLength(binders)))
      assert.equal(toHex(hash), trace.hex('binder hash'))
      assert.equal(toHex(early().binder(hash)), toHex(binders[0] as Uint8Array))
    })

    test('every secret is the printed one, and every record but the early ones opens', () => {
      const shared = exchange(crypto, 'X25519', clientHello, trace.value('server private key'))
      const handshake = early().into(shared, digest(crypto, clientHello, serverHello))
      assert.equal(toHex(handshake.client), trace.hex('client handshake traffic secret'))
      assert.equal(toHex(handshake.server), trace.hex('server handshake traffic secret'))
      const flight = reseal(crypto, handshake.server, [trace('server flight')])[0] as Uint8Array
      checkFinished(crypto, handshake.server, [clientHello, serverHello], flight)
      const { client, server } = handshake.into(digest(crypto, clientHello, serverHello, flight))
      assert.equal(toHex(client), trace.hex('client application traffic secret'))
      assert.equal(toHex(server), trace.hex('server application traffic secret'))
      // EndOfEarlyData, which this server never asks for, stands between the server's Finished and the client's.
      const endOfEarlyData = Uint8Array.of(5, 0, 0, 0)
      const toFinished = digest(crypto, clientHello, serverHello, flight, endOfEarlyData)
      const finished = reseal(crypto, handshake.client, [trace('client finished')])[0] as Uint8Array
      const expected = finishedData(crypto, 'SHA-256', handshake.client, toFinished)
      assert.equal(toHex(finished.subarray(4)), toHex(expected))
      reseal(crypto, client, [trace('client data'), trace('client close_notify')])
      reseal(crypto, server, [trace('server data'), trace('server close_notify')])
    })
  })

  test(`section 5, with a HelloRetryRequest, with ${crypto.name}`, () => {
    const trace = read('section-5.txt')
    const second = content(trace('client second hello'))
    const heard = [
      messageHash(crypto, 'SHA-256', content(trace('client hello'))),
      content(trace('server retry')),
      second,
      content(trace('server hello')),
    ]
    const shared = exchange(crypto, 'P-256', second, trace.value('server private key'))
    const secrets = earlySecret(crypto, 'SHA-256').into(shared, digest(crypto, ...heard))
    const flight = reseal(crypto, secrets.server, [trace('server flight')])[0] as Uint8Array
    checkFinished(crypto, secrets.server, heard, flight)

    const toFinished = digest(crypto, ...heard, flight)
    const finished = reseal(crypto, secrets.client, [trace('client finished')])[0] as Uint8Array
    const expected = finishedData(crypto, 'SHA-256', secrets.client, toFinished)
    assert.deepEqual(Buffer.from(finished.subarray(4)), Buffer.from(expected))

    const { client, server } = secrets.into(toFinished)
    assert.equal(toHex(reseal(crypto, client, [trace('client close_notify')])[0] as Uint8Array), '0100')
    assert.equal(toHex(reseal(crypto, server, [trace('server close_notify')])[0] as Uint8Array), '0100')
  })
}

/** A trace as a function from a record's name to its bytes; other values by their whole name. */
function read(
  name: string,
): ((record: string) => Uint8Array) & { hex: (name: string) => string; value: (name: string) => Uint8Array } {
  const text = readFileSync(join(import.meta.dirname, '..', 'vectors', 'rfc8448', name), 'utf8')
  const values = new Map(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' = ') as [string, string]),
  )
  const hex = (key: string): string => {
    const found = values.get(key)
    assert(found !== undefined, `${name} has no ${key}`)
    return found
  }
  return Object.assign((record: string) => fromHex(hex(`${record} record`)), {
    hex,
    value: (key: string) => fromHex(hex(key)),
  })
}

/** What a record in the clear carries. */
function content(record: Uint8Array): Uint8Array {
  return record.subarray(5)
}

function digest(crypto: CryptoProvider, ...messages: readonly Uint8Array[]): Uint8Array {
  const transcript = new Transcript(crypto, 'SHA-256')
  for (const message of messages) transcript.add(message)
  return transcript.digest()
}

function exchange(crypto: CryptoProvider, group: 'X25519' | 'P-256', hello: Uint8Array, key: Uint8Array): Uint8Array {
  const { extensions } = readClientHello(hello.subarray(4))
  const share = extensions.find(({ type }) => type === extensionType.keyShare)
  assert(share !== undefined)
  const entry = readClientShares(share.body)[0]
  assert(entry !== undefined)
  const shared = crypto.keyExchange(group).sharedSecret(key, entry.share)
  assert(shared !== undefined)
  return shared
}

/** Opens the records in order under one secret, seals their content again, and wants the same records. */
function reseal(crypto: CryptoProvider, secret: Uint8Array, records: readonly Uint8Array[]): Uint8Array[] {
  const read = new Tls13Protection(crypto, aes, secret)
  const write = new Tls13Protection(crypto, aes, secret)
  return records.map((record) => {
    const inner = read.open(record.subarray(0, 5), record.subarray(5))
    assert(inner !== undefined, 'a record of the trace does not open')
    assert.equal(toHex(write.seal(inner.type, inner.content)), toHex(record))
    return inner.content
  })
}

/** The server's Finished at the end of its flight is the one that the schedule gives for all that stands before it. */
function checkFinished(
  crypto: CryptoProvider,
  secret: Uint8Array,
  before: readonly Uint8Array[],
  flight: Uint8Array,
): void {
  const at = flight.length - 36
  const header = new Reader(flight.subarray(at))
  assert.deepEqual([header.u8('type'), header.u24('length')], [20, 32])
  const transcript = digest(crypto, concat(...before), flight.subarray(0, at))
  assert.equal(toHex(finishedData(crypto, 'SHA-256', secret, transcript)), toHex(header.rest()))
}

/** A `random` that gives what the trace's server drew, in the order in which ours draws; then zeros. */
function script(...drawn: readonly Uint8Array[]): (length: number) => Uint8Array {
  const left = [...drawn]
  return (length) => {
    const next = left.shift() ?? new Uint8Array(length)
    assert.equal(next.length, length)
    return next.slice()
  }
}
