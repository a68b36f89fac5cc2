import { concat } from '../../src/bytes/arrays.ts'
import { native } from '../../src/crypto/native/provider.ts'
import { ServerConnection } from '../../src/tls/connection.ts'
import type { ConnectionEvent } from '../../src/tls/events.ts'
import type { VersionName } from '../../src/tls/version.ts'
import { extensionType } from '../../src/wire/code-points.ts'
import { writeOfferedPsks } from '../../src/wire/extensions/pre-shared-key.ts'
import { writeNumbers16 } from '../../src/wire/extensions/number-list.ts'
import { seededRandom } from './random.ts'
import { TestTls12Client } from './tls12-client.ts'
import { TestClient, type ClientOptions } from './tls-client.ts'
import { serverConfig } from './tls-server.ts'

/**
 * Everything a client said in one good connection, record by record. The server of `serverConfig` says the same each
 * time, so the records can be played again, whole or spoiled.
 */
export interface Recording {
  readonly name: string
  readonly version: VersionName
  readonly records: readonly { readonly what: string; readonly bytes: Uint8Array }[]
}

const ticket = { identity: seededRandom(11)(40), obfuscatedTicketAge: 1_234 }
const psk = {
  type: extensionType.preSharedKey,
  body: writeOfferedPsks({ identities: [ticket], binders: [seededRandom(12)(32)] }),
}

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
  recordTls12(),
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
  return { name, version: 'TLSv1.3', records }
}

function recordTls12(): Recording {
  const client = new TestTls12Client({ crypto: native, random: seededRandom(7), alpn: ['h2', 'http/1.1'] })
  const { server, records, say } = recorder()
  say('client hello', client.hello())
  const [keyExchange, ...finish] = client.receive(concat(...server.takeOutput()))
  if (keyExchange === undefined) throw new Error('the recording of TLS 1.2 failed')
  say('client key exchange', [keyExchange])
  say('finished', finish)
  client.receive(concat(...server.takeOutput()))
  if (!client.finished) throw new Error('the recording of TLS 1.2 failed')
  say('data', [client.data('some data')])
  say('data', [client.data('more data')])
  say('close_notify', [client.closeNotify()])
  return { name: 'TLS 1.2', version: 'TLSv1.2', records }
}

/** A server, and what is said to it. */
function recorder() {
  const server = new ServerConnection(serverConfig())
  const records: { what: string; bytes: Uint8Array }[] = []
  const say = (what: string, flight: readonly Uint8Array[]): void => {
    for (const bytes of flight) records.push({ what: bytes[0] === 20 ? 'change_cipher_spec' : what, bytes })
    server.receive(concat(...flight))
  }
  return { server, records, say }
}
