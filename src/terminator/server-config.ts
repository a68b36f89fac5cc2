import { randomBytes } from 'node:crypto'
import { brotliCompressSync, constants, deflateSync, zstdCompressSync } from 'node:zlib'
import type { CryptoProvider } from '../crypto/provider.ts'
import type { Compressors, ServerConfig } from '../tls/config.ts'
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
    compressors,
  }
}

/** All that browsers ask for. Brotli's best is worth a hundredth of the length, and takes ten times as long. */
const compressors: Compressors = {
  zlib: deflateSync,
  brotli: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  zstd: zstdCompressSync,
}
