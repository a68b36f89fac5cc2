import { randomBytes } from 'node:crypto'
import type { CryptoProvider } from '../crypto/provider.ts'
import type { ServerConfig, ServerCredential } from '../tls/config.ts'
import { wildcardOf } from '../x509/host-name.ts'
import type { Credential } from '../x509/credential.ts'
import type { Snapshot } from './snapshot.ts'

/** What all connections of one generation share. Replaced as a whole: open connections keep the one they began with. */
export function serverConfig(snapshot: Snapshot, crypto: CryptoProvider): ServerConfig {
  const byName = new Map<string, readonly ServerCredential[]>()
  for (const { names, credentials } of snapshot.hosts) {
    const imported = credentials.map((credential) => importLater(credential, crypto))
    for (const name of names) byName.set(name, imported)
  }
  const fallback = snapshot.defaultCredentials?.map((credential) => importLater(credential, crypto))
  return {
    crypto,
    random: (length) => randomBytes(length),
    groups: snapshot.tls.groups,
    alpn: snapshot.tls.alpn,
    credentials(serverName) {
      if (serverName === undefined) return fallback
      return byName.get(serverName) ?? byName.get(wildcardOf(serverName) ?? '') ?? fallback
    },
  }
}

/** Thousands of keys come with a bundle, and few are asked for soon: each is imported when it first signs. */
function importLater(credential: Credential, crypto: CryptoProvider): ServerCredential {
  let signingKey: ServerCredential['signingKey'] | undefined
  return {
    ...credential,
    get signingKey() {
      return (signingKey ??= crypto.signingKey(credential.privateKey))
    },
  }
}
