import type { Reason } from './reasons.ts'

/** The conditions of a TLSPolicy; the last two are what kstatus looks at. */
export const conditionTypes = [
  'Accepted',
  'ResolvedRefs',
  'Programmed',
  'CertificatesValid',
  'ServedVerified',
  'Ready',
  'Reconciling',
  'Stalled',
] as const

export type ConditionType = (typeof conditionTypes)[number]

/** A metav1.Condition. */
export interface Condition {
  readonly type: ConditionType
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: Reason
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration?: number
}

/** A condition before it is known since when it holds. */
export type Finding = Omit<Condition, 'lastTransitionTime' | 'observedGeneration'>

/** The condition to write: `lastTransitionTime` moves only when the status does, so writing it twice changes nothing. */
export function transition(
  before: readonly Condition[] | undefined,
  finding: Finding,
  generation: number,
  now: Date,
): Condition {
  const old = before?.find(({ type }) => type === finding.type)
  const same = old !== undefined && old.status === finding.status
  // metav1.Time has no fractions of a second.
  const since = same ? old.lastTransitionTime : now.toISOString().replace(/\.\d+Z$/, 'Z')
  return { ...finding, lastTransitionTime: since, observedGeneration: generation }
}
