import {
  bundleVolume,
  fingerprintAnnotation,
  injectedLabel,
  originalAnnotation,
  podInfoVolume,
  policyAnnotation,
  sidecarName,
} from '../api/names.ts'
import type { Container, ContainerPort, Pod, Volume } from '../api/pod.ts'
import { restoreFlags, setFlags } from './command-line.ts'
import { fingerprint } from './fingerprint.ts'
import { parseOriginal, type Original } from './original.ts'
import type { InjectionPlan } from './plan.ts'
import { sidecar } from './sidecar.ts'
import { volumes } from './volumes.ts'

/** Puts the sidecar into a pod that has none. Throws Error where the pod lacks the container that the plan names. */
export function apply(pod: Pod, plan: InjectionPlan): Pod {
  const out = structuredClone(pod) as Mutable<Pod>
  const nginx = out.spec.containers.find(({ name }) => name === plan.container)
  if (nginx === undefined) throw new Error(`the plan names container ${plan.container}, which the pod does not have`)
  const created: string[] = []

  const ports = takePorts(nginx, plan)
  const portNames = numberPorts(
    nginx,
    ports.map(({ port }) => port),
  )
  const { line, changes } = setFlags(nginx, plan.flags)
  setCommandLine(nginx, line)
  const preStopSeconds = delayStop(nginx, plan, created)

  const original: { -readonly [Key in keyof Original]: Original[Key] } = {
    container: plan.container,
    flags: changes,
    ports,
    portNames,
    preStopSeconds,
    created,
  }
  if (preStopSeconds > 0) {
    // nginx keeps the time to finish that it always had: the sleep comes on top of it.
    const was = out.spec.terminationGracePeriodSeconds
    const set = (was ?? 30) + preStopSeconds
    out.spec.terminationGracePeriodSeconds = set
    original.grace = { was: was ?? null, set }
  }
  const sysctl = allowLowPorts(out, plan, created)
  if (sysctl !== undefined) original.sysctl = sysctl

  list(out.spec, 'initContainers', 'spec.initContainers', created).push(
    sidecar(plan, sidecarPorts(plan, ports)) as Mutable<Container>,
  )
  list(out.spec, 'volumes', 'spec.volumes', created).push(...(volumes(plan) as Mutable<Volume>[]))
  map(out.metadata, 'labels', 'metadata.labels', created)[injectedLabel] = 'true'
  const annotations = map(out.metadata, 'annotations', 'metadata.annotations', created)
  annotations[policyAnnotation] = plan.policy
  annotations[fingerprintAnnotation] = fingerprint(plan)
  annotations[originalAnnotation] = JSON.stringify(original)
  return out
}

/** Takes the sidecar out of a pod, and leaves what others have done to it since. A pod without one comes back as it is. */
export function restore(pod: Pod): Pod {
  const original = parseOriginal(pod.metadata.annotations?.[originalAnnotation])
  if (original === undefined) return pod
  const out = structuredClone(pod) as Mutable<Pod>
  const { spec, metadata } = out

  if (spec.initContainers !== undefined)
    spec.initContainers = spec.initContainers.filter(({ name }) => name !== sidecarName)
  if (spec.volumes !== undefined)
    spec.volumes = spec.volumes.filter(({ name }) => name !== bundleVolume && name !== podInfoVolume)
  for (const name of [policyAnnotation, fingerprintAnnotation, originalAnnotation]) delete metadata.annotations?.[name]
  delete metadata.labels?.[injectedLabel]

  const nginx = spec.containers.find(({ name }) => name === original.container)
  if (nginx !== undefined) restoreNginx(nginx, original)
  if (original.grace !== undefined && spec.terminationGracePeriodSeconds === original.grace.set) {
    if (original.grace.was === null) delete spec.terminationGracePeriodSeconds
    else spec.terminationGracePeriodSeconds = original.grace.was
  }
  if (original.sysctl !== undefined) restoreSysctl(out, original.sysctl.was)
  for (const path of original.created.toReversed()) dropEmpty(out, nginx, path)
  return out
}

function restoreNginx(nginx: Mutable<Container>, original: Original): void {
  setCommandLine(nginx, restoreFlags(nginx, original.flags))
  if (original.ports.length > 0) {
    const ports = nginx.ports ?? []
    for (const { index, port } of original.ports) ports.splice(index, 0, port)
    nginx.ports = ports
  }
  for (const { path, name } of original.portNames) {
    const handler = follow(nginx, path)
    if (handler !== undefined && 'port' in handler) handler['port'] = name
  }
  if (original.preStopSeconds > 0 && nginx.lifecycle?.preStop?.sleep?.seconds === original.preStopSeconds) {
    delete nginx.lifecycle.preStop
  }
}

/** Removes from nginx the ports that the sidecar takes; they say to others where to connect, and that is no longer nginx. */
function takePorts(nginx: Mutable<Container>, plan: InjectionPlan): { index: number; port: ContainerPort }[] {
  const taken = (nginx.ports ?? []).flatMap((port, index) => (isTaken(port, plan) ? [{ index, port }] : []))
  if (taken.length === 0) return []
  nginx.ports = (nginx.ports ?? []).filter((port) => !isTaken(port, plan))
  if (nginx.ports.length === 0) delete nginx.ports
  return taken
}

function isTaken({ containerPort, protocol }: ContainerPort, plan: InjectionPlan): boolean {
  return (protocol ?? 'TCP') === 'TCP' && plan.listeners.some(({ port }) => port === containerPort)
}

