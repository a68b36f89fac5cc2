import { concat } from '../../src/bytes/arrays.ts'
import { native } from '../../src/crypto/native/provider.ts'
import type { ServerConfig } from '../../src/tls/config.ts'
import { ServerConnection } from '../../src/tls/connection.ts'
import type { ConnectionEvent } from '../../src/tls/events.ts'
import type { VersionName } from '../../src/tls/version.ts'
import { extensionType } from '../../src/wire/code-points.ts'
import { writeOfferedPsks } from '../../src/wire/extensions/pre-shared-key.ts'
import { writeNumbers16 } from '../../src/wire/extensions/number-list.ts'
import { seededRandom } from './random.ts'
import { TestTls12Client, type Tls12ClientSession } from './tls12-client.ts'
import { TestClient, type ClientOptions } from './tls-client.ts'
import { established, serverConfig, ticketSettings } from './tls-server.ts'

/**
 * Everything a client said in one good connection, record by record. The server of `serverConfig` says the same each
 * time, so the records can be played again, whole or spoiled.
 */
export interface Recording {
  readonly name: string
  readonly version: VersionName
  /** Of the server that it was said to. */
  readonly config: Partial<ServerConfig>
  readonly records: readonly { readonly what: string; readonly bytes: Uint8Array }[]
}

const ticket = { identity: seededRandom(11)(40), obfuscatedTicketAge: 1_234 }
const psk = {
  type: extensionType.preSharedKey,
  body: writeOfferedPsks({ identities: [ticket], binders: [seededRandom(12)(32)] }),
}

const tickets = ticketSettings()

export const recordings: readonly Recording[] = [
  record('plain', {}),
  record('retried', { shares: [] }),
  record('resuming', {
    alpn: ['h2', 'http/1.1'],
    extra: [
      { type: extensionType.earlyData, body: new Uint8Array(0) },
      { type: 0x0a0a, body: Uint8Array.of(0) },
      { type: 50, body: writeNumbers16([0x0403]) },
    ],
    editExtensions: (extensions) => [...extensions, psk],
  }),
  recordTls12('TLS 1.2'),
  recordTls12('resumed TLS 1.2', sessionOf()),
]

export interface Outcome {
  readonly server: ServerConnection
  readonly events: readonly ConnectionEvent[]
  readonly output: readonly Uint8Array[]
}

/** Plays bytes to a fresh server, chunk by chunk. Whatever escapes as an exception fails the test. */
export function play(
  chunks: Iterable<Uint8Array>,
  server: ServerConnection = new ServerConnection(serverConfig()),
): Outcome {
  const events: ConnectionEvent[] = []
  const output: Uint8Array[] = []
  for (const chunk of chunks) {
    events.push(...server.receive(chunk))
    output.push(...server.takeOutput())
  }
  return { server, events, output }
}

function record(name: string, options: Partial<ClientOptions>): Recording {
  const client = new TestClient({ crypto: native, random: seededRandom(7), ...options })
  const { server, records, say } = recorder()
  const answer = (): Uint8Array[] => client.receive(concat(...server.takeOutput()))
  say('client hello', client.hello())
  const reply = answer()
  if (client.retried) {
    say('second hello', reply)
    say('finished', answer())
  } else {
    say('finished', reply)
  }
  if (server.state !== 'open') throw new Error(`the recording of ${name} failed`)
  say('data', [client.data('some data')])
  say('key update', [client.keyUpdate(1)])
  say('data', [client.data('more data')])
  say('close_notify', [client.closeNotify()])
  return { name, version: 'TLSv1.3', config: {}, records }
}

function recordTls12(name: string, session?: Tls12ClientSession): Recording {
  const client = new TestTls12Client({
    crypto: native,
    random: seededRandom(7),
    ...(session && { tickets: { session } }),
  })
  const config = session === undefined ? {} : { tickets }
  const { server, records, say } = recorder(config)
  say('client hello', client.hello())
  const flight = client.receive(concat(...server.takeOutput()))
  // A session that is resumed has no key exchange.
  say('client key exchange', flight.slice(0, -2))
  say('finished', flight.slice(-2))
  client.receive(concat(...server.takeOutput()))
  if (!client.finished || client.resumed !== (session !== undefined)) throw new Error(`the recording of ${name} failed`)
  say('data', [client.data('some data')])
  say('data', [client.data('more data')])
  say('close_notify', [client.closeNotify()])
  return { name, version: 'TLSv1.2', config, records }
}

/** What a connection that is over has left its client with. */
function sessionOf(): Tls12ClientSession {
  const client = new TestTls12Client({ crypto: native, random: seededRandom(11), tickets: {} })
  established(client, { tickets })
  if (client.session === undefined) throw new Error('no ticket came')
  return client.session
}

/** A server, and what is said to it. */
function recorder(config: Partial<ServerConfig> = {}) {
  const server = new ServerConnection(serverConfig(config))
  const records: { what: string; bytes: Uint8Array }[] = []
  const say = (what: string, flight: readonly Uint8Array[]): void => {
    for (const bytes of flight) records.push({ what: bytes[0] === 20 ? 'change_cipher_spec' : what, bytes })
    server.receive(concat(...flight))
  }
  return { server, records, say }
}
