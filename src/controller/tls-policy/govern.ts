/**
 * Which workloads a policy governs, and what it wants of each: policy/, nginx/ and inject/ put together. The controller
 * asks for every policy; the webhook asks for one pod, and gets the same plan, hence the same fingerprint.
 */
import type { ConfigMap } from '../../api/config-map.ts'
import type { Ingress, IngressClass } from '../../api/ingress.ts'
import type { HostClientAuth, NginxPlan, ObjectName } from '../../api/nginx-plan.ts'
import { derivedConfigMapName, restoreFinalizer } from '../../api/names.ts'
import type { Pod, PodSpec } from '../../api/pod.ts'
import { parseTlsPolicy, type TLSPolicy } from '../../api/tls-policy.ts'
import type { Workload } from '../../api/workload.ts'
import { ineligible } from '../../inject/eligible.ts'
import { fingerprint } from '../../inject/fingerprint.ts'
import { uninject } from '../../inject/inject.ts'
import { makePlan } from '../../inject/plan.ts'
import type { ObjectRef } from '../../kube/resource.ts'
import { isRefused, type Reads, type Refused } from '../../nginx/flavour.ts'
import { ingressHosts, type IngressHosts } from '../../nginx/ingress-hosts.ts'
import { classesOf, serves, type IngressController } from '../../nginx/ingress-selection.ts'
import { recognise } from '../../nginx/recognise.ts'
import { matches } from '../../policy/label-selector.ts'
import { resolve, workloadOf, type Resolution } from '../../policy/resolve.ts'
import type { HostGroup, Origin } from '../certificates/host-group.ts'
import type { Rights } from '../rights.ts'
import type { Verdict } from '../../webhook/lookup.ts'
import { type Live, type LivePod, type RawPolicy, workloadsIn, type World } from '../world.ts'
import { isEqual } from './apply.ts'
import type { Refusal, Seen, Target } from './seen.ts'
import { dependencyOn, workloadDependency, type Dependency } from './triggers.ts'

export interface Surroundings {
  readonly world: World
  readonly sidecarImage: string
  readonly configMap: (ref: ObjectRef) => Promise<ConfigMap | undefined>
  /** Whether a ServiceAccount may list the ConfigMaps of a namespace. */
  readonly mayList: Rights['mayList']
  /** Namespaces whose pods are never touched: the operator's own, and kube-system. */
  readonly excluded: readonly string[]
}

/** What a policy is about, before its Secrets are looked at. */
export interface Governed {
  readonly refusal?: Refusal
  readonly targets: readonly Target[]
  readonly missingTargets: readonly string[]
  /** Uids of the workloads that other policies of the namespace govern. */
  readonly elsewhere: ReadonlySet<string>
  readonly groups: readonly {
    readonly hosts: readonly string[]
    readonly secrets: readonly ObjectName[]
    readonly from: Origin
    readonly choose: HostGroup['choose']
    readonly yields?: true
  }[]
  /** False where hosts may be missing in them, because no nginx is recognised that would tell of its Ingresses. */
  readonly knowsHosts: boolean
  /** The Secrets for unknown names; empty where these are refused. */
  readonly fallback: readonly ObjectName[]
  /** True where unknown names should get a default certificate and none is named. */
  readonly fallbackMissing: boolean
  /** undefined: no nginx could be planned for that would tell. */
  readonly alpn: readonly string[] | undefined
  /** What single hosts ask of their clients; left out where no nginx is recognised any more that would tell. */
  readonly clientAuth?: readonly HostClientAuth[]
  readonly derived?: NonNullable<Seen['derived']>
  /** The ServiceAccounts of its workloads. */
  readonly accounts: readonly ObjectName[]
  readonly dependencies: readonly Dependency[]
}

