import {
  bundleVolume,
  fingerprintAnnotation,
  injectedLabel,
  originalAnnotation,
  podInfoVolume,
  policyAnnotation,
  sidecarName,
} from '../api/names.ts'
import type { Container, Pod, Volume } from '../api/pod.ts'
import { restoreFlags, setFlags } from './command-line.ts'
import { fingerprint } from './fingerprint.ts'
import { allowLowPorts, restoreSysctl } from './low-ports.ts'
import { numberPorts, returnPorts, sidecarPorts, takePorts } from './moved-ports.ts'
import { follow, list, map, type Loose, type Mutable } from './mutable.ts'
import { parseOriginal, type Original } from './original.ts'
import type { InjectionPlan } from './plan.ts'
import { hasSidecar, sidecar } from './sidecar.ts'
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

  // Where there was no sidecar, nothing was done: somebody has copied our annotations into another pod.
  if (!hasSidecar(pod.spec)) return out
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
  returnPorts(nginx, original)
  if (original.preStopSeconds > 0 && nginx.lifecycle?.preStop?.sleep?.seconds === original.preStopSeconds) {
    delete nginx.lifecycle.preStop
  }
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
