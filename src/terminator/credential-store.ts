import type { CryptoProvider } from '../crypto/provider.ts'
import type { ServerConfig, ServerCredential } from '../tls/config.ts'
import type { Credential } from '../x509/credential.ts'
import { wildcardOf } from '../x509/host-name.ts'
import type { Snapshot } from './snapshot.ts'

/**
 * Which credentials a server name gets: those of the very name, else of the wildcard that covers it (RFC 9525 §6.3: one
 * label), else the default ones. Undefined where there are none of them: the name is refused.
 */
export function credentialStore(snapshot: Snapshot, crypto: CryptoProvider): ServerConfig['credentials'] {
  const byName = new Map<string, readonly ServerCredential[]>()
  for (const { names, credentials } of snapshot.hosts) {
    const imported = credentials.map((credential) => importLater(credential, crypto))
    // The operator puts those that win first.
    for (const name of names) if (!byName.has(name)) byName.set(name, imported)
  }
  const fallback = snapshot.defaultCredentials?.map((credential) => importLater(credential, crypto))
  return (serverName) => {
    if (serverName === undefined) return fallback
    return byName.get(serverName) ?? byName.get(wildcardOf(serverName) ?? '') ?? fallback
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
