/** What of a policy says which workloads it is for. */
import { Fields, isObject } from './fields.ts'
import type { LabelRequirement, LabelSelector } from './label-selector.ts'
import { isDnsSubdomain, optional, refuseDuplicates, required, textItem } from './policy-fields.ts'
import { workloadKinds, type WorkloadKind } from './workload.ts'

/** What a policy governs, always within its own namespace. */
export type Target =
  | { readonly by: 'refs'; readonly refs: readonly TargetRef[] }
  /** Pods whose labels match, and the workloads whose pod templates do. */
  | { readonly by: 'selector'; readonly selector: LabelSelector }
  /** The workloads that run the controller of this IngressClass. */
  | { readonly by: 'class'; readonly ingressClassName: string }

export interface TargetRef {
  readonly group: 'apps'
  readonly kind: WorkloadKind
  readonly name: string
}

/** Reads the one of the three fields that is given. */
export function parseTarget(spec: Fields): Target {
  const given = ['targetRefs', 'selector', 'ingressClassName'].filter((name) => spec.has(name))
  if (given.length !== 1) {
    const found = given.length === 0 ? undefined : given.join(' and ')
    spec.refuse(spec.path, found, 'exactly one of targetRefs, selector, ingressClassName')
  }
  const refs = spec.list('targetRefs', 1, 16, (item, path) => parseTargetRef(new Fields(item, path, spec.problems)))
  const selector = spec.has('selector') ? parseSelector(spec.fields('selector')) : undefined
  const ingressClassName = spec.text('ingressClassName', 'the name of an IngressClass', isDnsSubdomain)
  if (refs !== undefined) {
    refuseDuplicates(
      spec,
      spec.at('targetRefs'),
      refs.map((ref) => `${ref.kind}/${ref.name}`),
    )
    return { by: 'refs', refs }
  }
  if (selector !== undefined) return { by: 'selector', selector }
  return { by: 'class', ingressClassName: ingressClassName ?? '' }
}

function parseTargetRef(ref: Fields): TargetRef {
  const parsed = {
    group: ref.oneOf('group', ['apps']) ?? 'apps',
    kind: ref.oneOf('kind', workloadKinds) ?? 'Deployment',
    name: required(ref, 'name', ref.text('name', 'the name of a workload', isDnsSubdomain)),
  } as const
  ref.end()
  return parsed
}

function parseSelector(from: Fields): LabelSelector {
  const labels = from.take('matchLabels')
  if (labels !== undefined && !isStringMap(labels)) from.refuse(from.at('matchLabels'), labels, 'a map of strings')
  const matchLabels = isStringMap(labels) ? labels : undefined
  const expressions = from.list('matchExpressions', 0, 16, (item, path) =>
    parseRequirement(new Fields(item, path, from.problems)),
  )
  from.end()
  if (Object.keys(matchLabels ?? {}).length + (expressions?.length ?? 0) === 0)
    from.refuse(from.path, undefined, 'at least one label or expression: an empty selector would match every pod')
  return { ...optional('matchLabels', matchLabels), ...optional('matchExpressions', expressions) }
}

function parseRequirement(from: Fields): LabelRequirement {
  const key = required(
    from,
    'key',
    from.text('key', 'a label key', (text) => text !== ''),
  )
  const operator = from.oneOf('operator', ['In', 'NotIn', 'Exists', 'DoesNotExist'])
  if (!from.has('operator')) from.refuse(from.at('operator'), undefined, 'In or NotIn or Exists or DoesNotExist')
  const values = from.list('values', 0, 64, (item, path) => textItem(from, item, path, 'a label value', () => true))
  from.end()
  const wantsValues = operator === 'In' || operator === 'NotIn'
  if (operator !== undefined && wantsValues !== (values?.length ?? 0) > 0) {
    from.refuse(from.at('values'), values, wantsValues ? `values, for operator ${operator}` : 'none for this operator')
  }
  return { key, operator: operator ?? 'Exists', ...optional('values', values) }
}

function isStringMap(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((item) => typeof item === 'string')
}
