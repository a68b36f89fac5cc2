/** Kubernetes manifests from YAML, and what a policy makes of them: the same pure functions as in the cluster. */
import {
  LineCounter,
  parseAllDocuments,
  stringify,
  type DocumentOptions,
  type SchemaOptions,
  type Tags,
  type YAMLParseError,
} from 'yaml'
import type { ConfigMap } from '../api/config-map.ts'
import type { Ingress, IngressClass } from '../api/ingress.ts'
import { derivedConfigMapName } from '../api/names.ts'
import type { NginxPlan } from '../api/nginx-plan.ts'
import type { Pod } from '../api/pod.ts'
import type { TLSPolicy } from '../api/tls-policy.ts'
import { workloadKinds, type Workload } from '../api/workload.ts'
import { ineligible } from '../inject/eligible.ts'
import { inject, uninject } from '../inject/inject.ts'
import { makePlan } from '../inject/plan.ts'
import { isRefused } from '../nginx/flavour.ts'
import { classesOf, serves } from '../nginx/ingress-selection.ts'
import { recognise } from '../nginx/recognise.ts'
import { resolve } from '../policy/resolve.ts'
import { manifestsIn, type Manifest } from './manifest-shape.ts'
import { UsageError } from './options.ts'

/** What became of one pod or workload of the manifests. */
export interface Outcome {
  /** `Kind/name`. */
  readonly object: string
  /** Undefined where it was left as it is; then `why` says so. */
  readonly plan?: NginxPlan
  readonly why?: string
}

/** Reads every document of a YAML text. Throws UsageError, naming the source, where it is not YAML or not a manifest. */
export function readManifests(text: string, source: string): Manifest[] {
  const lineCounter = new LineCounter()
  return parseAllDocuments(text, { ...asKubectl, lineCounter, prettyErrors: false }).flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined) throw new UsageError(`${source}, ${trouble(error, lineCounter)}`)
    const value: unknown = document.toJS()
    if (value === null || value === undefined) return []
    return manifestsIn(value, source)
  })
}

/** The parser's words without what it quotes, and without the lines around: a Secret may stand there, in the log of a CI job. */
function trouble({ message, pos: [at] }: YAMLParseError, lines: LineCounter): string {
  const { line, col } = lines.linePos(at)
  return `line ${line}, column ${col}: ${message.split(':')[0]}`
}

/** The text of manifests, as one YAML stream. */
export function writeManifests(manifests: readonly object[]): string {
  return manifests.map((manifest) => stringify(manifest, { ...asKubectl, lineWidth: 0 })).join('---\n')
}

/**
 * The manifests with the sidecar in each pod and workload that the policy governs, and the derived ConfigMap beside them.
 * Pods that stand alone are governed whatever the policy's target says: whoever hands one in means it.
 */
export function injectManifests(
  manifests: readonly Manifest[],
  policy: TLSPolicy,
  image: string,
): { readonly manifests: readonly Manifest[]; readonly outcomes: readonly Outcome[] } {
  const governed = governedBy(policy, manifests)
  const outcomes: Outcome[] = []
  const derived: Manifest[] = []
  const out = manifests.map((manifest) => {
    const pod = podIn(manifest)
    if (pod === undefined) return manifest
    const object = `${manifest.kind}/${manifest.metadata.name ?? manifest.metadata.generateName ?? ''}`
    const leave = (why: string): Manifest => {
      outcomes.push({ object, why })
      return manifest
    }
    if (isWorkload(manifest) && !governed.includes(manifest)) return leave('NotSelected: the policy does not select it')
    const plain = uninject(pod)
    const nginx = nginxPlan(policy, plain, manifests)
    if (isRefused(nginx)) return leave(`${nginx.refused}: ${nginx.message}`)
    const plan = makePlan(policy, nginx, image)
    const skip = ineligible(plain, plan)
    if (skip !== undefined) return leave(`${skip.skip}: ${skip.message}`)
    outcomes.push({ object, plan: nginx })
    if (nginx.config !== undefined && derived.length === 0) derived.push(derivedConfigMap(policy, nginx.config))
    return withPod(manifest, inject(pod, plan))
  })
  return { manifests: [...derived, ...out], outcomes }
}

/** The manifests without the sidecar. */
export function uninjectManifests(manifests: readonly Manifest[]): Manifest[] {
  return manifests.map((manifest) => {
    const pod = podIn(manifest)
    return pod === undefined ? manifest : withPod(manifest, uninject(pod))
  })
}

