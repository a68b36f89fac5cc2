/**
 * What to do about one TLSPolicy, from all that was seen. Pure: the same sight gives the same decision, and once the
 * decision is carried out, the next one has nothing to write.
 *
 * In Enforce the order is: bundle and derived ConfigMap, the webhook entries, and only when the API server has had
 * these for a while and the webhook answers, the roll-out. Restoring goes the other way round.
 */
import type { Condition, Finding } from '../../api/condition.ts'
import {
  bundleSecretName,
  derivedConfigMapName,
  fingerprintAnnotation,
  forceDeleteAnnotation,
  generationAnnotation,
  group,
  nudgeAnnotation,
  policyLabel,
  restoreFinalizer,
  rolloutAnnotation,
  version,
} from '../../api/names.ts'
import type { Pod } from '../../api/pod.ts'
import type { Reason } from '../../api/reasons.ts'
import {
  maxCertificatesInStatus,
  type CertificateStatus,
  type TargetStatus,
  type TLSPolicy,
  type TLSPolicyStatus,
} from '../../api/tls-policy.ts'
import type { Workload } from '../../api/workload.ts'
import {
  answerKey,
  matches,
  questions,
  served as servedBy,
  verdict,
  type Question,
  type ServingPod,
} from '../certificates/rollout.ts'
import type { WebhookEntry } from '../webhook-configuration/configuration.ts'
import type { Live } from '../world.ts'
import { conditions, finding, notAccepted, type Findings } from './conditions.ts'
import type { Seen, Target } from './seen.ts'

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

/** The handshakes that tell what the pods serve; those of pods that were told of the present bundle can be made now. */
export function questionsOf(seen: Seen): Asking {
  const known = askings.get(seen)
  if (known !== undefined) return known
  const asking = makeQuestions(seen)
  askings.set(seen, asking)
  return asking
}

interface Asking {
  readonly all: readonly Question[]
  readonly askable: readonly Question[]
}

/** Thousands of hosts times dozens of pods, needed in several places: worked out once for each sight. */
const askings = new WeakMap<Seen, Asking>()

