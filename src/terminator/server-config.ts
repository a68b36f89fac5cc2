import { randomBytes } from 'node:crypto'
import type { CryptoProvider } from '../crypto/provider.ts'
import type { ServerConfig } from '../tls/config.ts'
import { credentialStore } from './credential-store.ts'
import type { TerminatorSettings } from './settings.ts'
import type { Snapshot } from './snapshot.ts'

/** What all connections of one generation share. Replaced as a whole: open connections keep the one they began with. */
export function serverConfig(
  snapshot: Snapshot,
  crypto: CryptoProvider,
  { minTlsVersion }: Pick<TerminatorSettings, 'minTlsVersion'>,
): ServerConfig {
  return {
    crypto,
    minVersion: minTlsVersion,
    random: (length) => randomBytes(length),
    now: Date.now,
    groups: snapshot.tls.groups,
    alpn: snapshot.tls.alpn,
    credentials: credentialStore(snapshot, crypto),
  }
}
