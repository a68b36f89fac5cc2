/** What of our own making is written, renewed, announced to the pods and taken away. Pure. */
import {
  bundleSecretName,
  derivedConfigMapName,
  generationAnnotation,
  group,
  nudgeAnnotation,
  policyLabel,
  version,
} from '../../api/names.ts'
import type { TLSPolicy } from '../../api/tls-policy.ts'
import { answerKey, matches } from '../certificates/rollout.ts'
import type { WebhookEntry } from '../webhook-configuration/configuration.ts'
import type { LivePod } from '../world.ts'
import { questionsOf } from './asking.ts'
import type { Write } from './decision.ts'
import { annotation } from './progress.ts'
import type { Seen } from './seen.ts'

export function derivedWrites({ derived, own }: Seen): Write[] {
  if (derived === undefined || own.derivedInPlace) return []
  const { data = {}, binaryData = {} } = derived
  return [{ do: 'apply-derived', data, binaryData }]
}

export function announcements(seen: Seen, generation: string, now: Date): Write[] {
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
function nudgeFor(seen: Seen, pod: LivePod, generation: string, now: Date): string | undefined {
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

export function entriesOf(seen: Seen, policy: TLSPolicy): WebhookEntry[] {
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

export function keepOwn({ own }: Seen): Write[] {
  return [
    ...(own.bundle ? [{ do: 'keep-bundle' } as const] : []),
    ...(own.derived ? [{ do: 'keep-derived' } as const] : []),
  ]
}

export function deleteOwn({ own }: Seen): Write[] {
  return [
    ...(own.bundle ? [{ do: 'delete-bundle' } as const] : []),
    ...(own.derived ? [{ do: 'delete-derived' } as const] : []),
  ]
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

const nudgeMs = 2000
const maxNudges = 3
