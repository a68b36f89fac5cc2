/** What decide.ts decides, and apply.ts carries out. */
import type { Reason } from '../../api/reasons.ts'
import type { TLSPolicyStatus } from '../../api/tls-policy-status.ts'
import type { Workload } from '../../api/workload.ts'
import type { WebhookEntry } from '../webhook-configuration/configuration.ts'
import type { Live } from '../world.ts'

export interface Decision {
  /** In this order; all but the last kind before the webhook entries, see `apply.ts`. */
  readonly writes: readonly Write[]
  /** The policy's webhook entries; undefined: leave them as they are. */
  readonly entries: readonly WebhookEntry[] | undefined
  /** To be written after the entries are in place, or gone. */
  readonly afterwards: readonly Write[]
  /** undefined where the policy is gone after this. */
  readonly status: TLSPolicyStatus | undefined
  readonly events: readonly PolicyEvent[]
  readonly requeueAfterMs: number
}

export type Write =
  | { readonly do: 'add-finalizer' | 'remove-finalizer' }
  | { readonly do: 'apply-bundle'; readonly generation: string; readonly data: Readonly<Record<string, string>> }
  | { readonly do: 'delete-bundle' }
  | {
      readonly do: 'apply-derived'
      readonly data: Readonly<Record<string, string>>
      readonly binaryData: Readonly<Record<string, string>>
    }
  | { readonly do: 'delete-derived' }
  /** Takes the policy's ownership away, so that what pods still need does not go with it. */
  | { readonly do: 'keep-bundle' | 'keep-derived' }
  /** Makes the kubelet sync the bundle at once. */
  | {
      readonly do: 'announce'
      readonly pod: string
      readonly uid: string
      readonly generation: string
      readonly nudge?: string
    }
  /** Sets the roll-out annotation in the pod template, or (undefined) takes it away. */
  | { readonly do: 'roll'; readonly workload: Live<Workload>; readonly value: string | undefined }

export interface PolicyEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: Reason
  readonly note: string
}

/** How long to wait where nothing is awaited. */
export const resyncMs = 600_000
