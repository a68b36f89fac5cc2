/** From findings and counts to the status, and to the events that tell what is new in it. Pure. */
import type { Reason } from '../../api/reasons.ts'
import {
  maxCertificatesInStatus,
  type CertificateStatus,
  type TargetStatus,
  type TLSPolicyStatus,
} from '../../api/tls-policy-status.ts'
import { served as servedBy } from '../certificates/rollout.ts'
import { questionsOf } from './asking.ts'
import { conditions, type Findings } from './conditions.ts'
import type { Decision, PolicyEvent } from './decision.ts'
import { isUpToDate, isOurs } from './progress.ts'
import { statusBefore, conditionsBefore, type Seen, type Target } from './seen.ts'

/** Puts findings and counts into a status, and says what changed since the last one. */
export function report(
  seen: Seen,
  findings: Findings,
  now: Date,
  doing: Pick<Decision, 'writes' | 'entries' | 'afterwards' | 'requeueAfterMs'>,
): Decision {
  const before = conditionsBefore(seen)
  const generation = seen.raw.metadata.generation ?? 0
  const certificates = certificateStatus(seen, now)
  const pods = seen.targets.flatMap((target) => target.pods.map((pod) => ({ pod, target })))
  const injected = pods.filter(({ pod }) => isOurs(seen, pod)).length
  const stale = pods.filter(({ pod, target }) => isOurs(seen, pod) && !isUpToDate(pod, target)).length
  const verified = certificates.filter(({ verifiedAt }) => verifiedAt !== undefined).length
  // The certificate for unknown names has no name to ask for, and is not counted.
  const expected = new Set(seen.certificates.expectations.map(({ host }) => host))
  const served = certificates.filter(({ host }) => expected.has(host)).length
  const expiries = seen.certificates.status.flatMap(({ notAfter }) => notAfter ?? []).toSorted()
  const conflictsWith = seen.refusal?.conflictsWith ?? []
  const status: TLSPolicyStatus = {
    observedGeneration: generation,
    conditions: conditions(findings, before, generation, now),
    summary: {
      targets: seen.targets.length,
      pods: pods.length,
      injected,
      stale,
      coverage: `${injected}/${pods.length}`,
      served: `${verified}/${served}`,
    },
    targets: seen.targets.map((target) => targetStatus(seen, target)),
    certificates: certificates.slice(0, maxCertificatesInStatus),
    ...(certificates.length > maxCertificatesInStatus
      ? { certificatesOmitted: certificates.length - maxCertificatesInStatus }
      : {}),
    ...(conflictsWith.length > 0 ? { conflictsWith } : {}),
    ...(expiries[0] === undefined ? {} : { nextExpiry: expiries[0] }),
  }
  return { ...doing, status, events: events(status, seen) }
}

function certificateStatus(seen: Seen, now: Date): CertificateStatus[] {
  const { all } = questionsOf(seen)
  const byHost = Map.groupBy(servedBy(all, seen.answers), ({ host }) => host)
  const before = new Map(statusBefore(seen)?.certificates?.map((one) => [certificateKey(one), one]))
  return seen.certificates.status.map((certificate) => {
    const { fingerprintSHA256: wanted } = certificate
    const keyType = seen.certificates.expectations.find(
      ({ host, fingerprint }) => host === certificate.host && fingerprint === wanted,
    )?.keyType
    const found = byHost.get(certificate.host)?.find((one) => one.keyType === keyType)
    if (found === undefined || found.fingerprints.length === 0) return certificate
    const seenServed = { ...certificate, served: found.fingerprints }
    if (!found.verified) return seenServed
    const last = before.get(certificateKey(certificate))
    const at = last?.fingerprintSHA256 === wanted ? last?.verifiedAt : undefined
    // Verified again every few minutes, written once an hour: a status that changes all the time helps nobody.
    const isFresh = at !== undefined && now.getTime() - Date.parse(at) < 3_600_000
    return { ...seenServed, verifiedAt: isFresh ? at : now.toISOString().replace(/\.\d+Z$/, 'Z') }
  })
}

function certificateKey({ host, secret }: CertificateStatus): string {
  return `${host}|${secret.namespace}/${secret.name}`
}

function targetStatus(seen: Seen, { workload, pods, flavour, plan, refusal }: Target): TargetStatus {
  const { status, spec } = workload
  return {
    kind: workload.kind,
    name: workload.metadata.name,
    ...(flavour === undefined ? {} : { flavour }),
    desired: workload.kind === 'DaemonSet' ? (status?.desiredNumberScheduled ?? 0) : (spec.replicas ?? 1),
    injected: pods.filter((pod) => isOurs(seen, pod)).length,
    ready: status?.readyReplicas ?? status?.numberReady ?? 0,
    ...(plan === undefined ? {} : { configHash: plan.fingerprint }),
    ...(refusal === undefined ? {} : { message: `${refusal.reason}: ${refusal.message}` }),
  }
}

/** A condition that changed, and a certificate that is served at last, are each worth one event. */
function events(status: TLSPolicyStatus, seen: Seen): PolicyEvent[] {
  const before = new Map(conditionsBefore(seen)?.map((condition) => [condition.type, condition]))
  const found: PolicyEvent[] = []
  for (const { type, status: value, reason, message } of status.conditions ?? []) {
    if (!spoken.has(type)) continue
    const old = before.get(type)
    if (old?.status === value && old.reason === reason) continue
    if (value === 'Unknown' || (old === undefined && quietAtFirst.has(reason))) continue
    const bad = value === 'False' && !calm.has(reason)
    found.push({ type: bad ? 'Warning' : 'Normal', reason, note: message === '' ? reason : message })
  }
  const old = new Map(statusBefore(seen)?.certificates?.map((one) => [certificateKey(one), one]))
  const rotated = (status.certificates ?? []).filter((one) => {
    const last = old.get(certificateKey(one))
    return one.verifiedAt !== undefined && (last?.verifiedAt === undefined || !isSame(last, one))
  })
  if (rotated.length > 0) {
    const names = rotated
      .slice(0, 3)
      .map(({ host, fingerprintSHA256 }) => `${host} (${fingerprintSHA256?.slice(0, 12)})`)
    const more = rotated.length > names.length ? ` and ${rotated.length - names.length} more` : ''
    found.push({
      type: 'Normal',
      reason: 'CertificateRotated',
      note: `served and verified: ${names.join(', ')}${more}`,
    })
  }
  return found
}

function isSame(a: CertificateStatus, b: CertificateStatus): boolean {
  return a.fingerprintSHA256 === b.fingerprintSHA256
}

const spoken = new Set(['Accepted', 'ResolvedRefs', 'Programmed', 'CertificatesValid', 'ServedVerified'])
const calm = new Set<Reason>(['Audit', 'RollingOut', 'Restoring', 'AwaitingRestart', 'NoCertificates'])
const quietAtFirst = new Set<Reason>(['ResolvedRefs', 'CertificatesValid'])
