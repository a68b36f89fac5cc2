import { brotliCompressSync, constants, deflateSync, zstdCompressSync } from 'node:zlib'
import { isTls13Suite } from '../api/cipher-suites.ts'
import { pooledRandom } from '../crypto/native/random.ts'
import type { CryptoProvider } from '../crypto/provider.ts'
import type { Compressors, ServerConfig } from '../tls/config.ts'
import type { ConnectionMemory } from '../tls/record/record-queue.ts'
import { TicketKeys } from '../tls/tickets.ts'
import { clientAuthStore, type AskedOfClients } from './client-auth.ts'
import { credentialStore } from './credential-store.ts'
import { lentMemory } from './record-pool.ts'
import type { TerminatorSettings } from './settings.ts'
import type { Snapshot } from './snapshot.ts'

/** What a `TlsEngine` is made with: the engine's own settings, and what the certificates of clients are held against. */
export interface TerminatorConfig extends ServerConfig {
  readonly clientAuth: (serverName: string | undefined) => AskedOfClients | undefined
  readonly memory: ConnectionMemory
}

/** What all connections of one generation share. Replaced as a whole: open connections keep the one they began with. */
export function serverConfig(
  snapshot: Snapshot,
  crypto: CryptoProvider,
  { minTlsVersion }: Pick<TerminatorSettings, 'minTlsVersion'>,
  memory: ConnectionMemory = lentMemory(),
): TerminatorConfig {
  const { groups, alpn, minVersion = '1.2', cipherSuites = [] } = snapshot.tls
  return {
    crypto,
    memory,
    // The policy may ask for more than the flag, and the flag for more than the policy.
    minVersion: minVersion === '1.3' ? 'TLSv1.3' : minTlsVersion,
    random: pooledRandom(),
    now: Date.now,
    groups,
    ...suitesOf(cipherSuites),
    alpn,
    credentials: credentialStore(snapshot, crypto),
    compressors,
    clientAuth: clientAuthStore(snapshot, crypto),
    ...ticketsOf(snapshot, crypto),
  }
}

/** An empty list leaves the choice to the engine. */
function suitesOf(names: NonNullable<Snapshot['tls']['cipherSuites']>): Pick<ServerConfig, 'suites' | 'tls12Suites'> {
  if (names.length === 0) return {}
  return { suites: names.filter(isTls13Suite), tls12Suites: names.filter((name) => !isTls13Suite(name)) }
}

function ticketsOf({ tickets }: Snapshot, crypto: CryptoProvider): Pick<ServerConfig, 'tickets'> {
  if (tickets === undefined) return {}
  const { keys, lifetimeSeconds } = tickets
  return { tickets: { keys: new TicketKeys(crypto, keys), lifetimeSeconds } }
}

/** All that browsers ask for. Brotli's best is worth a hundredth of the length, and takes ten times as long. */
const compressors: Compressors = {
  zlib: deflateSync,
  brotli: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  zstd: zstdCompressSync,
}
