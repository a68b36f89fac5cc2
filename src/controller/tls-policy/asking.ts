/** Which handshakes tell what the pods of a policy serve, and what they told. Pure. */
import { generationAnnotation } from '../../api/names.ts'
import { questions, type Question, type ServingPod } from '../certificates/rollout.ts'
import type { LivePod } from '../world.ts'
import { annotation, isUpToDate } from './progress.ts'
import { isHybrid } from '../../tls/suites.ts'
import type { Seen, Target } from './seen.ts'

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

function servingPod(seen: Seen, target: Target, pod: LivePod): ServingPod[] {
  const address = pod.status?.podIP
  if (address === undefined || target.plan === undefined || !isUpToDate(pod, target) || !isReady(pod)) return []
  const uid = pod.metadata.uid ?? ''
  // Until it is told of the present bundle, what a pod showed before is no fault.
  const isTold = annotation(pod, generationAnnotation) === seen.certificates.generation
  const since = (isTold ? seen.generationSince.get(uid) : undefined) ?? Infinity
  const { tlsPort: port, proxyProtocol } = target.plan
  const hybridOnly = seen.policy?.spec.tls.groups.every(isHybrid) === true
  return [{ uid, name: pod.metadata.name, address, port, proxyProtocol, hybridOnly, since }]
}

function isReady(pod: LivePod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
}
