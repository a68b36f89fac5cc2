import { qualifiedName } from '../api/object-meta.ts'
import type { Pod } from '../api/pod.ts'
import type { Reason } from '../api/reasons.ts'
import type { TLSPolicy } from '../api/tls-policy.ts'
import type { Workload } from '../api/workload.ts'
import { matches } from './label-selector.ts'
import { byPrecedence } from './policy-set.ts'

/** A workload, and the IngressClasses that its nginx serves: who calls knows nginx, this file does not. */
export interface Candidate {
  readonly workload: Workload
  readonly ingressClasses: readonly string[]
}

/** What became of one policy. */
export type Resolution =
  | {
      readonly policy: TLSPolicy
      readonly accepted: true
      readonly workloads: readonly Workload[]
      /** Targets that are named and not there: `Kind/name`. */
      readonly missing: readonly string[]
    }
  | {
      readonly policy: TLSPolicy
      readonly accepted: false
      readonly reason: Reason
      readonly message: string
      /** `namespace/name` of the policies that it gives way to. */
      readonly conflictsWith: readonly string[]
      /** What it would govern if it were accepted. */
      readonly workloads: readonly Workload[]
    }

/**
 * A verdict for each policy that is not being deleted. Where two want the same workload the older one has it, then the
 * first by `namespace/name`; the other has no effect at all, on its other targets either, so that nobody has to guess
 * which half of a policy holds.
 */
export function resolve(policies: readonly TLSPolicy[], candidates: readonly Candidate[]): Resolution[] {
  const owners = new Map<string, TLSPolicy>()
  return byPrecedence(policies)
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map((policy) => {
      const workloads = candidates.filter((candidate) => isTarget(policy, candidate)).map(({ workload }) => workload)
      const refuse = (reason: Reason, message: string, conflictsWith: readonly string[] = []): Resolution => {
        return { policy, accepted: false, reason, message, conflictsWith, workloads }
      }
      if (policy.spec.mode === 'Shim')
        return refuse('UnsupportedMode', 'mode Shim is not served by this release; use Sidecar')
      if (workloads.length === 0) return refuse('TargetNotFound', `nothing matches ${describeTarget(policy)}`)

      const taken = workloads.flatMap((workload) => {
        const owner = owners.get(key(workload))
        return owner === undefined ? [] : [{ workload, owner: qualifiedName(owner.metadata) }]
      })
      if (taken.length > 0) {
        const message = taken.map(
          ({ workload, owner }) => `${nameOf(workload)} is governed by ${owner}, which is older`,
        )
        return refuse('Conflicted', message.join('; '), [...new Set(taken.map(({ owner }) => owner))])
      }
      for (const workload of workloads) owners.set(key(workload), policy)
      return { policy, accepted: true, workloads, missing: missingTargets(policy, workloads) }
    })
}

/** The workload that a pod belongs to; undefined for a pod of none, or of one that is not in the list. */
export function workloadOf<Kind extends Workload>(
  pod: Pod,
  namespace: string,
  workloads: readonly Kind[],
): Kind | undefined {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true)
  if (owner === undefined) return undefined
  return workloads.find((workload) => {
    if (workload.metadata.namespace !== namespace) return false
    if (!matches(workload.spec.selector, pod.metadata.labels)) return false
    const name = workload.metadata.name ?? ''
    if (owner.kind !== 'ReplicaSet') return owner.kind === workload.kind && owner.name === name
    // A Deployment's ReplicaSets are called NAME-HASH; the hash has no dash.
    return workload.kind === 'Deployment' && owner.name.slice(0, owner.name.lastIndexOf('-')) === name
  })
}

function isTarget(policy: TLSPolicy, { workload, ingressClasses }: Candidate): boolean {
  if (workload.metadata.namespace !== policy.metadata.namespace) return false
  const { target } = policy.spec
  if (target.by === 'class') return ingressClasses.includes(target.ingressClassName)
  if (target.by === 'selector') return matches(target.selector, workload.spec.template.metadata?.labels)
  return target.refs.some(({ kind, name }) => kind === workload.kind && name === workload.metadata.name)
}

function missingTargets({ spec }: TLSPolicy, workloads: readonly Workload[]): string[] {
  if (spec.target.by !== 'refs') return []
  return spec.target.refs
    .filter(({ kind, name }) => !workloads.some((found) => found.kind === kind && found.metadata.name === name))
    .map(({ kind, name }) => `${kind}/${name}`)
}

function describeTarget({ metadata, spec }: TLSPolicy): string {
  const { namespace } = metadata
  const { target } = spec
  if (target.by === 'refs') {
    const names = target.refs.map(({ kind, name }) => `${kind}/${name}`).join(', ')
    return `${names} in namespace ${namespace}`
  }
  if (target.by === 'selector') return `the selector in namespace ${namespace}`
  return `ingressClassName ${target.ingressClassName}: no workload in namespace ${namespace} runs its controller`
}

function key(workload: Workload): string {
  return `${workload.kind}/${qualifiedName(workload.metadata)}`
}

function nameOf({ kind, metadata }: Workload): string {
  return `${kind}/${metadata.name ?? ''}`
}