function nginxPlan(policy: TLSPolicy, pod: Pod, manifests: readonly Manifest[]) {
  const { namespace, name } = policy.metadata
  const found = recognise(pod.spec, policy.spec.container)
  if (isRefused(found)) return found
  const { container, flavour } = found
  const reads = flavour.reads(container, namespace)
  const config = ofKind<ConfigMap>(manifests, 'ConfigMap').find(
    ({ metadata }) =>
      metadata.name === reads.configMap?.name && (metadata.namespace ?? namespace) === reads.configMap?.namespace,
  )
  const controller = reads.ingresses
  const classes = ofKind<IngressClass>(manifests, 'IngressClass')
  const ingresses =
    controller === undefined
      ? []
      : ofKind<Ingress>(manifests, 'Ingress').filter((ingress) => serves(controller, ingress, classes))
  const named = policy.spec.certificates.fromIngress
    ? ingresses.flatMap(({ spec }) => (spec.tls ?? []).flatMap(({ hosts }) => hosts ?? []))
    : []
  return flavour.plan({
    policy,
    spec: pod.spec,
    container,
    config: config?.data ?? {},
    ingresses,
    hosts: [...policy.spec.certificates.hosts.flatMap(({ hosts }) => hosts), ...named],
    derivedConfigMap: { namespace, name: derivedConfigMapName(name) },
  })
}

function governedBy(policy: TLSPolicy, manifests: readonly Manifest[]): readonly object[] {
  const { namespace } = policy.metadata
  const classes = ofKind<IngressClass>(manifests, 'IngressClass')
  const workloads = manifests.filter((manifest) => isWorkload(manifest))
  const placed = workloads.map((workload) => ({ ...workload, metadata: { namespace, ...workload.metadata } }))
  const candidates = placed.map((workload) => {
    const found = recognise(uninject({ metadata: {}, spec: workload.spec.template.spec }).spec, undefined)
    const controller = isRefused(found) ? undefined : found.flavour.reads(found.container, namespace).ingresses
    return { workload, ingressClasses: controller === undefined ? [] : classesOf(controller, classes) }
  })
  const [verdict] = resolve([policy], candidates)
  return placed.flatMap((workload, i) => (verdict?.workloads.includes(workload) === true ? (workloads[i] ?? []) : []))
}

function podIn(manifest: Manifest): Pod | undefined {
  if (manifest.kind === 'Pod' && manifest.apiVersion === 'v1') return manifest as unknown as Pod
  if (!isWorkload(manifest)) return undefined
  const { metadata, spec } = manifest.spec.template
  return { metadata: metadata ?? {}, spec }
}

function withPod(manifest: Manifest, pod: Pod): Manifest {
  if (!isWorkload(manifest)) return pod as unknown as Manifest
  const { metadata, spec } = pod
  const { metadata: had, ...rest } = manifest.spec.template
  const template = { ...(had === undefined && Object.keys(metadata).length === 0 ? {} : { metadata }), ...rest, spec }
  return { ...manifest, spec: { ...manifest.spec, template } } as Manifest
}

function derivedConfigMap(policy: TLSPolicy, data: Readonly<Record<string, string>>): Manifest {
  const { namespace, name } = policy.metadata
  const metadata = { name: derivedConfigMapName(name), namespace }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as Manifest
}

function isWorkload(manifest: Manifest): manifest is Workload & Manifest {
  return manifest.apiVersion === 'apps/v1' && workloadKinds.some((kind) => kind === manifest.kind)
}

function ofKind<Kind>(manifests: readonly Manifest[], kind: string): Kind[] {
  return manifests.filter((one) => one.kind === kind) as Kind[] // the API server will judge the rest of them
}

/**
 * YAML 1.1, as kubectl reads it: `0644` is octal and `yes` is true, so the text 'yes' needs its quotes. Dates and
 * sexagesimal numbers are left out, for Go's parser knows the latter not at all, and Kubernetes wants text for the former.
 */
const asKubectl: SchemaOptions & DocumentOptions = {
  version: '1.1',
  merge: true,
  customTags: (tags: Tags) =>
    tags.filter(
      (tag) =>
        typeof tag === 'string' ||
        (tag.tag !== 'tag:yaml.org,2002:timestamp' && !('format' in tag && tag.format === 'TIME')),
    ),
}
