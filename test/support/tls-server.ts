import { native } from '../../src/crypto/native/provider.ts'
import { concat } from '../../src/bytes/arrays.ts'
import type { ServerConfig } from '../../src/tls/config.ts'
import { ServerConnection } from '../../src/tls/connection.ts'
import type { ConnectionEvent } from '../../src/tls/events.ts'
import { testCredential } from './credentials.ts'
import { seededRandom } from './random.ts'
import type { TestClient } from './tls-client.ts'

/**
 * A server's configuration for tests. With Ed25519, whose signatures are the same each time, and a seeded `random`,
 * each connection made with the same seed says the same bytes: a recorded client flight can be played again.
 */
export function serverConfig(overrides: Partial<ServerConfig> = {}, seed = 1): ServerConfig {
  return {
    crypto: native,
    random: seededRandom(seed),
    credentials: (name) => (name === 'unknown.example.com' ? undefined : [ed25519]),
    groups: ['X25519MLKEM768', 'X25519', 'P-256', 'P-384', 'SecP256r1MLKEM768'],
    alpn: [],
    ...overrides,
  }
}

const ed25519 = testCredential('ed25519', native)

/** Hands flights to and fro until both sides have nothing more to say. */
export function converse(
  client: Pick<TestClient, 'hello' | 'receive'>,
  server: ServerConnection,
  first: readonly Uint8Array[] = client.hello(),
): ConnectionEvent[] {
  const events: ConnectionEvent[] = []
  for (let flight = first; flight.length > 0;) {
    events.push(...server.receive(concat(...flight)))
    flight = client.receive(concat(...server.takeOutput()))
  }
  return events
}

/** A connection that is open, with its client. */
export function established(
  client: Pick<TestClient, 'hello' | 'receive'>,
  overrides: Partial<ServerConfig> = {},
): { server: ServerConnection; events: ConnectionEvent[] } {
  const server = new ServerConnection(serverConfig(overrides))
  const events = converse(client, server)
  if (server.state !== 'open') throw new Error(`not established: ${JSON.stringify(events)}`)
  return { server, events }
}