function makeQuestions(seen: Seen): Asking {
  if (seen.policy?.spec.enforcement !== 'Enforce' || seen.certificates.generation === undefined) {
    return { all: [], askable: [] }
  }
  const pods = seen.targets.flatMap((target) => target.pods.flatMap((pod) => servingPod(seen, target, pod)))
  const all = questions(seen.certificates.expectations, pods)
  const told = new Set(
    seen.targets.flatMap((target) =>
      target.pods
        .filter((pod) => annotation(pod, generationAnnotation) === seen.certificates.generation)
        .map((pod) => pod.metadata.uid),
    ),
  )
  return { all, askable: all.filter(({ pod }) => told.has(pod.uid)) }
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

function derivedWrites({ derived, own }: Seen): Write[] {
  if (derived === undefined || own.derivedInPlace) return []
  const { data = {}, binaryData = {} } = derived
  return [{ do: 'apply-derived', data, binaryData }]
}

/** Brings the pods back as they were: entries first, then the roll-out, then what we made, then the finalizer. */
function restore(seen: Seen, now: Date, why: 'deleted' | 'audit'): Decision {
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

function keepOwn({ own }: Seen): Write[] {
  return [
    ...(own.bundle ? [{ do: 'keep-bundle' } as const] : []),
    ...(own.derived ? [{ do: 'keep-derived' } as const] : []),
  ]
}

function deleteOwn({ own }: Seen): Write[] {
  return [
    ...(own.bundle ? [{ do: 'delete-bundle' } as const] : []),
    ...(own.derived ? [{ do: 'delete-derived' } as const] : []),
  ]
}

function announcements(seen: Seen, generation: string, now: Date): Write[] {
  return seen.injected
    .filter((pod) => pod.metadata.deletionTimestamp === undefined)
    .flatMap((pod): Write[] => {
      const to = { pod: pod.metadata.name, uid: pod.metadata.uid ?? '', generation }
      if (annotation(pod, generationAnnotation) !== generation) return [{ do: 'announce', ...to }]
      const nudge = nudgeFor(seen, pod, generation, now)
      return nudge === undefined ? [] : [{ do: 'announce', ...to, nudge }]
    })
}

/**
 * The kubelet may have been told of the pod before it had the new Secret; it would look again only after a minute or
 * more. A pod that goes on showing an old certificate is touched again, a few times.
 */
function nudgeFor(seen: Seen, pod: Live<Pod>, generation: string, now: Date): string | undefined {
  const { all } = questionsOf(seen)
  const isBehind = all.some((question) => {
    const answer = seen.answers.get(answerKey(question))
    return question.pod.uid === pod.metadata.uid && answer?.fingerprint !== undefined && !matches(question, answer)
  })
  if (!isBehind) return undefined
  const before = annotation(pod, nudgeAnnotation)
  const count = before?.startsWith(`${generation}.`) === true ? Number(before.slice(generation.length + 1)) : 0
  const since = seen.generationSince.get(pod.metadata.uid ?? '') ?? now.getTime()
  const isTime = now.getTime() - since >= nudgeMs * (count + 1)
  return count < maxNudges && isTime ? `${generation}.${count + 1}` : undefined
}

function entriesOf(seen: Seen, policy: TLSPolicy): WebhookEntry[] {
  return seen.targets.flatMap(({ workload, plan }) => {
    if (plan === undefined) return []
    const { namespace, name } = policy.metadata
    return {
      namespace,
      policy: name,
      workload: { kind: workload.kind, name: workload.metadata.name },
      selector: workload.spec.selector,
      fingerprint: plan.fingerprint,
      failurePolicy: policy.spec.injection.failurePolicy,
    }
  })
}

/** How far the pods are. */
interface Rollout {
  readonly writes: readonly Write[]
  /** Workloads whose pods are being replaced, or will be as soon as their turn comes. */
  readonly moving: readonly string[]
  /** Workloads whose pods are not as they should be, and for which we do nothing more. */
  readonly stuck: readonly string[]
  readonly waitMs?: number
}

/** One workload at a time, and none before the webhook is known to answer. */
function rolloutOf(seen: Seen, policy: TLSPolicy, now: Date): Rollout {
  const moving: string[] = []
  const stuck: string[] = []
  let next: Write | undefined
  let busy = false
  for (const target of seen.targets) {
    const { workload, plan, pods } = target
    if (plan === undefined) continue
    const value = rolloutValue(workload)
    const attempt = attemptOf(value, plan.fingerprint)
    const name = `${workload.kind} ${workload.metadata.name}`
    if (isCurrent(target)) {
      if (attempt === undefined || !isBeingReplaced(workload)) continue
      moving.push(name)
      busy = true
      continue
    }
    // A pod made from the rolled template, and still without the sidecar, slipped past the webhook.
    const slipped = pods.some((pod) => !isUpToDate(pod, target) && annotation(pod, rolloutAnnotation) === value)
    if (attempt !== undefined && !(isSettled(workload) && slipped)) {
      moving.push(name)
      busy = true
      continue
    }
    if (policy.spec.rollout.strategy === 'OnDelete' || (attempt ?? 0) >= maxAttempts) {
      stuck.push(name)
      continue
    }
    moving.push(name)
    const again = attempt === undefined ? plan.fingerprint : `${plan.fingerprint}-${attempt + 1}`
    next ??= { do: 'roll', workload, value: again }
  }
  if (next === undefined || busy || seen.certificates.generation === undefined) return { writes: [], moving, stuck }
  const settledAt = (seen.webhook.since ?? now.getTime()) + settleMs
  if (!seen.webhook.answers || seen.webhook.since === undefined || settledAt > now.getTime()) {
    return { writes: [], moving, stuck, waitMs: Math.max(100, settledAt - now.getTime()) }
  }
  return { writes: [next], moving, stuck }
}

function programmed(seen: Seen, policy: TLSPolicy, rollout: Rollout, now: Date): Finding {
  const refused = seen.targets.find(({ plan }) => plan === undefined)
  const pods = seen.targets.flatMap((target) => target.pods.map((pod) => isUpToDate(pod, target)))
  const good = pods.filter(Boolean).length
  const state = `${good} of ${count(pods.length, 'pod')} with the sidecar`
  if (seen.certificates.generation === undefined) {
    return notProgrammed('NoCertificates', 'nothing is injected before there is a certificate to serve')
  }
  if (refused?.refusal !== undefined) return notProgrammed(refused.refusal.reason, refused.refusal.message)
  if (rollout.moving.length > 0) {
    const before = conditionsBefore(seen)
    const was = before?.find(({ type }) => type === 'Programmed')
    const since = before?.find(({ type, status }) => type === 'Reconciling' && status === 'True')?.lastTransitionTime
    const late = since !== undefined && now.getTime() - Date.parse(since) > policy.spec.rollout.progressDeadlineMs
    const stays = was?.reason === 'ProgressDeadlineExceeded' && was.observedGeneration === seen.raw.metadata.generation
    if (late || stays)
      return notProgrammed('ProgressDeadlineExceeded', `${state}; ${rollout.moving.join(', ')} did not finish`)
    const wait = seen.webhook.answers ? '' : '; waiting for the webhook'
    return notProgrammed('RollingOut', `${state}; replacing those of ${rollout.moving.join(', ')}${wait}`)
  }
  if (rollout.stuck.length > 0) {
    const stuck = rollout.stuck.join(', ')
    if (policy.spec.rollout.strategy === 'OnDelete')
      return notProgrammed('AwaitingRestart', `${state}; restart ${stuck}`)
    return notProgrammed(
      'PartiallyProgrammed',
      `${state}; restart ${stuck}: the webhook was not asked, or could not be`,
    )
  }
  return finding('Programmed', 'True', 'Programmed', state)
}

function notProgrammed(reason: Reason, message: string): Finding {
  return finding('Programmed', 'False', reason, message)
}

function resolvedRefs(seen: Seen): Finding {
  const { missing, status, fallbackMissing } = seen.certificates
  if (seen.missingTargets.length > 0) {
    return finding('ResolvedRefs', 'False', 'TargetNotFound', `not there: ${seen.missingTargets.join(', ')}`)
  }
  if (missing.length > 0) {
    const names = missing.slice(0, 5).map(({ namespace, name }) => `${namespace}/${name}`)
    const more = missing.length > names.length ? ` and ${missing.length - names.length} more` : ''
    return finding('ResolvedRefs', 'False', 'SecretNotFound', `not there (yet): Secret ${names.join(', ')}${more}`)
  }
  if (fallbackMissing) {
    const message = 'unknownSNI is ServeDefault, and neither the policy nor nginx names a default certificate'
    return finding('ResolvedRefs', 'False', 'DefaultCertificateMissing', message)
  }
  if (status.length === 0) {
    return finding('ResolvedRefs', 'False', 'NoCertificates', 'neither the policy nor an Ingress names a certificate')
  }
  return finding('ResolvedRefs', 'True', 'ResolvedRefs', `${count(status.length, 'certificate')} found`)
}

function certificatesValid(seen: Seen, policy: TLSPolicy, now: Date): Finding {
  const type = 'CertificatesValid'
  const { status, problem } = seen.certificates
  // First, for it keeps every certificate from being renewed, and not one host's.
  if (problem !== undefined) return finding(type, 'False', problem.reason, problem.message)
  // A Secret that is not there (yet) is ResolvedRefs' to report: while it is being issued, nothing is wrong with it.
  const bad = status.filter(({ heldBack }) => heldBack !== undefined && heldBack.reason !== 'SecretNotFound')
  const [first] = bad
  if (first?.heldBack !== undefined) {
    const { namespace, name } = first.secret
    const more = bad.length > 1 ? `; and ${bad.length - 1} more` : ''
    // The reasons of x509/issue.ts stand in the same table; see api/reasons.ts.
    const reason = first.heldBack.reason as Reason
    return finding(
      type,
      'False',
      reason,
      `${first.host}: Secret ${namespace}/${name}: ${first.heldBack.message}${more}`,
    )
  }
  const served = status.filter(({ notAfter }) => notAfter !== undefined)
  if (served.length === 0) return finding(type, 'Unknown', 'NoCertificates', 'there is none to check')
  const soon = served.find(
    ({ notAfter }) => Date.parse(notAfter ?? '') - now.getTime() < policy.spec.rotation.expiryWarningMs,
  )
  if (soon !== undefined) {
    const message = `${soon.host}: Secret ${soon.secret.namespace}/${soon.secret.name} ends at ${soon.notAfter}`
    const isOver = Date.parse(soon.notAfter ?? '') <= now.getTime()
    return finding(type, 'False', isOver ? 'Expired' : 'ExpiringSoon', message)
  }
  return finding(type, 'True', 'CertificatesValid', count(served.length, 'certificate'))
}

function servedVerified(seen: Seen, policy: TLSPolicy, now: Date): Finding {
  return verdict(questionsOf(seen).all, seen.answers, now.getTime(), policy.spec.rotation.verify.timeoutMs)
}

/** Puts findings and counts into a status, and says what changed since the last one. */
function report(
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

function patience(seen: Seen, findings: Findings, rollout: Rollout, now: Date): number {
  if (rollout.waitMs !== undefined) return rollout.waitMs
  // A pod that was just told of a new bundle shows it in less than a second; ask until it does.
  if (findings.servedVerified.reason === 'VerificationPending' && questionsOf(seen).all.length > 0) return 250
  if (findings.servedVerified.status === 'False') return 5000
  if (rollout.moving.length > 0) return 5000
  const boundaries = seen.certificates.status
    .flatMap(({ notAfter }) => (notAfter === undefined ? [] : Date.parse(notAfter)))
    .flatMap((end) => [end, end - (seen.policy?.spec.rotation.expiryWarningMs ?? 0)])
    .map((at) => at - now.getTime() + 1000)
    .filter((ms) => ms > 0)
  return Math.min(reverifyMs, ...boundaries)
}

function servingPod(seen: Seen, target: Target, pod: Live<Pod>): ServingPod[] {
  const address = pod.status?.podIP
  if (address === undefined || target.plan === undefined || !isUpToDate(pod, target) || !isReady(pod)) return []
  const uid = pod.metadata.uid ?? ''
  // Until it is told of the present bundle, what a pod showed before is no fault.
  const isTold = annotation(pod, generationAnnotation) === seen.certificates.generation
  const since = (isTold ? seen.generationSince.get(uid) : undefined) ?? Infinity
  const { tlsPort: port, proxyProtocol } = target.plan
  return [{ uid, name: pod.metadata.name, address, port, proxyProtocol, since }]
}

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
}

function isUpToDate(pod: Pod, { plan }: Target): boolean {
  return plan !== undefined && annotation(pod, fingerprintAnnotation) === plan.fingerprint
}

function isCurrent(target: Target): boolean {
  return target.pods.every((pod) => isUpToDate(pod, target))
}

function isOurs(seen: Seen, pod: Live<Pod>): boolean {
  return seen.injected.some((one) => one.metadata.uid === pod.metadata.uid)
}

/** Whether pods of an older template are still there, or the new template has not been seen yet. */
function isBeingReplaced({ metadata, status }: Live<Workload>): boolean {
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) return true
  const updated = status?.updatedReplicas ?? status?.updatedNumberScheduled ?? 0
  return updated < (status?.replicas ?? status?.desiredNumberScheduled ?? 0)
}

/** Whether the workload's own controller has nothing left to do. */
function isSettled({ kind, metadata, spec, status }: Live<Workload>): boolean {
  if (status?.observedGeneration !== undefined && status.observedGeneration < (metadata.generation ?? 0)) return false
  if (kind === 'DaemonSet') {
    const desired = status?.desiredNumberScheduled ?? 0
    return status?.updatedNumberScheduled === desired && (status.numberReady ?? 0) >= desired
  }
  const desired = spec.replicas ?? 1
  return (
    (status?.updatedReplicas ?? 0) >= desired &&
    (status?.readyReplicas ?? 0) >= desired &&
    (status?.replicas ?? 0) <= desired
  )
}

function rolloutValue(workload: Workload): string | undefined {
  const value = workload.spec.template.metadata?.annotations?.[rolloutAnnotation]
  return value === '' ? undefined : value
}

/** How often the workload was rolled for this fingerprint, the first time being 0; undefined: not yet. */
function attemptOf(value: string | undefined, fingerprint: string): number | undefined {
  if (value === fingerprint) return 0
  if (value?.startsWith(`${fingerprint}-`) !== true) return undefined
  const attempt = Number(value.slice(fingerprint.length + 1))
  return Number.isInteger(attempt) ? attempt : undefined
}

function annotation(pod: Pod, name: string): string | undefined {
  return pod.metadata.annotations?.[name]
}

function statusBefore(seen: Seen): TLSPolicyStatus | undefined {
  return seen.raw.status as TLSPolicyStatus | undefined // written by us alone
}

function conditionsBefore(seen: Seen): readonly Condition[] | undefined {
  return statusBefore(seen)?.conditions
}

function workloadNames(targets: readonly Target[]): string {
  return targets.map(({ workload }) => `${workload.kind} ${workload.metadata.name}`).join(', ')
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

/** The objects that `apply-bundle` and `apply-derived` write; the policy owns them, so they go when it goes. */
export function ownedObject(seen: Seen, kind: 'bundle' | 'derived') {
  const { name, namespace = '', uid = '' } = seen.raw.metadata
  return {
    name: kind === 'bundle' ? bundleSecretName(name) : derivedConfigMapName(name),
    namespace,
    labels: { [policyLabel]: name.slice(0, 63), 'app.kubernetes.io/managed-by': 'chitin' },
    ownerReferences: [{ apiVersion: `${group}/${version}`, kind: 'TLSPolicy', name, uid, controller: true }],
  }
}

const gone: Decision = {
  writes: [],
  entries: [],
  afterwards: [],
  status: undefined,
  events: [],
  requeueAfterMs: 600_000,
}
const spoken = new Set(['Accepted', 'ResolvedRefs', 'Programmed', 'CertificatesValid', 'ServedVerified'])
const calm = new Set<Reason>(['Audit', 'RollingOut', 'Restoring', 'AwaitingRestart', 'NoCertificates'])
const quietAtFirst = new Set<Reason>(['ResolvedRefs', 'CertificatesValid'])
/** API servers read webhook configurations by a watch of their own; this is many times what that takes. */
const settleMs = 2000
const maxAttempts = 2
const nudgeMs = 2000
const maxNudges = 3
const resyncMs = 600_000
const reverifyMs = 300_000
