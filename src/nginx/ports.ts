import { adminPort } from '../api/names.ts'
import type { PodSpec } from '../api/pod.ts'

/** The first port from `start` that nothing in the pod is known to use: the same pod, the same port. */
export function freePort(spec: PodSpec, start: number, alsoTaken: readonly number[]): number {
  const taken = new Set([adminPort, ...alsoTaken])
  for (const { ports = [] } of [...spec.containers, ...(spec.initContainers ?? [])]) {
    for (const { containerPort } of ports) taken.add(containerPort)
  }
  let port = start
  while (taken.has(port)) port++
  return port
}
