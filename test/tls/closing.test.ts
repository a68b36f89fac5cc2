/** Either side may end the conversation at any moment, and may change its keys at any moment after the handshake. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concat } from '../../src/bytes/arrays.ts'
import { native } from '../../src/crypto/native/provider.ts'
import type { ServerConfig } from '../../src/tls/config.ts'
import { ServerConnection } from '../../src/tls/connection.ts'
import { defaultLimits } from '../../src/tls/limits.ts'
import { contentType } from '../../src/wire/code-points.ts'
import { testCredential } from '../support/credentials.ts'
import { seededRandom } from '../support/random.ts'
import { plainRecord, TestClient, type ClientOptions } from '../support/tls-client.ts'
import { converse, established, serverConfig, ticketSettings } from '../support/tls-server.ts'

const asking = { clientAuth: () => ({ required: true, authorities: [], id: Uint8Array.of(1) }) }
const identity = testCredential('p256', native)

interface Moment {
  readonly options?: Partial<ClientOptions>
  readonly config?: Partial<ServerConfig>
  /** Leads both to it; the client has all that the server said. */
  readonly reach: (client: TestClient, server: ServerConnection) => void
}

/** Each state that a server's handshake can stand in, and where its driver can be. */
const moments: Readonly<Record<string, Moment>> = {
  'before the hello': { reach: () => undefined },
  'within the hello': { reach: (client, server) => void server.receive(concat(...client.hello()).subarray(0, 50)) },
  'before the second hello': {
    options: { shares: [] },
    reach(client, server) {
      server.receive(concat(...client.hello()))
      client.receive(concat(...server.takeOutput()))
    },
  },
  'before Finished': { reach: upToFlight },
  'before the certificate': { config: asking, reach: upToFlight },
  'before the verdict': {
    config: asking,
    reach: (client, server) => (upToFlight(client, server), identify(client, server)),
  },
  'before CertificateVerify': {
    config: asking,
    reach(client, server) {
      upToFlight(client, server)
      server.receive(client.protect(22, client.identityMessages[0] as Uint8Array))
      server.answer('accepted')
    },
  },
}

function upToFlight(client: TestClient, server: ServerConnection): void {
  client.holdFinished = true
  converse(client, server)
}

function identify(client: TestClient, server: ServerConnection): void {
  server.receive(client.protect(22, client.identityMessages[0] as Uint8Array))
}

function at({ options, config, reach }: Moment): [TestClient, ServerConnection] {
  const client = new TestClient({ crypto: native, random: seededRandom(7), identity, ...options })
  const server = new ServerConnection(serverConfig({ tickets: ticketSettings(), ...config }))
  reach(client, server)
  return [client, server]
}

for (const [when, moment] of Object.entries(moments))
  suite(when, () => {
    test('our close says user_canceled and close_notify, and is the end', () => {
      const [client, server] = at(moment)
      server.close()
      assert.equal(server.state, 'closed')
      client.receive(concat(...server.takeOutput()))
      const alerts = client.heard.flatMap((heard) => (heard.type === 'alert' ? [heard.alert] : []))
      assert.deepEqual(alerts, ['user_canceled', 'close_notify'])
      assert.deepEqual(server.receive(client.closeNotify()), [])
      server.close()
      assert.deepEqual(server.takeOutput(), [])
    })

    test('letting go says nothing', () => {
      const [, server] = at(moment)
      server.destroy()
      assert.equal(server.state, 'closed')
      assert.deepEqual(server.takeOutput(), [])
    })

    // Within a message an alert has no place (RFC 8446 §5.1), and while a verdict is out nobody reads.
    if (when !== 'within the hello' && when !== 'before the verdict')
      test('the client’s close_notify ends it without an answer', () => {
        const [client, server] = at(moment)
        assert.deepEqual(server.receive(client.closeNotify()), [{ type: 'peer-closed' }])
        assert.equal(server.state, 'closed')
        assert.deepEqual(server.takeOutput(), [])
      })
  })

test('a close_notify that came while a verdict was out is read behind it', () => {
  const [client, server] = at(moments['before the verdict'] as Moment)
  assert.deepEqual(server.receive(client.closeNotify()), [])
  assert.deepEqual(server.answer('accepted'), [{ type: 'peer-closed' }])
  assert.equal(server.state, 'closed')
})

test('what comes behind close_notify is passed over, however much it is', () => {
  const client = new TestClient({ crypto: native, random: seededRandom(7) })
  const { server } = established(client)
  assert.deepEqual(server.receive(client.closeNotify()), [{ type: 'peer-closed' }])
  for (let i = 0; i < 3; i++) assert.deepEqual(server.receive(new Uint8Array(defaultLimits.waitingBytes)), [])
  assert.equal(server.canSend, true)
})

test('nothing follows our close_notify, not even the alert for a fault that comes behind it', () => {
  const client = new TestClient({ crypto: native, random: seededRandom(7) })
  const { server } = established(client)
  server.close()
  client.receive(concat(...server.takeOutput()))
  const [failed] = server.receive(plainRecord(contentType.handshake, Uint8Array.of(1)))
  assert.equal(failed?.type === 'failed' && failed.reason, 'unprotected-record')
  assert.deepEqual(server.takeOutput(), [])
})

suite('KeyUpdate and data in every order of four', () => {
  const moves = ['update', 'request', 'data'] as const
  for (const first of moves)
    for (const second of moves)
      test(`${first}, ${second}, and all that may follow, from both sides`, () => {
        for (const third of moves) for (const fourth of moves) exchange([first, second, third, fourth])
      })
})

/** The client makes these moves, and we answer each with data: all of it arrives, under whichever keys. */
function exchange(moves: readonly ('update' | 'request' | 'data')[]): void {
  const client = new TestClient({ crypto: native, random: seededRandom(7) })
  const { server } = established(client)
  let heard = ''
  for (const [i, move] of moves.entries()) {
    const record = move === 'data' ? client.data(`${i}`) : client.keyUpdate(move === 'request' ? 1 : 0)
    for (const event of server.receive(record))
      heard += event.type === 'application-data' ? Buffer.from(event.data).toString() : event.type
    server.send(Buffer.from(`${i}`))
    client.receive(concat(...server.takeOutput()))
  }
  assert.equal(heard, moves.map((move, i) => (move === 'data' ? i : '')).join(''))
  const data = client.heard.flatMap((each) => (each.type === 'data' ? [Buffer.from(each.data).toString()] : []))
  assert.deepEqual(data, ['0', '1', '2', '3'])
  const answers = client.heard.filter(({ type }) => type === 'key-update')
  assert.equal(answers.length, moves.filter((move) => move === 'request').length)
}
