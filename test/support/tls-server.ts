import { native } from '../../src/crypto/native/provider.ts'
import { concat } from '../../src/bytes/arrays.ts'
import type { ServerConfig, TicketSettings, Verdict } from '../../src/tls/config.ts'
import { ServerConnection } from '../../src/tls/connection.ts'
import type { ConnectionEvent } from '../../src/tls/events.ts'
import { TicketKeys } from '../../src/tls/tickets.ts'
import { testCredential } from './credentials.ts'
import { seededRandom } from './random.ts'
import { TestClient, type ClientOptions, type ClientSession } from './tls-client.ts'

/**
 * A server's configuration for tests. With Ed25519, whose signatures are the same each time, and a seeded `random`,
 * each connection made with the same seed says the same bytes: a recorded client flight can be played again.
 */
export function serverConfig(overrides: Partial<ServerConfig> = {}, seed = 1): ServerConfig {
  return {
    crypto: native,
    random: seededRandom(seed),
    now: () => noon,
    credentials: (name) => (name === 'unknown.example.com' ? undefined : [ed25519]),
    groups: ['X25519MLKEM768', 'X25519', 'P-256', 'P-384', 'SecP256r1MLKEM768'],
    alpn: [],
    ...overrides,
  }
}

/** When it is, for servers of the tests: some day in 2026. */
export const noon = Date.UTC(2026, 5, 1, 12)

const ed25519 = testCredential('ed25519', native)

/** Hands flights to and fro until both sides have nothing more to say. A client's certificate gets this verdict. */
export function converse(
  client: Pick<TestClient, 'hello' | 'receive'>,
  server: ServerConnection,
  first: readonly Uint8Array[] = client.hello(),
  verdict: Verdict = 'accepted',
): ConnectionEvent[] {
  const events: ConnectionEvent[] = []
  for (let flight = first; flight.length > 0;) {
    events.push(...server.receive(concat(...flight)))
    if (events.at(-1)?.type === 'verify-client-certificate') events.push(...server.answer(verdict))
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

/** Ticket keys that are the same each time. */
export function ticketSettings(seed = 3): TicketSettings {
  const random = seededRandom(seed)
  const keys = new TicketKeys(native, [{ name: random(16), key: random(32) }])
  return { keys, lifetimeSeconds: 3600 }
}

/** A ticket of a connection that is over. */
export function sessionsOf(
  tickets: TicketSettings,
  options: Partial<ClientOptions> = {},
  config: Partial<ServerConfig> = {},
): readonly ClientSession[] {
  const client = new TestClient({ crypto: native, random: seededRandom(11), ...options })
  established(client, { tickets, ...config })
  return client.sessions.slice(0, 1)
}
