/**
 * inject/ puts the sidecar into a pod, and takes it out again. In go a pod and a plan; out comes a pod. It never asks
 * which policy governs the pod or which nginx is in it: both are settled in the plan.
 */
import { bundleSecretName } from '../api/names.ts'
import type { Listener, NginxPlan } from '../api/nginx-plan.ts'
import { qualifiedName } from '../api/object-meta.ts'
import type { SidecarSpec } from '../api/sidecar-spec.ts'
import type { TLSPolicy } from '../api/tls-policy.ts'

/** Everything that decides what an injected pod looks like, as plain data: equal plans, equal pods, equal fingerprints. */
export interface InjectionPlan {
  /** `namespace/name` of the policy. */
  readonly policy: string
  /** The container that is nginx. */
  readonly container: string
  readonly image: string
  readonly bundleSecret: string
  readonly listeners: readonly Listener[]
  readonly upstreamPort: number
  readonly sendProxyProtocol: boolean
  readonly acceptProxyProtocol: boolean
  readonly flags: Readonly<Record<string, string>>
  readonly resources: SidecarSpec['resources']
  readonly drainMs: number
}

/** The plan that a policy makes for an nginx. `image` is the operator's own, for policies that name none. */
export function makePlan(policy: TLSPolicy, nginx: NginxPlan, image: string): InjectionPlan {
  const { sidecar } = policy.spec
  return {
    policy: qualifiedName(policy.metadata),
    container: nginx.container,
    image: sidecar.image ?? image,
    bundleSecret: bundleSecretName(policy.metadata.name),
    listeners: nginx.listeners,
    upstreamPort: nginx.upstreamPort,
    sendProxyProtocol: nginx.sendProxyProtocol,
    acceptProxyProtocol: nginx.acceptProxyProtocol,
    flags: nginx.flags,
    resources: sidecar.resources,
    drainMs: sidecar.drainMs,
  }
}
