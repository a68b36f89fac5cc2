import {
  certificateFile,
  crlFile,
  keyFile,
  manifestFile,
  parseManifest,
  type BundleCredential,
  type BundleManifest,
} from '../../api/bundle.ts'
import { isHostName } from '../../api/bundle-fields.ts'
import type { BundleClientAuth, BundleTickets } from '../../api/bundle-settings.ts'
import { toHex } from '../../bytes/hex.ts'
import type { CryptoProvider } from '../../crypto/provider.ts'
import type { Credential } from '../../x509/credential.ts'
import { matches } from '../../x509/host-name.ts'
import { IssueError, type Issue } from '../../x509/issue.ts'
import { passedCredential } from '../../x509/served-credential.ts'
import { fromBase64, secretKey, type SecretInput } from './secret-input.ts'

/** The host under which bundle and status list the certificate for unknown names. */
export const fallbackHost = '*'

export type KeyType = Credential['publicKey']['kind']

/** A credential that is served, and the Secret that it is or was read from. */
export interface Served {
  readonly credential: Credential
  readonly secret: string
}

/**
 * What the present bundle has for each host: the certificates that were good when they were put into it. Nobody's word is
 * taken for it, for anybody with access may have changed the Secret.
 */
export class LastGood {
  readonly #data: Readonly<Record<string, string>>
  readonly #crypto: CryptoProvider
  readonly #manifest: BundleManifest | undefined
  readonly #byHost: ReadonlyMap<string, readonly BundleCredential[]>

  constructor(
    data: Readonly<Record<string, string>> | undefined,
    crypto: CryptoProvider,
    onUnreadable: (why: string) => void,
  ) {
    this.#data = data ?? {}
    this.#crypto = crypto
    const text = this.#data[manifestFile]
    try {
      this.#manifest =
        text === undefined ? undefined : parseManifest(new TextDecoder().decode(fromBase64(text) ?? new Uint8Array()))
    } catch (error) {
      onUnreadable(error instanceof Error ? error.message : String(error))
    }
    const byHost = new Map<string, readonly BundleCredential[]>()
    for (const { names, credentials } of this.#manifest?.committed.hosts ?? [])
      for (const name of names) byHost.set(name, credentials)
    byHost.set(fallbackHost, this.#manifest?.committed.defaultCredentials ?? [])
    this.#byHost = byHost
  }

  /** Whether the last certificate of a host came from this Secret. */
  isFrom(host: string, secret: SecretInput): boolean {
    return (this.#byHost.get(host) ?? []).some((credential) => credential.secret === secretKey(secret))
  }

  /**
   * What a host served last in the place of a Secret. It must have come from the same Secret, or at least from the same
   * namespace: a host that has moved to another namespace must not be served with the key of the one that it left.
   */
  find(
    host: string,
    secret: SecretInput,
    type: KeyType | undefined,
    taken: ReadonlyMap<KeyType, Served>,
  ): Served | undefined {
    const candidates = (this.#byHost.get(host) ?? [])
      .filter((candidate) => candidate.secret?.startsWith(`${secret.namespace}/`))
      .map((from) => ({ credential: this.#read(from), secret: from.secret as string })) // filtered on the line above
      .filter((one): one is Served => one.credential !== undefined && !taken.has(one.credential.publicKey.kind))
      .filter(({ credential }) => uncovered(credential, host) === undefined)
    return (
      candidates.find((one) => one.secret === secretKey(secret)) ??
      candidates.find(({ credential }) => type === undefined || credential.publicKey.kind === type)
    )
  }

  /**
   * What was last asked of the clients of a host, or of all (undefined), with the files that it names; undefined where it
   * comes from another Secret than this one, or is not whole any more.
   */
  clientAuth(
    host: string | undefined,
    secret?: string,
  ): { readonly clientAuth: BundleClientAuth; readonly files: ReadonlyMap<string, Uint8Array> } | undefined {
    const committed = this.#manifest?.committed
    const entry = host === undefined ? committed?.tls : committed?.hosts.find(({ names }) => names.includes(host))
    const clientAuth = entry?.clientAuth
    if (clientAuth === undefined || (secret !== undefined && clientAuth.secret !== secret)) return undefined
    const files = new Map<string, Uint8Array>()
    const names = [...clientAuth.authorities.map(certificateFile), ...(clientAuth.crls ?? []).map(crlFile)]
    for (const [i, hash] of [...clientAuth.authorities, ...(clientAuth.crls ?? [])].entries()) {
      const name = names[i] as string // one for each hash
      const der = this.file(name)
      if (der === undefined || toHex(digest(this.#crypto, der)) !== hash) return undefined
      files.set(name, der)
    }
    return { clientAuth, files }
  }

  /** Hosts that asked their clients something of their own. */
  get asking(): readonly string[] {
    const entries = this.#manifest?.committed.hosts ?? []
    return entries.filter(({ clientAuth }) => clientAuth !== undefined).flatMap(({ names }) => names)
  }

  /** The keys of tickets, and their files. */
  get tickets(): BundleTickets | undefined {
    return this.#manifest?.tickets
  }

  #read(from: BundleCredential): Credential | undefined {
    const pkcs8 = this.file(keyFile(from.key))
    const chain = from.chain
      .map((hash) => ({ hash, der: this.file(certificateFile(hash)) ?? new Uint8Array() }))
      .filter(({ hash, der }) => toHex(digest(this.#crypto, der)) === hash)
      .map(({ der }) => der)
    if (pkcs8 === undefined || chain.length < from.chain.length) return undefined
    try {
      return passedCredential(chain, pkcs8, this.#crypto)
    } catch (error) {
      if (error instanceof IssueError) return undefined
      throw error
    }
  }

  /** A file of the bundle that is there. */
  file(name: string): Uint8Array | undefined {
    const text = this.#data[name]
    return text === undefined ? undefined : fromBase64(text)
  }
}

/** What is wrong with a certificate for a host that it does not name; undefined where it does. */
export function uncovered(credential: Credential, host: string): Issue | undefined {
  if (host === fallbackHost) return undefined
  // The API server takes labels in an Ingress that no DNS name has, and a bundle with one of them would be refused whole.
  if (!isHostName(host))
    return {
      reason: 'SANMismatch',
      severity: 'error',
      message: `${host} is no DNS name, which no certificate can be for`,
    }
  if (credential.names.some((pattern) => matches(pattern, host))) return undefined
  const names = credential.names.length === 0 ? 'no DNS name' : credential.names.slice(0, 10).join(', ')
  return {
    reason: 'SANMismatch',
    severity: 'error',
    message: `the certificate is for ${names}, and not for ${host}`,
  }
}

export function digest(crypto: CryptoProvider, bytes: Uint8Array): Uint8Array {
  const hash = crypto.hash('SHA-256')
  hash.update(bytes)
  return hash.digest()
}
