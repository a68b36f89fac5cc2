/**
 * What to do about one TLSPolicy, from all that was seen. Pure: the same sight gives the same decision, and once the
 * decision is carried out, the next one has nothing to write.
 *
 * In Enforce the order is: bundle and derived ConfigMap, the webhook entries, and only when the API server has had
 * these for a while and the webhook answers, the roll-out. Restoring goes the other way round.
 */
import { restoreFinalizer } from '../../api/names.ts'
import type { TLSPolicy } from '../../api/tls-policy.ts'
import { questionsOf } from './asking.ts'
import { count, finding, notAccepted, type Findings } from './conditions.ts'
import { resyncMs, type Decision, type Write } from './decision.ts'
import { certificatesValid, programmed, resolvedRefs, servedVerified } from './findings.ts'
import { restore } from './restore.ts'
import { rolloutOf, type Rollout } from './rolling.ts'
import type { Seen, Target } from './seen.ts'
import { report } from './status.ts'
import { announcements, deleteOwn, derivedWrites, entriesOf } from './writes.ts'

/** What to do, and what to say. */
export function decide(seen: Seen, now: Date): Decision {
  const deleting = seen.raw.metadata.deletionTimestamp !== undefined
  const held = seen.raw.metadata.finalizers?.includes(restoreFinalizer) === true
  if (deleting) return held ? restore(seen, now, 'deleted') : gone
  if (seen.policy === undefined || seen.refusal !== undefined) return refuse(seen, now, held)
  if (seen.policy.spec.enforcement === 'Audit')
    return held ? restore(seen, now, 'audit') : audit(seen, seen.policy, now)
  return enforce(seen, seen.policy, now, held)
}

function enforce(seen: Seen, policy: TLSPolicy, now: Date, held: boolean): Decision {
  const { certificates, own } = seen
  const { generation } = certificates
  const writes: Write[] = held ? [] : [{ do: 'add-finalizer' }]
  if (generation !== undefined && !own.bundleInPlace) {
    writes.push({ do: 'apply-bundle', generation, data: certificates.data })
  }
  writes.push(...derivedWrites(seen))
  if (generation !== undefined) writes.push(...announcements(seen, generation, now))

  // Without one certificate the sidecar could only refuse: the pods stay as they are until there is one.
  const entries = generation === undefined ? [] : entriesOf(seen, policy)
  const rollout = rolloutOf(seen, policy, now)
  const findings: Findings = {
    accepted: finding('Accepted', 'True', 'Accepted', `governs ${workloadNames(seen.targets)}`),
    resolvedRefs: resolvedRefs(seen),
    programmed: programmed(seen, policy, rollout, now),
    certificatesValid: certificatesValid(seen, policy, now),
    servedVerified: servedVerified(seen, policy, now),
  }
  return report(seen, findings, now, {
    writes,
    entries,
    afterwards: [
      ...rollout.writes,
      ...seen.abandoned.map((workload) => ({ do: 'roll', workload, value: undefined }) as const),
    ],
    requeueAfterMs: patience(seen, findings, rollout, now),
  })
}

function audit(seen: Seen, policy: TLSPolicy, now: Date): Decision {
  const would = seen.targets.map(({ workload, pods, plan, refusal }) => {
    const name = `${workload.kind} ${workload.metadata.name}`
    if (plan === undefined) return `would leave ${name} as it is: ${refusal?.message ?? 'nothing to do'}`
    const details = plan.summary.length === 0 ? '' : ` (${plan.summary.join('; ')})`
    return `would put the sidecar into ${count(pods.length, 'pod')} of ${name}${details}`
  })
  const hosts = new Set(seen.certificates.status.map(({ host }) => host)).size
  const message = `${would.join('; ')}; would serve ${count(hosts, 'host')}`
  const findings: Findings = {
    accepted: finding('Accepted', 'True', 'Accepted', `would govern ${workloadNames(seen.targets)}`),
    resolvedRefs: resolvedRefs(seen),
    programmed: finding('Programmed', 'False', 'Audit', message),
    certificatesValid: certificatesValid(seen, policy, now),
    servedVerified: finding('ServedVerified', 'Unknown', 'Audit', 'nothing is served in Audit'),
  }
  return report(seen, findings, now, { writes: [], entries: [], afterwards: [], requeueAfterMs: resyncMs })
}

/**
 * A policy that can't be honoured changes nothing: what is in force stays, certificates are renewed, so that an Ingress which somebody adds can't
 * take TLS away from the rest. Only one that gives way to another policy lets go of what it held.
 */
function refuse(seen: Seen, now: Date, held: boolean): Decision {
  const { reason, message } = seen.refusal ?? { reason: 'Invalid', message: 'the policy could not be read' }
  const findings = notAccepted(reason, message)
  if (reason !== 'Conflicted') {
    const { generation, data } = seen.certificates
    const renews = held && generation !== undefined
    const bundle: Write[] = renews && !seen.own.bundleInPlace ? [{ do: 'apply-bundle', generation, data }] : []
    const derived = held ? derivedWrites(seen) : []
    return report(seen, findings, now, {
      writes: renews ? [...bundle, ...derived, ...announcements(seen, generation, now)] : derived,
      entries: held ? undefined : [],
      afterwards: [],
      requeueAfterMs: resyncMs,
    })
  }
  const writes: Write[] = held ? [{ do: 'remove-finalizer' }] : []
  // The older policy's roll-out replaces pods that still mount our bundle; until then it stays.
  if (seen.injected.length === 0) writes.push(...deleteOwn(seen))
  return report(seen, findings, now, { writes: [], entries: [], afterwards: writes, requeueAfterMs: resyncMs })
}

function patience(seen: Seen, findings: Findings, rollout: Rollout, now: Date): number {
  if (rollout.waitMs !== undefined) return rollout.waitMs
  // A pod that was just told of a new bundle shows it in less than a second; ask until it does.
  if (findings.servedVerified.reason === 'VerificationPending' && questionsOf(seen).all.length > 0) return 250
  if (findings.servedVerified.status === 'False') return 5000
  if (rollout.moving.length > 0) return 5000
  // Nothing that is watched tells of a right that was granted.
  if (findings.resolvedRefs.reason === 'RefNotPermitted') return 10_000
  const boundaries = seen.certificates.status
    .flatMap(({ notAfter }) => (notAfter === undefined ? [] : Date.parse(notAfter)))
    .flatMap((end) => [end, end - (seen.policy?.spec.rotation.expiryWarningMs ?? 0)])
    .map((at) => at - now.getTime() + 1000)
    .filter((ms) => ms > 0)
  return Math.min(longestWaitMs, ...boundaries)
}

function workloadNames(targets: readonly Target[]): string {
  return targets.map(({ workload }) => `${workload.kind} ${workload.metadata.name}`).join(', ')
}

const gone: Decision = {
  writes: [],
  entries: [],
  afterwards: [],
  status: undefined,
  events: [],
  requeueAfterMs: resyncMs,
}
/** A policy in force is looked at so often at least, and its pods are asked again; reconcile.ts spreads these looks. */
const longestWaitMs = 300_000
