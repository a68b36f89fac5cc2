import type { CryptoProvider, GroupName } from '../crypto/provider.ts'
import { loadWasm } from '../crypto/wasm/load.ts'
import type { ServerCredential } from '../tls/config.ts'
import type { VersionRange } from '../tls/version.ts'
import { servedCredentialPem } from '../x509/served-credential.ts'

/** Groups, where nobody chose: the hybrid first, so that what is recorded today stays closed to a quantum computer. */
export const defaultGroups: readonly GroupName[] = ['X25519MLKEM768', 'X25519', 'P-256', 'P-384']

/** The fastest of the providers in memory-safe code; made when it is first asked for. */
export function defaultCrypto(): CryptoProvider {
  return (once ??= loadWasm())
}
let once: CryptoProvider | undefined

/** A chain and its key, from PEM. Throws Error where they are no good, or do not belong together. */
export function parsePair(cert: string, key: string, crypto: CryptoProvider): ServerCredential {
  const credential = servedCredentialPem(cert, key, crypto)
  return { ...credential, signingKey: crypto.signingKey(credential.privateKey) }
}

/** The versions among some options, left out where they are. */
export function versionsOf({ minVersion, maxVersion }: VersionRange): VersionRange {
  return { ...(minVersion && { minVersion }), ...(maxVersion && { maxVersion }) }
}
