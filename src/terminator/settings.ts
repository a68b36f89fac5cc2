import type { ProviderName } from '../crypto/provider.ts'
import type { VersionName } from '../tls/version.ts'

/** What the terminator is told when it starts. Plain data: worker threads get a copy of it. */
export interface TerminatorSettings {
  /** Undefined where only plain ports are listened on. */
  readonly source: BundleSource | undefined
  readonly listen: readonly ListenAddress[]
  readonly upstream: { readonly host: string; readonly port: number }
  /** Send a PROXY protocol v2 header to the upstream. */
  readonly proxyProtocol: boolean
  /** Expect a PROXY protocol header from the client's side. */
  readonly acceptProxyProtocol: boolean
  readonly admin: { readonly host: string | undefined; readonly port: number } | undefined
  readonly workers: number
  readonly crypto: ProviderName
  /** The oldest version of TLS that is spoken. */
  readonly minTlsVersion: VersionName
  readonly handshakeTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly drainMs: number
  /** Over all workers; each takes its share. */
  readonly maxConnections: number
  /** Of these, so many may still be shaking hands. */
  readonly maxHandshakes: number
  /** What may be kept for peers who do not go on. */
  readonly maxBacklogBytes: number
}

export interface ListenAddress {
  readonly kind: 'tls' | 'plain'
  /** Undefined: every address of both families. */
  readonly host: string | undefined
  readonly port: number
  /** The destination port that the PROXY header says. */
  readonly advertise: number
}

/** Where certificates come from: the operator's bundle, or two files for a first look. */
export type BundleSource =
  | {
      readonly kind: 'bundle'
      readonly directory: string
      /** Names the generation to serve; without it the committed one is. */
      readonly generationFile?: string | undefined
    }
  | {
      readonly kind: 'files'
      readonly certificate: string
      readonly key: string
      readonly alpn: readonly string[]
    }
