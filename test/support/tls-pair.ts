import { concat } from '../../src/bytes/arrays.ts'
import { native } from '../../src/crypto/native/provider.ts'
import type { ClientConfig } from '../../src/tls/client/config.ts'
import { ClientConnection } from '../../src/tls/client/connection.ts'
import type { ServerConfig } from '../../src/tls/config.ts'
import { ServerConnection } from '../../src/tls/connection.ts'
import type { ConnectionEvent } from '../../src/tls/events.ts'
import { seededRandom } from './random.ts'
import { serverConfig } from './tls-server.ts'

/** A client's configuration for tests, the counterpart of `serverConfig`: the same seed, the same bytes. */
export function clientConfig(overrides: Partial<ClientConfig> = {}, seed = 2): ClientConfig {
  return {
    crypto: native,
    random: seededRandom(seed),
    now: () => testTime,
    serverName: 'shop.example.com',
    trust: { accept: 'any' },
    groups: ['X25519', 'P-256'],
    alpn: [],
    ...overrides,
  }
}

/** A moment at which the credentials of test/vectors are valid. */
export const testTime = Date.UTC(2027, 0, 1)

/** Both ends of a connection, each with what it reported. */
export interface Pair {
  readonly client: ClientConnection
  readonly server: ServerConnection
  readonly clientEvents: ConnectionEvent[]
  readonly serverEvents: ConnectionEvent[]
}

export function pair(client: Partial<ClientConfig> = {}, server: Partial<ServerConfig> = {}): Pair {
  const both = {
    client: new ClientConnection(clientConfig(client)),
    server: new ServerConnection(serverConfig(server)),
    clientEvents: [],
    serverEvents: [],
  }
  settle(both)
  return both
}

/** Hands bytes to and fro until both sides have nothing more to say. */
export function settle({ client, server, clientEvents, serverEvents }: Pair): void {
  for (;;) {
    const toServer = concat(...client.takeOutput())
    const toClient = concat(...server.takeOutput())
    if (toServer.length + toClient.length === 0) return
    serverEvents.push(...server.receive(toServer))
    clientEvents.push(...client.receive(toClient))
  }
}

/** The application data among some events, as text. */
export function text(events: readonly ConnectionEvent[]): string {
  return events.map((event) => (event.type === 'application-data' ? Buffer.from(event.data).toString() : '')).join('')
}