/** Everything about one policy. */
export async function govern(policy: TLSPolicy, around: Surroundings): Promise<Governed> {
  const { world } = around
  const { namespace } = policy.metadata
  const dependencies: Dependency[] = [dependencyOn.anyIngressClass]
  const deleting = policy.metadata.deletionTimestamp !== undefined
  const verdicts = verdictsIn(world, namespace)
  const elsewhere = new Set(
    verdicts
      .filter(({ policy: other, accepted }) => accepted && other.metadata.name !== policy.metadata.name)
      .flatMap(({ workloads }) => workloads.flatMap(({ metadata }) => metadata.uid ?? [])),
  )
  const verdict = deleting
    ? resolveAlone(policy, world, namespace)
    : verdicts.find(({ policy: one }) => one.metadata.name === policy.metadata.name)
  const workloads = (verdict?.workloads ?? [])
    .filter(({ metadata }) => !elsewhere.has(metadata.uid ?? ''))
    .map((workload) => workload as Live<Workload>) // resolve() hands back the very objects it was given

  const plans = await Promise.all(
    workloads.map(async (workload) => ({ workload, outcome: await plan(policy, templateOf(workload).spec, around) })),
  )
  for (const { workload, outcome } of plans) {
    dependencies.push(workloadDependency(workload), ...outcome.dependencies)
  }

  let derived: Governed['derived']
  const targets = plans.map(({ workload, outcome }): Target => {
    const pods = podsOf(workload, world)
    const { nginx, flavour } = outcome
    const target = { workload, pods, ...(flavour === undefined ? {} : { flavour }) }
    if (around.excluded.includes(namespace)) {
      const message = `pods of namespace ${namespace} are never changed`
      return { ...target, refusal: { reason: 'Invalid', message } }
    }
    if (isRefused(nginx)) {
      if (nginx.config !== undefined) derived ??= { data: nginx.config, binaryData: {} }
      return { ...target, refusal: { reason: nginx.refused, message: nginx.message } }
    }
    const injection = makePlan(policy, nginx, around.sidecarImage)
    const skip = ineligible(templateOf(workload), injection)
    if (skip !== undefined) return { ...target, refusal: { reason: skip.skip, message: skip.message } }
    if (nginx.config !== undefined) {
      derived ??= { data: nginx.config, binaryData: {} }
      if (!isEqual(derived.data, nginx.config)) {
        const message = 'it has another ConfigMap than the first target: give it a policy of its own'
        return { ...target, refusal: { reason: 'UnsupportedFeature', message } }
      }
    }
    const tls = nginx.listeners.find((listener) => listener.tls)
    return {
      ...target,
      plan: {
        fingerprint: fingerprint(injection),
        tlsPort: tls?.port ?? 443,
        proxyProtocol: nginx.acceptProxyProtocol,
        summary: nginx.notices,
      },
    }
  })
  const first = plans.map(({ outcome }) => outcome.nginx).find((one) => !isRefused(one)) as NginxPlan | undefined
  const served = uniqueIngresses(plans.flatMap(({ outcome }) => outcome.served ?? []))
  const areAllKnown = plans.length > 0 && plans.every(({ outcome }) => outcome.served !== undefined)
  const refusal = deleting ? undefined : refusalOf(verdict, targets)
  const asked = plans.flatMap(({ outcome }) => outcome.clientAuth ?? [])
  const isKnown = plans.some(({ outcome }) => outcome.clientAuth !== undefined)
  return {
    ...(refusal === undefined ? {} : { refusal }),
    targets,
    missingTargets: verdict?.accepted === true ? verdict.missing : [],
    elsewhere,
    ...secretsOf(policy, served, first?.defaultCertificate),
    knowsHosts: areAllKnown || !policy.spec.certificates.fromIngress,
    alpn: first?.alpn ?? policy.spec.tls.alpn,
    ...(isKnown ? { clientAuth: [...new Map(asked.map((one) => [one.host, one])).values()] } : {}),
    ...(derived === undefined ? {} : { derived }),
    accounts: accountsOf(workloads),
    dependencies,
  }
}

/** What a policy wants of an nginx, and what that was worked out from. */
export interface Planned {
  readonly nginx: NginxPlan | Refused
  readonly flavour?: NginxPlan['flavour']
  /** Left out where no nginx is recognised, or may not be looked into. */
  readonly served?: readonly ServedIngress[]
  /** What single hosts ask of their clients; left out where nothing is known of the hosts. */
  readonly clientAuth?: readonly HostClientAuth[]
  readonly dependencies: readonly Dependency[]
}

/** An Ingress that an nginx serves, and what it says of its hosts. */
interface ServedIngress {
  readonly ingress: Ingress
  readonly hosts: readonly IngressHosts[]
}

