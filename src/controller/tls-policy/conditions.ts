/** From what was found to the conditions that a person, `kubectl wait` and kstatus read. Pure. */
import { conditionTypes, transition, type Condition, type Finding } from '../../api/condition.ts'
import type { Reason } from '../../api/reasons.ts'

/** What was found out about a policy; the conditions that sum it up follow from these. */
export interface Findings {
  readonly accepted: Finding
  readonly resolvedRefs: Finding
  readonly programmed: Finding
  readonly certificatesValid: Finding
  readonly servedVerified: Finding
}

/** A condition's type, status, reason and message in one line. */
export function finding(type: Finding['type'], status: Finding['status'], reason: Reason, message: string): Finding {
  // The API server takes no message above 32768 characters, and nobody reads one above 1024.
  return { type, status, reason, message: message.length > 1024 ? `${message.slice(0, 1021)}...` : message }
}

/** All conditions, in a fixed order, each with the time since when its status holds. */
export function conditions(
  found: Findings,
  before: readonly Condition[] | undefined,
  generation: number,
  now: Date,
): Condition[] {
  const all = [
    found.accepted,
    found.resolvedRefs,
    found.programmed,
    found.certificatesValid,
    found.servedVerified,
    ready(found),
    reconciling(found),
    stalled(found),
  ]
  return all.toSorted((a, b) => place(a) - place(b)).map((one) => transition(before, one, generation, now))
}

/** The conditions of a policy that is not in force: what was not looked at is Unknown, for the same reason. */
export function notAccepted(reason: Reason, message: string): Findings {
  const unknown = (type: Finding['type']): Finding =>
    finding(type, 'Unknown', reason, 'not looked at: the policy is not accepted')
  return {
    accepted: finding('Accepted', 'False', reason, message),
    resolvedRefs: unknown('ResolvedRefs'),
    programmed: finding('Programmed', 'False', reason, message),
    certificatesValid: unknown('CertificatesValid'),
    servedVerified: unknown('ServedVerified'),
  }
}

function place(one: Finding): number {
  return conditionTypes.indexOf(one.type)
}

function ready(found: Findings): Finding {
  const { accepted, resolvedRefs, programmed, certificatesValid, servedVerified } = found
  const no = (from: Finding, reason = from.reason): Finding => finding('Ready', 'False', reason, from.message)
  if (accepted.status !== 'True') return no(accepted)
  // An Audit policy has done all it was asked to do once it has reported: a GitOps tool need not wait for more.
  if (programmed.reason === 'Audit') return finding('Ready', 'True', 'Audit', programmed.message)
  if (programmed.status !== 'True') return no(programmed)
  if (resolvedRefs.status !== 'True') return no(resolvedRefs)
  if (certificatesValid.reason === 'BundleTooLarge') return no(certificatesValid)
  if (certificatesValid.status === 'False' && certificatesValid.reason !== 'ExpiringSoon') {
    return no(certificatesValid, 'CertificateHeldBack')
  }
  if (servedVerified.status !== 'True') return no(servedVerified)
  return finding('Ready', 'True', 'Ready', `${programmed.message}; verified: ${servedVerified.message}`)
}

// kstatus: Reconciling and Stalled are True only while something is going on or has got stuck.
function reconciling({ accepted, programmed, servedVerified }: Findings): Finding {
  const busy = [programmed, servedVerified].find(({ reason }) => underWay.has(reason))
  if (accepted.status === 'True' && busy !== undefined) {
    return finding('Reconciling', 'True', busy.reason, busy.message)
  }
  return finding('Reconciling', 'False', programmed.reason, '')
}

function stalled({ accepted, programmed, servedVerified }: Findings): Finding {
  const stuck = [accepted, programmed, servedVerified].find(
    ({ status, reason }) => status === 'False' && !underWay.has(reason) && !harmless.has(reason),
  )
  if (stuck !== undefined) return finding('Stalled', 'True', stuck.reason, stuck.message)
  return finding('Stalled', 'False', programmed.reason, '')
}

const underWay = new Set<Reason>(['RollingOut', 'Restoring', 'VerificationPending'])
const harmless = new Set<Reason>(['Audit', 'AwaitingRestart'])

export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
