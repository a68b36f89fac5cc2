/** What is found out about a policy in force or in Audit, one finding for each condition. Pure. */
import type { Finding } from '../../api/condition.ts'
import type { Reason } from '../../api/reasons.ts'
import type { TLSPolicy } from '../../api/tls-policy.ts'
import { verdict } from '../certificates/rollout.ts'
import { questionsOf } from './asking.ts'
import { finding, count } from './conditions.ts'
import { isUpToDate } from './progress.ts'
import type { Rollout } from './rolling.ts'
import { conditionsBefore, type Seen } from './seen.ts'

export function programmed(seen: Seen, policy: TLSPolicy, rollout: Rollout, now: Date): Finding {
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

export function resolvedRefs(seen: Seen): Finding {
  const { missing, status, fallbackMissing } = seen.certificates
  if (seen.missingTargets.length > 0) {
    return finding('ResolvedRefs', 'False', 'TargetNotFound', `not there: ${seen.missingTargets.join(', ')}`)
  }
  if (missing.length > 0) {
    const names = missing.slice(0, 5).map(({ namespace, name }) => `${namespace}/${name}`)
    const more = missing.length > names.length ? ` and ${missing.length - names.length} more` : ''
    return finding('ResolvedRefs', 'False', 'SecretNotFound', `not there (yet): Secret ${names.join(', ')}${more}`)
  }
  const denied = status.find(({ heldBack }) => heldBack?.reason === 'RefNotPermitted')
  if (denied?.heldBack !== undefined)
    return finding('ResolvedRefs', 'False', 'RefNotPermitted', `${denied.host}: ${denied.heldBack.message}`)
  if (fallbackMissing) {
    const message = 'unknownSNI is ServeDefault, and neither the policy nor nginx names a default certificate'
    return finding('ResolvedRefs', 'False', 'DefaultCertificateMissing', message)
  }
  if (status.length === 0) {
    return finding('ResolvedRefs', 'False', 'NoCertificates', 'neither the policy nor an Ingress names a certificate')
  }
  return finding('ResolvedRefs', 'True', 'ResolvedRefs', `${count(status.length, 'certificate')} found`)
}

export function certificatesValid(seen: Seen, policy: TLSPolicy, now: Date): Finding {
  const type = 'CertificatesValid'
  const { status, problem } = seen.certificates
  // First, for it keeps every certificate from being renewed, and not one host's.
  if (problem !== undefined) return finding(type, 'False', problem.reason, problem.message)
  // A Secret that is not there (yet) is ResolvedRefs' to report: while it is being issued, nothing is wrong with it. So is
  // one that is out of reach.
  const bad = status.filter(({ heldBack }) => heldBack !== undefined && !unresolved.has(heldBack.reason))
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

const unresolved = new Set(['SecretNotFound', 'RefNotPermitted'])

export function servedVerified(seen: Seen, policy: TLSPolicy, now: Date): Finding {
  return verdict(questionsOf(seen).all, seen.answers, now.getTime(), policy.spec.rotation.verify.timeoutMs)
}