/** The plan for one pod's spec, be it that of a template or of a pod made from it. */
export async function plan(
  policy: TLSPolicy,
  spec: PodSpec,
  { world, configMap, mayList }: Surroundings,
  /** Instead of the Ingresses that there are. */
  assumed?: readonly Ingress[],
): Promise<Planned> {
  const { namespace, name } = policy.metadata
  const found = recognise(spec, policy.spec.container)
  if (isRefused(found)) return { nginx: found, dependencies: [] }
  const { container, flavour } = found
  const reads: Reads = flavour.reads(container, namespace)
  const classes = world.ingressClasses.list()
  const ingresses = assumed ?? (reads.ingresses === undefined ? [] : ingressesOf(reads.ingresses, classes, world))
  const derivedConfigMap = { namespace, name: derivedConfigMapName(name) }
  const isOurs = reads.configMap?.name === derivedConfigMap.name && reads.configMap.namespace === namespace
  if (isOurs) {
    const message = `--configmap=${namespace}/${derivedConfigMap.name} is the copy that the operator makes: name your own`
    return { nginx: { refused: 'UnsupportedFeature', message }, dependencies: [] }
  }
  if (reads.configMap !== undefined) {
    const account = accountOf(spec, namespace)
    const { namespace: where, name: configured } = reads.configMap
    if (!(await mayList(account, 'configmaps', where))) {
      const message = `--configmap=${where}/${configured}: ServiceAccount ${account.name} may not list ConfigMaps there`
      return { nginx: { refused: 'RefNotPermitted', message }, dependencies: [] }
    }
  }
  const config = reads.configMap === undefined ? undefined : await configMap(reads.configMap)
  const prefix = reads.ingresses?.annotationsPrefix ?? ''
  const served = ingresses.map((ingress) => ({ ingress, hosts: ingressHosts(ingress, prefix) }))
  const hosts = policy.spec.certificates.fromIngress
    ? served.flatMap(({ hosts }) => hosts.flatMap((entry) => entry.hosts))
    : []
  const input = {
    policy,
    spec,
    container,
    config: config?.data ?? {},
    ingresses,
    hosts: [...new Set([...policy.spec.certificates.hosts.flatMap((entry) => entry.hosts), ...hosts])].toSorted(),
    derivedConfigMap,
  }
  const nginx = flavour.plan(input)
  const dependencies = reads.ingresses === undefined ? [] : classDependencies(reads.ingresses, classes)
  if (reads.configMap !== undefined) {
    dependencies.push(dependencyOn.configMap(reads.configMap.namespace, reads.configMap.name))
  }
  return { nginx, flavour: flavour.name, served, clientAuth: flavour.clientAuth(input), dependencies }
}

/** What the webhook is to do with a pod. */
export async function verdictOnPod(pod: Pod, namespace: string, around: Surroundings): Promise<Verdict> {
  const workload = workloadOf(pod, namespace, workloadsIn(around.world, namespace))
  const resolution = verdictsIn(around.world, namespace).find(
    ({ accepted, workloads }) => accepted && workloads.some(({ metadata }) => metadata.uid === workload?.metadata.uid),
  )
  if (workload === undefined || resolution === undefined || around.excluded.includes(namespace)) {
    return { do: 'leave', reason: 'NotSelected', message: 'no accepted policy selects the pod' }
  }
  const { policy } = resolution
  // Of the template and not of the pod: the controller works out the fingerprint from the same.
  const { spec } = templateOf(workload)
  let { nginx } = await plan(policy, spec, around)
  // What an Ingress asks for must not let new pods start without the sidecar where the others have it already.
  const isInForce = policy.metadata.finalizers?.includes(restoreFinalizer) === true
  if (isRefused(nginx) && isInForce) ({ nginx } = await plan(policy, spec, around, []))
  if (isRefused(nginx)) return { do: 'leave', reason: nginx.refused, message: nginx.message }
  const injection = makePlan(policy, nginx, around.sidecarImage)
  if (policy.spec.enforcement === 'Audit') return { do: 'audit', plan: injection, notices: nginx.notices }
  return { do: 'inject', plan: injection }
}

/** A verdict for each policy of a namespace that can be parsed. */
export function verdictsIn(world: World, namespace: string): Resolution[] {
  const policies = world.policies.by('namespace', namespace).flatMap((raw) => parsedOnce(raw) ?? [])
  return resolve(policies, candidatesIn(world, namespace))
}

/** Undefined where it can't be parsed, which it says in its own status. */
function parsedOnce(raw: RawPolicy): TLSPolicy | undefined {
  if (parsed.has(raw)) return parsed.get(raw)
  let policy: TLSPolicy | undefined
  try {
    policy = parseTlsPolicy(raw)
  } catch {
    policy = undefined
  }
  parsed.set(raw, policy)
  return policy
}

/** What is in a cache never changes; every pod that starts would have all policies of its namespace parsed anew. */
const parsed = new WeakMap<RawPolicy, TLSPolicy | undefined>()

function resolveAlone(policy: TLSPolicy, world: World, namespace: string): Resolution | undefined {
  const { deletionTimestamp: _gone, ...metadata } = policy.metadata
  return resolve([{ ...policy, metadata }], candidatesIn(world, namespace))[0]
}

