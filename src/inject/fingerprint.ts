import { sha256 } from '@noble/hashes/sha2.js'
import { toHex } from '../bytes/hex.ts'
import type { InjectionPlan } from './plan.ts'
import { sidecar } from './sidecar.ts'
import { volumes } from './volumes.ts'

/**
 * The fingerprint of a plan: what is stamped on a pod, and what tells a stale one. It covers the container and the
 * volumes as this release makes them too, so an operator that would inject differently finds its old pods stale.
 */
export function fingerprint(plan: InjectionPlan): string {
  const text = canonical({ plan, sidecar: sidecar(plan, []), volumes: volumes(plan) })
  return toHex(sha256(new TextEncoder().encode(text))).slice(0, 16)
}

/** JSON with its keys in order: equal values, equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}
