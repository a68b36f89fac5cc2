import { createHash } from 'node:crypto'
import { pooledRandom } from '../crypto/native/random.ts'
import type { CryptoProvider, GroupName } from '../crypto/provider.ts'
import type { ClientAuth, ServerConfig } from '../tls/config.ts'
import type { VersionRange } from '../tls/version.ts'
import { verifyChain } from '../x509/chain.ts'
import { parseTrustAnchors, type TrustAnchors } from '../x509/trust-anchors.ts'
import { defaultCrypto, defaultGroups, parsePair, versionsOf } from './defaults.ts'
import type { Side } from './tls-stream.ts'

export interface ServerOptions extends VersionRange {
  /** PEM of the chain, the leaf first, and of its key. */
  readonly cert: string
  readonly key: string
  /** Protocols, the server's preference first. */
  readonly ALPNProtocols?: readonly string[]
  /** True: clients are asked who they are, and `ca` says whom to believe. */
  readonly requestCert?: boolean
  /** False: whoever shows none, or one that is not believed, is let in too, and `authorized` tells them apart. */
  readonly rejectUnauthorized?: boolean
  /** PEM of the authorities that vouch for clients. */
  readonly ca?: string
  readonly groups?: readonly GroupName[]
  readonly crypto?: CryptoProvider
}

/** What `serve` needs: PEM parsed and the key imported once, not once a connection. */
export interface ServerContext extends Required<Omit<Side, 'engine'>> {
  readonly config: ServerConfig
}

/** Throws Error where the options are no good. */
export function serverContext(options: ServerOptions): ServerContext {
  const { cert, key, crypto = defaultCrypto(), requestCert = false, rejectUnauthorized = true } = options
  if (requestCert && options.ca === undefined)
    throw new Error('requestCert without ca: found no authorities, expected those that vouch for clients')
  const credential = parsePair(cert, key, crypto)
  const anchors = requestCert ? parseTrustAnchors(options.ca ?? '') : undefined
  const config: ServerConfig = {
    ...versionsOf(options),
    crypto,
    random: pooledRandom(),
    now: Date.now,
    credentials: () => [credential],
    groups: options.groups ?? defaultGroups,
    alpn: options.ALPNProtocols ?? [],
    ...(anchors && clientAuth(anchors, rejectUnauthorized)),
  }
  const verdictOn = (chain: readonly Uint8Array[]) => {
    if (anchors === undefined) throw new Error('a client showed a certificate that it was not asked for')
    return verifyChain(chain, { anchors, purpose: 'clientAuth', now: new Date(), crypto })
  }
  return {
    config,
    judge(chain) {
      const verdict = verdictOn(chain)
      return rejectUnauthorized && 'refused' in verdict ? verdict : 'accepted'
    },
    doubt({ peerChain }) {
      if (peerChain === undefined) return 'the client showed no certificate'
      if (rejectUnauthorized) return undefined
      const verdict = verdictOn(peerChain)
      return 'refused' in verdict ? `${verdict.refused}: ${verdict.detail}` : undefined
    },
  }
}

function clientAuth({ certificates }: TrustAnchors, required: boolean): Pick<ServerConfig, 'clientAuth'> {
  const id = createHash('sha256')
  for (const { der } of certificates) id.update(der)
  const asked: ClientAuth = { required, authorities: certificates.map(({ subject }) => subject.der), id: id.digest() }
  return { clientAuth: () => asked }
}