function candidatesIn(world: World, namespace: string) {
  const classes = world.ingressClasses.list()
  return workloadsIn(world, namespace).map((workload) => {
    const found = recognise(workload.spec.template.spec, undefined)
    const controller = isRefused(found) ? undefined : found.flavour.reads(found.container, namespace).ingresses
    return { workload, ingressClasses: controller === undefined ? [] : classesOf(controller, classes) }
  })
}

function refusalOf(verdict: Resolution | undefined, targets: readonly Target[]): Refusal | undefined {
  if (verdict === undefined) return { reason: 'TargetNotFound', message: 'the policy is not in the cache yet' }
  if (!verdict.accepted) {
    const { reason, message, conflictsWith } = verdict
    return { reason, message, conflictsWith }
  }
  // Where some targets can be served, the others are reported one by one.
  if (targets.some((target) => target.plan !== undefined)) return undefined
  const [first] = targets
  return first?.refusal ?? { reason: 'TargetNotFound', message: 'there is no workload' }
}

/** The pod that a workload makes, before anything was put into it: `chitin inject` may have been there by hand. */
function templateOf({ spec: { template } }: Workload): Pod {
  return uninject({ metadata: template.metadata ?? {}, spec: template.spec })
}

function accountsOf(workloads: readonly Live<Workload>[]): ObjectName[] {
  const all = workloads.map(({ metadata, spec }) => accountOf(spec.template.spec, metadata.namespace ?? ''))
  return [...new Map(all.map((account) => [account.name, account])).values()]
}

function accountOf({ serviceAccountName = '' }: PodSpec, namespace: string): ObjectName {
  return { namespace, name: serviceAccountName === '' ? 'default' : serviceAccountName }
}

function podsOf(workload: Live<Workload>, world: World): LivePod[] {
  return world.pods.by('namespace', workload.metadata.namespace ?? '').filter(({ metadata, status }) => {
    const isOver = status?.phase === 'Succeeded' || status?.phase === 'Failed'
    return metadata.deletionTimestamp === undefined && !isOver && matches(workload.spec.selector, metadata.labels)
  })
}

function ingressesOf(
  controller: IngressController,
  classes: readonly Live<IngressClass>[],
  world: World,
): Live<Ingress>[] {
  const names = new Set(classesOf(controller, classes))
  // Of hundreds of classes a controller has one or two, and each Ingress asks.
  const own = classes.filter(({ metadata }) => names.has(metadata.name))
  return classDependencies(controller, classes)
    .flatMap((dependency) => world.ingresses.by('class', dependency))
    .filter((ingress) => serves(controller, ingress, own))
}

function classDependencies(controller: IngressController, classes: readonly IngressClass[]): Dependency[] {
  const names = new Set([...classesOf(controller, classes), controller.annotationClass, ''])
  return [...names].map((name) => dependencyOn.ingressClass(name, controller.namespace))
}

function uniqueIngresses(served: readonly ServedIngress[]): ServedIngress[] {
  return [...new Map(served.map((one) => [one.ingress.metadata.uid ?? one.ingress, one])).values()]
}

function secretsOf(
  policy: TLSPolicy,
  served: readonly ServedIngress[],
  nginxDefault: ObjectName | undefined,
): Pick<Governed, 'groups' | 'fallback' | 'fallbackMissing'> {
  const { namespace } = policy.metadata
  const { certificates } = policy.spec
  const named = certificates.defaultSecretRef
  const fallback = named === undefined ? nginxDefault : { namespace, name: named.name }
  const groups: Governed['groups'][number][] = certificates.hosts.map(({ hosts, secretRefs }) => ({
    hosts,
    secrets: secretRefs.map(({ name }) => ({ namespace, name })),
    from: { by: 'policy' },
    choose: 'all',
  }))
  for (const { ingress, hosts: entries } of certificates.fromIngress ? served : []) {
    const { name = '', namespace: home = '', creationTimestamp: createdAt = '' } = ingress.metadata
    const from = { by: 'ingress', namespace: home, name, createdAt } as const
    for (const { hosts, secrets: names, by, yields } of entries) {
      const own = names.map((secret) => ({ namespace: home, name: secret }))
      // Without a Secret of its own an Ingress' host is served with the default certificate, as nginx has it.
      const secrets = fallback === undefined || (by === 'listed' && own.length > 0) ? own : [...own, fallback]
      if (secrets.length > 0)
        groups.push({ hosts, secrets, from, choose: by === 'listed' ? 'all' : by, ...(yields && { yields }) })
    }
  }
  const wanted = certificates.unknownSNI === 'ServeDefault'
  return {
    groups,
    fallback: wanted && fallback !== undefined ? [fallback] : [],
    fallbackMissing: wanted && fallback === undefined,
  }
}
