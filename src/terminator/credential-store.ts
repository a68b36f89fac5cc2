import type { CryptoProvider } from '../crypto/provider.ts'
import type { ServerConfig, ServerCredential } from '../tls/config.ts'
import type { Credential } from '../x509/credential.ts'
import { hostIndex } from './host-index.ts'
import type { Snapshot } from './snapshot.ts'

/** Which credentials a server name gets: its host's, else the default ones. Undefined where there are none: it is refused. */
export function credentialStore(snapshot: Snapshot, crypto: CryptoProvider): ServerConfig['credentials'] {
  const find = hostIndex(
    snapshot.hosts.map(({ names, credentials }) => ({
      names,
      credentials: credentials.map((credential) => importLater(credential, crypto)),
    })),
  )
  const fallback = snapshot.defaultCredentials?.map((credential) => importLater(credential, crypto))
  return (serverName) => find(serverName)?.credentials ?? fallback
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
