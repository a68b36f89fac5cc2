/**
 * Manifests as somebody wrote them, held against the little that we look into: no API server has seen them yet. Throws
 * UsageError that says which document, where in it, what was found and what was expected.
 */
import { describe, isObject } from '../api/fields.ts'
import type { ObjectMeta } from '../api/object-meta.ts'
import { workloadKinds } from '../api/workload.ts'
import { UsageError } from './options.ts'

export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

/** One manifest, or those of a List. `source` is the file, for whoever has to mend it. */
export function manifestsIn(value: unknown, source: string): Manifest[] {
  if (!isObject(value) || typeof value['kind'] !== 'string' || typeof value['apiVersion'] !== 'string')
    throw new UsageError(`${source}: found a document without apiVersion and kind, expected a Kubernetes manifest`)
  const { kind, apiVersion, items } = value
  if (kind === 'List' && Array.isArray(items)) return items.flatMap((item: unknown) => manifestsIn(item, source))
  const metadata = value['metadata'] ?? {}
  const name = isObject(metadata) && typeof metadata['name'] === 'string' ? ` ${metadata['name']}` : ''
  const refuse: Refuse = (path, found, expected) => {
    throw new UsageError(`${source}: ${kind}${name}: ${path}: found ${describe(found)}, expected ${expected}`)
  }
  if (!isObject(metadata)) return refuse('metadata', metadata, 'an object')
  const { spec } = value
  const isWorkload = apiVersion === 'apps/v1' && workloadKinds.some((one) => one === kind)
  const hasSpec = isWorkload || (apiVersion === 'v1' && kind === 'Pod') || kind === 'Ingress' || kind === 'IngressClass'
  if (hasSpec && !isObject(spec)) return refuse('spec', spec, 'an object')
  if (isWorkload && isObject(spec)) {
    const { selector, template } = spec
    if (!isObject(selector)) return refuse('spec.selector', selector, 'a label selector')
    if (!isObject(template)) return refuse('spec.template', template, 'the template of a pod')
    checkPod(template['spec'], 'spec.template.spec', refuse)
  }
  if (kind === 'Pod' && apiVersion === 'v1') checkPod(spec, 'spec', refuse)
  return [{ ...value, apiVersion, kind, metadata }]
}

type Refuse = (path: string, found: unknown, expected: string) => never

function checkPod(spec: unknown, path: string, refuse: Refuse): void {
  if (!isObject(spec)) return refuse(path, spec, 'an object')
  const { containers } = spec
  if (!isListOfObjects(containers)) return refuse(`${path}.containers`, containers, 'a list of containers')
  for (const field of ['initContainers', 'volumes']) {
    const list = spec[field] ?? []
    if (!isListOfObjects(list)) return refuse(`${path}.${field}`, list, 'a list of objects')
  }
  for (const [i, container] of containers.entries()) {
    const at = `${path}.containers[${i}]`
    for (const field of ['command', 'args']) {
      const list = container[field] ?? []
      if (!Array.isArray(list) || !list.every((item) => typeof item === 'string'))
        return refuse(`${at}.${field}`, list, 'a list of texts (put numbers and booleans into quotes)')
    }
    for (const field of ['ports', 'env']) {
      const list = container[field] ?? []
      if (!isListOfObjects(list)) return refuse(`${at}.${field}`, list, 'a list of objects')
    }
  }
}

function isListOfObjects(value: unknown): value is Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) && value.every((item) => isObject(item))
}
