import type { BundleClientAuth, TlsSettings } from '../api/bundle-settings.ts'
import type { TicketKey } from '../tls/tickets.ts'
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
  /** What is asked of the clients of every host that asks nothing else. */
  readonly clientAuth?: SnapshotClientAuth
  /** Left out: no sessions are resumed. */
  readonly tickets?: SnapshotTickets
}

export interface SnapshotHost {
  readonly names: readonly string[]
  /** Best first. */
  readonly credentials: readonly Credential[]
  readonly clientAuth?: SnapshotClientAuth
}

/** As in the bundle, with DER instead of the hashes that name it. */
export interface SnapshotClientAuth {
  readonly mode: BundleClientAuth['mode']
  readonly authorities: readonly Uint8Array[]
  readonly crls?: readonly Uint8Array[]
  readonly maxIntermediates?: number
}

export interface SnapshotTickets {
  /** The first one seals. */
  readonly keys: readonly TicketKey[]
  readonly lifetimeSeconds: number
}

/** Whether two snapshots would do the same: tickets' keys, and how long they live, change without a new generation. */
export function isSameSnapshot(a: Snapshot, b: Snapshot): boolean {
  const ofTickets = ({ tickets }: Snapshot): string =>
    [tickets?.lifetimeSeconds, ...(tickets?.keys ?? []).map(({ name }) => name.join())].join(' ')
  return a.generation === b.generation && ofTickets(a) === ofTickets(b)
}
