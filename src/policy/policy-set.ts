/**
 * policy/ answers one question: which TLSPolicy governs which workload, and why. In go policies and workloads as they
 * are now; out comes a verdict for each policy. It knows neither nginx nor server nor clock.
 */
import { qualifiedName } from '../api/object-meta.ts'
import type { TLSPolicy } from '../api/tls-policy.ts'

/** Policies in the order of their right: the oldest first, then by `namespace/name`. */
export function byPrecedence(policies: readonly TLSPolicy[]): TLSPolicy[] {
  return policies.toSorted(
    (a, b) => compare(age(a), age(b)) || compare(qualifiedName(a.metadata), qualifiedName(b.metadata)),
  )
}

/** A policy that was never stored (a file on the command line) is the youngest. */
function age({ metadata }: TLSPolicy): number {
  return metadata.creationTimestamp === undefined ? Infinity : Date.parse(metadata.creationTimestamp)
}

function compare<Value extends string | number>(a: Value, b: Value): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
