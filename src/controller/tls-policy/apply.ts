/** Carries out what was decided, in the order in which it was decided. Every write is a server-side apply. */
import {
  fieldManager,
  generationAnnotation,
  nudgeAnnotation,
  restoreFinalizer,
  rolloutAnnotation,
} from '../../api/names.ts'
import type { TLSPolicyStatus } from '../../api/tls-policy-status.ts'
import { isNotFound, KubeError } from '../../kube/kube-error.ts'
import type { Draft } from '../../kube/calls.ts'
import type { KubeClient } from '../../kube/client.ts'
import { resources, type ResourceType } from '../../kube/resource.ts'
import type { RawPolicy } from '../world.ts'
import type { Write } from './decision.ts'
import { ownedObject } from './writes.ts'
import type { Seen } from './seen.ts'

/**
 * Carries out one list of writes. Pods are told at once, the rest goes one after the other. Resolves to the version of the
 * bundle where one was written.
 */
export async function carryOut(
  client: KubeClient,
  seen: Seen,
  writes: readonly Write[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const announcements = writes.filter((write) => write.do === 'announce')
  let bundleVersion: string | undefined
  for (const write of writes) {
    if (write.do === 'apply-bundle') bundleVersion = await writeBundle(client, seen, write, signal)
    else if (write.do !== 'announce') await one(client, seen, write, signal)
  }
  for (let i = 0; i < announcements.length; i += atOnce) {
    const results = await Promise.allSettled(
      announcements.slice(i, i + atOnce).map(async (write) => one(client, seen, write, signal)),
    )
    const failed = results.find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }
  return bundleVersion
}

/** Writes the status, unless it says the same already. True when it was written. */
export async function writeStatus(
  client: KubeClient,
  raw: RawPolicy,
  status: TLSPolicyStatus,
  signal: AbortSignal,
): Promise<boolean> {
  if (isEqual(raw.status, status)) return false
  const { namespace = '', name } = raw.metadata
  await apply(client, resources.tlsPolicies, { metadata: { namespace, name }, status }, signal, 'status')
  return true
}

async function writeBundle(
  client: KubeClient,
  seen: Seen,
  { generation, data }: Extract<Write, { do: 'apply-bundle' }>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const metadata = { ...ownedObject(seen, 'bundle'), annotations: { [generationAnnotation]: generation } }
  const written = await client.apply(resources.secrets, { metadata, type: 'Opaque', data } as Draft, { signal })
  return written.metadata.resourceVersion
}

async function one(
  client: KubeClient,
  seen: Seen,
  write: Exclude<Write, { do: 'apply-bundle' }>,
  signal: AbortSignal,
): Promise<void> {
  const { namespace = '', name, uid } = seen.raw.metadata
  // With the uid: what was deleted meanwhile is not written anew.
  const self = { namespace, name, uid }
  switch (write.do) {
    case 'add-finalizer': {
      const metadata = { ...self, finalizers: [restoreFinalizer] }
      await apply(client, resources.tlsPolicies, { metadata }, signal)
      return
    }
    case 'remove-finalizer':
      await unlessGone(apply(client, resources.tlsPolicies, { metadata: self }, signal))
      return
    case 'apply-derived': {
      const { data, binaryData } = write
      await apply(client, resources.configMaps, { metadata: ownedObject(seen, 'derived'), data, binaryData }, signal)
      return
    }
    case 'delete-bundle':
      await client.delete(resources.secrets, ownedObject(seen, 'bundle'), { signal })
      return
    case 'delete-derived':
      await client.delete(resources.configMaps, ownedObject(seen, 'derived'), { signal })
      return
    case 'keep-bundle':
    case 'keep-derived': {
      const isBundle = write.do === 'keep-bundle'
      const ref = ownedObject(seen, isBundle ? 'bundle' : 'derived')
      const type = isBundle ? resources.secrets : resources.configMaps
      const patch = { metadata: { ownerReferences: null } }
      await unlessGone(client.patch(type, ref, patch, { fieldManager, signal }))
      return
    }
    case 'announce': {
      const nudge = write.nudge === undefined ? {} : { [nudgeAnnotation]: write.nudge }
      const metadata = { uid: write.uid, annotations: { [generationAnnotation]: write.generation, ...nudge } }
      // A merge patch and not an apply: an apply would try to create a pod that is gone by now.
      const patch = client.patch(resources.pods, { namespace, name: write.pod }, { metadata }, { fieldManager, signal })
      await unlessGone(patch)
      return
    }
    case 'roll': {
      const { kind, metadata, spec } = write.workload
      const ref = { namespace, name: metadata.name, uid: metadata.uid }
      if (write.value !== undefined) {
        const annotations = { [rolloutAnnotation]: write.value }
        const template = { metadata: { annotations } }
        await apply(client, workloadTypes[kind], { metadata: ref, spec: { template } }, signal)
        return
      }
      // Applying nothing gives up what we own: the annotation goes, and the template is as it was before us.
      if (spec.template.metadata?.annotations?.[rolloutAnnotation] === undefined) return
      await unlessGone(apply(client, workloadTypes[kind], { metadata: ref }, signal))
      return
    }
  }
}

async function apply(
  client: KubeClient,
  type: ResourceType,
  object: Draft & Readonly<Record<string, unknown>>,
  signal: AbortSignal,
  subresource?: 'status',
): Promise<void> {
  await client.apply(type, object, { signal, subresource })
}

/** What is gone, or was replaced by a namesake, needs nothing from us. */
async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    const isNamesake = error instanceof KubeError && error.status === 409
    if (!isNotFound(error) && !isNamesake) throw error
  }
}

/** Equal as JSON, whatever the order of the keys. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => isEqual(item, b[i]))
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => isEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
}

const atOnce = 32
const workloadTypes = {
  Deployment: resources.deployments,
  DaemonSet: resources.daemonSets,
  StatefulSet: resources.statefulSets,
} as const