/** The ports as nginx had them, names and hostPorts included; ports that nginx did not declare are declared without a name. */
function sidecarPorts(plan: InjectionPlan, taken: readonly { readonly port: ContainerPort }[]): ContainerPort[] {
  return plan.listeners.flatMap(({ port }) => {
    const had = taken.map((entry) => entry.port).filter(({ containerPort }) => containerPort === port)
    return had.length > 0 ? had : [{ containerPort: port, protocol: 'TCP' }]
  })
}

/** Probes and hooks may call a port of their own container by its name, which has moved: they get the number. */
function numberPorts(nginx: Mutable<Container>, taken: readonly ContainerPort[]): { path: string[]; name: string }[] {
  const moved: { path: string[]; name: string }[] = []
  for (const path of handlers) {
    const handler = follow(nginx, path)
    const name = handler?.['port']
    const port = taken.find((one) => one.name !== undefined && one.name === name)
    if (handler === undefined || port?.name === undefined) continue
    handler['port'] = port.containerPort
    moved.push({ path: [...path], name: port.name })
  }
  return moved
}

/**
 * While a pod ends, new connections still come in until every kube-proxy has heard of it. The sidecar is stopped last, by
 * the order of native sidecars, but nginx would be stopped at once: a sleep before that lets it go on accepting for as
 * long as the drain. An nginx that has a preStop hook of its own knows better.
 */
function delayStop(nginx: Mutable<Container>, plan: InjectionPlan, created: string[]): number {
  const seconds = Math.ceil(plan.drainMs / 1000)
  if (seconds === 0 || nginx.lifecycle?.preStop !== undefined) return 0
  if (nginx.lifecycle === undefined) created.push('lifecycle')
  nginx.lifecycle = { ...nginx.lifecycle, preStop: { sleep: { seconds } } }
  return seconds
}

/** Lets the sidecar, which is not root and has no capabilities, listen on ports such as 443. The sysctl counts as safe. */
function allowLowPorts(pod: Mutable<Pod>, plan: InjectionPlan, created: string[]): { was: string | null } | undefined {
  const lowest = Math.min(...plan.listeners.map(({ port }) => port))
  if (lowest >= 1024 || pod.spec.hostNetwork === true) return undefined
  const before = pod.spec.securityContext?.sysctls?.find(({ name }) => name === lowPortsSysctl)
  if (before !== undefined && Number(before.value) <= lowest) return undefined
  if (before !== undefined) {
    const was = before.value
    before.value = '0'
    return { was }
  }
  if (pod.spec.securityContext === undefined) created.push('spec.securityContext')
  pod.spec.securityContext ??= {}
  const sysctls = list(pod.spec.securityContext, 'sysctls', 'spec.securityContext.sysctls', created)
  sysctls.push({ name: lowPortsSysctl, value: '0' })
  return { was: null }
}

function restoreSysctl(pod: Mutable<Pod>, was: string | null): void {
  const context = pod.spec.securityContext
  if (context?.sysctls === undefined) return
  if (was === null) {
    context.sysctls = context.sysctls.filter(({ name }) => name !== lowPortsSysctl)
    return
  }
  for (const one of context.sysctls) if (one.name === lowPortsSysctl) one.value = was
}

function setCommandLine(
  nginx: Mutable<Container>,
  line: { readonly command?: readonly string[]; readonly args?: readonly string[] },
): void {
  for (const field of ['command', 'args'] as const) {
    const items = line[field]
    if (items === undefined) delete nginx[field]
    else nginx[field] = [...items]
  }
}

function dropEmpty(pod: Mutable<Pod>, nginx: Mutable<Container> | undefined, path: string): void {
  const parts = path === 'lifecycle' ? [path] : path.split('.')
  const parent = path === 'lifecycle' ? (nginx as Loose | undefined) : follow(pod, parts.slice(0, -1))
  const name = parts.at(-1) ?? ''
  const value = parent?.[name]
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) delete parent?.[name]
}

/** The list of that name, made where it is not there. */
function list<Key extends string, Item>(
  from: { [key in Key]?: Item[] },
  key: Key,
  path: string,
  created: string[],
): Item[] {
  const there: Item[] | undefined = from[key]
  if (there !== undefined) return there
  created.push(path)
  const made: Item[] = []
  from[key] = made
  return made
}

function map<Key extends string>(
  from: { [key in Key]?: Record<string, string> },
  key: Key,
  path: string,
  created: string[],
): Record<string, string> {
  const there: Record<string, string> | undefined = from[key]
  if (there !== undefined) return there
  created.push(path)
  const made: Record<string, string> = {}
  from[key] = made
  return made
}

function follow(from: object | undefined, path: readonly string[]): Loose | undefined {
  let at: unknown = from
  // Own properties only: the annotation that says the path is anybody's who may make pods, and must not lead to prototypes.
  for (const part of path)
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, part) ? (at as Loose)[part] : undefined
  return typeof at === 'object' && at !== null ? (at as Loose) : undefined
}

type Loose = Record<string, unknown>

/** A copy of our own, which we may change until we hand it out. */
type Mutable<T> = T extends readonly (infer Item)[]
  ? Mutable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Mutable<T[Key]> }
    : T

const lowPortsSysctl = 'net.ipv4.ip_unprivileged_port_start'

const handlers = ['startupProbe', 'readinessProbe', 'livenessProbe']
  .flatMap((probe) => [
    [probe, 'httpGet'],
    [probe, 'tcpSocket'],
  ])
  .concat([
    ['lifecycle', 'preStop', 'httpGet'],
    ['lifecycle', 'preStop', 'tcpSocket'],
    ['lifecycle', 'postStart', 'httpGet'],
  ])
