import type { TlsSettings } from '../api/bundle.ts'
import type { Credential } from '../x509/credential.ts'

/**
 * One generation of the bundle, read, parsed and verified on the main thread. Plain data, so that worker threads can be
 * handed a copy; the main thread is the only one that reads files.
 */
export interface Snapshot {
  readonly generation: string
  readonly tls: TlsSettings
  readonly hosts: readonly SnapshotHost[]
  /** What an unknown name gets; undefined: the `unrecognized_name` alert. */
  readonly defaultCredentials: readonly Credential[] | undefined
}

export interface SnapshotHost {
  readonly names: readonly string[]
  /** Best first. */
  readonly credentials: readonly Credential[]
}
