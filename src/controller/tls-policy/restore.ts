/** The way back: pods as they were, and nothing of ours left. Pure. */
import { forceDeleteAnnotation } from '../../api/names.ts'
import { count, finding, type Findings } from './conditions.ts'
import { resyncMs, type Decision, type PolicyEvent, type Write } from './decision.ts'
import { rolloutValue } from './rolling.ts'
import { conditionsBefore, type Seen } from './seen.ts'
import { report } from './status.ts'
import { deleteOwn, keepOwn } from './writes.ts'

/** Brings the pods back as they were: entries first, then the roll-out, then what we made, then the finalizer. */
export function restore(seen: Seen, now: Date, why: 'deleted' | 'audit'): Decision {
  const rolled = [...seen.targets.map(({ workload }) => workload), ...seen.abandoned]
  const spec = seen.policy?.spec
  const byHand = spec?.rollout.strategy === 'OnDelete'
  const afterwards: Write[] = byHand
    ? []
    : rolled
        .filter((workload) => rolloutValue(workload) !== undefined)
        .map((workload) => ({ do: 'roll', workload, value: undefined }))

  const left = seen.injected.length
  const forced = seen.raw.metadata.annotations?.[forceDeleteAnnotation] === 'true'
  const deadlineMs = spec?.rollout.progressDeadlineMs ?? 600_000
  const since = restoringSince(seen, why)
  const isLate = since !== undefined && now.getTime() - since > deadlineMs
  const orphaned = seen.targets.length === 0 && seen.abandoned.length === 0
  // Pods that nothing will replace, and that somebody decided to leave, are not waited for.
  const isOver = left === 0 || forced || isLate || (why === 'deleted' && (byHand || orphaned))
  if (!isOver) {
    const message = `${count(left, 'pod')} still with the sidecar`
    const findings: Findings = {
      accepted: finding('Accepted', 'True', 'Accepted', message),
      resolvedRefs: finding('ResolvedRefs', 'True', 'ResolvedRefs', ''),
      programmed: finding('Programmed', 'False', 'Restoring', message),
      certificatesValid: finding('CertificatesValid', 'Unknown', 'Restoring', ''),
      servedVerified: finding('ServedVerified', 'Unknown', 'Restoring', ''),
    }
    return report(seen, findings, now, { writes: [], entries: [], afterwards, requeueAfterMs: 2000 })
  }

  const events: PolicyEvent[] = []
  if (left > 0) {
    const cause = forced ? 'by force' : isLate ? 'after the deadline' : 'without a roll-out'
    const note = `let go ${cause}: ${count(left, 'pod')} still carry the sidecar until they are replaced; Secret and ConfigMap that they need are left, and are yours to delete`
    events.push({ type: 'Warning', reason: 'Restoring', note })
  }
  // The kubelet empties the volume of a Secret that is gone, and a restarted sidecar would have nothing to serve.
  const own = left > 0 ? keepOwn(seen) : deleteOwn(seen)
  const end = {
    writes: [],
    entries: [],
    afterwards: [...afterwards, ...own, { do: 'remove-finalizer' } as const],
  }
  return { ...end, status: undefined, events, requeueAfterMs: why === 'audit' ? 200 : resyncMs }
}

function restoringSince(seen: Seen, why: 'deleted' | 'audit'): number | undefined {
  if (why === 'deleted') return Date.parse(seen.raw.metadata.deletionTimestamp ?? '')
  const before = conditionsBefore(seen)?.find(({ type }) => type === 'Reconciling')
  if (before?.status !== 'True' || before.reason !== 'Restoring') return undefined
  return Date.parse(before.lastTransitionTime)
}
