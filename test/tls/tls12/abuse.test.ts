/** Messages of a TLS 1.2 client, spoiled one by one under the right keys; whole recordings are spoiled in ../abuse.test.ts. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { native } from '../../../src/crypto/native/provider.ts'
import { ServerConnection } from '../../../src/tls/connection.ts'
import { handshakeType } from '../../../src/wire/code-points.ts'
import { writeHandshake } from '../../../src/wire/handshake.ts'
import { Random, seededRandom } from '../../support/random.ts'
import { play, type Outcome } from '../../support/recording.ts'
import { TestTls12Client, type Tls12ClientOptions } from '../../support/tls12-client.ts'
import { changeCipherSpec, plainRecord } from '../../support/tls-client.ts'
import { converse, established, serverConfig } from '../../support/tls-server.ts'

suite('ClientKeyExchange', () => {
  test('cut short at every byte, or too long, is refused', () => {
    const { client } = waiting()
    const body = client.keyExchangeMessage.subarray(4)
    for (let length = 0; length <= body.length + 1; length++) {
      if (length === body.length) continue
      const spoiled = new Uint8Array(length)
      spoiled.set(body.subarray(0, length))
      assert.equal(reasonOf(play([exchange(spoiled)], waiting().server)), 'malformed-message', `${length} bytes`)
    }
  })

  test('with a share of every other length is refused', () => {
    for (const group of ['X25519', 'P-256', 'P-384'] as const)
      for (let length = 1; length < 256; length++) {
        const { client, server } = waiting({ groups: [group, 'P-256'] }, [group])
        if (length === (client.keyExchangeMessage[4] as number)) continue
        const outcome = play([exchange(Uint8Array.of(length, ...seededRandom(length)(length)))], server)
        assert.equal(reasonOf(outcome), 'client-share-invalid', `${group}, ${length} bytes`)
      }
  })

  test('with any one bit of its share flipped never leads to a connection', () => {
    for (let bit = 0; bit < 33 * 8; bit++) {
      const { client, server } = waiting()
      const message = flip(client.keyExchangeMessage, 32 + bit)
      const reason = reasonOf(play([plainRecord(22, message), ...client.finish()], server))
      assert.notEqual(server.state, 'open')
      assert(reason === 'bad-record' || reason === 'malformed-message' || bit === 0, `bit ${bit}: ${reason}`)
    }
  })
})

suite('Finished', () => {
  test('cut short at every byte is refused', () => {
    for (let length = 0; length < 12; length++) {
      const { client, server } = waiting()
      const message = writeHandshake(handshakeType.finished, (out) =>
        out.raw(client.finishedMessage.subarray(4, 4 + length)),
      )
      assert.equal(reasonOf(play(exchangeAndFinish(client, message), server)), 'finished-length')
    }
  })

  test('with any one bit flipped is refused', () => {
    for (let bit = 32; bit < 16 * 8; bit++) {
      const { client, server } = waiting()
      const outcome = play(exchangeAndFinish(client, flip(client.finishedMessage, bit)), server)
      assert.equal(reasonOf(outcome), 'finished-mismatch')
    }
  })
})

suite('change_cipher_spec of TLS 1.2 (CVE-2014-0224)', () => {
  test('is refused at every place but its own', () => {
    for (let at = 0; at < 5; at++) {
      const { client, server } = waiting()
      const flight = [...exchangeAndFinish(client), client.data('x')]
      const records = [...flight.slice(0, at), changeCipherSpec, ...flight.slice(at)]
      // At 1 it stands before the true one, which is then the one too many; behind it, it does not open.
      const expected = at === 0 ? 'change-cipher-spec-misplaced' : 'bad-record'
      assert.equal(reasonOf(play(records, server)), expected, `before record ${at}`)
    }
  })

  test('left out leaves Finished without a key, in the clear or not', () => {
    const { client, server } = waiting()
    const [keyExchange, , finished] = exchangeAndFinish(client)
    assert(keyExchange !== undefined && finished !== undefined)
    assert.equal(reasonOf(play([keyExchange, finished], server)), 'message-out-of-order')
  })
})

suite('messages where they do not belong', () => {
  test('no handshake message but one is taken in each state, of any type and length', () => {
    for (let type = 0; type < 256; type++) {
      const header = Uint8Array.of(type, 0, 0x20, 0)
      if (type !== handshakeType.clientKeyExchange)
        assert.equal(reasonOf(play([plainRecord(22, header)], waiting().server)), 'message-out-of-order')
      const expecting = waiting()
      play([plainRecord(22, expecting.client.keyExchangeMessage)], expecting.server)
      assert.equal(reasonOf(play([plainRecord(22, header)], expecting.server)), 'message-out-of-order')
      const open = waiting()
      play(exchangeAndFinish(open.client), open.server)
      if (type !== handshakeType.clientHello)
        assert.equal(reasonOf(play([open.client.protect(22, header)], open.server)), 'message-out-of-order')
    }
  })

  test('no content type but three is taken from a protected record', () => {
    for (let type = 0; type < 256; type++) {
      if (type >= 21 && type <= 23) continue
      const client = makeClient()
      const { server } = established(client)
      assert.notEqual(reasonOf(play([client.protect(type, Uint8Array.of(type, 1))], server)), undefined)
    }
  })

  test("the server's own records do not open when they are said back to it", () => {
    const client = makeClient()
    const server = new ServerConnection(serverConfig())
    server.receive(Buffer.concat(client.hello()))
    server.receive(Buffer.concat(client.receive(Buffer.concat(server.takeOutput()))))
    const [, finished] = server.takeOutput()
    assert(finished !== undefined && server.state === 'open')
    assert.equal(reasonOf(play([finished], server)), 'bad-record')
  })

  test('records in any order but the right one never let data through that was not said in its place', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = new Random(seed)
      const { client, server } = waiting()
      const flight = [...exchangeAndFinish(client), client.data('a'), client.data('b'), client.data('c')]
      const shuffled = flight.map((_, i) => flight[random.below(i + 1 + random.below(3))] ?? (flight[i] as Uint8Array))
      const data = play(shuffled, server)
        .events.map((event) => (event.type === 'application-data' ? Buffer.from(event.data).toString() : ''))
        .join('')
      assert('abc'.startsWith(data), `seed ${seed}: ${data}`)
    }
  })
})

/** A connection that waits for ClientKeyExchange. */
function waiting(
  options: Partial<Tls12ClientOptions> = {},
  groups: readonly ('X25519' | 'P-256' | 'P-384')[] = ['X25519'],
): { client: TestTls12Client; server: ServerConnection } {
  const client = makeClient(options)
  client.holdFlight = true
  const server = new ServerConnection(serverConfig({ groups }))
  converse(client, server)
  return { client, server }
}

function makeClient(options: Partial<Tls12ClientOptions> = {}): TestTls12Client {
  return new TestTls12Client({ crypto: native, random: seededRandom(7), ...options })
}

function exchange(body: Uint8Array): Uint8Array {
  return plainRecord(
    22,
    writeHandshake(handshakeType.clientKeyExchange, (out) => out.raw(body)),
  )
}

/** ClientKeyExchange, change_cipher_spec and Finished. */
function exchangeAndFinish(client: TestTls12Client, finished = client.finishedMessage): Uint8Array[] {
  return [plainRecord(22, client.keyExchangeMessage), ...client.finish(finished)]
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.with(bit >> 3, (bytes[bit >> 3] as number) ^ (1 << (bit & 7)))
}

function reasonOf({ events }: Outcome): string | undefined {
  return events.find((event) => event.type === 'failed')?.reason
}
