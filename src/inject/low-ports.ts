import type { Pod } from '../api/pod.ts'
import { list, type Mutable } from './mutable.ts'
import type { InjectionPlan } from './plan.ts'

/**
 * Lets the sidecar, which is not root and has no capabilities, listen on ports such as 443. The sysctl counts as safe. Returns
 * its value before, null where there was none; undefined where nothing had to be done.
 */
export function allowLowPorts(
  pod: Mutable<Pod>,
  plan: InjectionPlan,
  created: string[],
): { was: string | null } | undefined {
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

/** Puts back the value that `allowLowPorts` found. */
export function restoreSysctl(pod: Mutable<Pod>, was: string | null): void {
  const context = pod.spec.securityContext
  if (context?.sysctls === undefined) return
  if (was === null) {
    context.sysctls = context.sysctls.filter(({ name }) => name !== lowPortsSysctl)
    return
  }
  for (const one of context.sysctls) if (one.name === lowPortsSysctl) one.value = was
}

const lowPortsSysctl = 'net.ipv4.ip_unprivileged_port_start'
