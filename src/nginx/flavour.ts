/**
 * nginx/ holds what we know about each flavour of nginx. In go a pod's spec and what the cluster says about it; out comes
 * an NginxPlan, or the reason why there is none. It changes nothing itself.
 */
import type { Ingress } from '../api/ingress.ts'
import type { HostClientAuth, NginxPlan, ObjectName } from '../api/nginx-plan.ts'
import type { Container, PodSpec } from '../api/pod.ts'
import type { Reason } from '../api/reasons.ts'
import type { TLSPolicy } from '../api/tls-policy.ts'
import type { IngressController } from './ingress-selection.ts'

export interface Flavour {
  readonly name: NginxPlan['flavour']
  recognises(container: Container): boolean
  /** What has to be looked up before `plan` can be made. */
  reads(container: Container, namespace: string): Reads
  /** What single hosts ask of their clients, whether or not there can be a plan: no refusal may open a door. */
  clientAuth(input: FlavourInput): readonly HostClientAuth[]
  plan(input: FlavourInput): NginxPlan | Refused
}

export interface Reads {
  /** The ConfigMap that this nginx is configured with. */
  readonly configMap?: ObjectName
  /** Which Ingresses it serves. */
  readonly ingresses?: IngressController
}

export interface FlavourInput {
  readonly policy: TLSPolicy
  /** Of the workload's template, or of a pod made from it. */
  readonly spec: PodSpec
  readonly container: Container
  /** Data of the ConfigMap that `reads` names; empty where it is not there. */
  readonly config: Readonly<Record<string, string>>
  /** The Ingresses that this nginx serves. */
  readonly ingresses: readonly Ingress[]
  /** Names that there is a certificate for, lower case; `*.example.com` stands for one label. */
  readonly hosts: readonly string[]
  /** Where the derived ConfigMap will be. */
  readonly derivedConfigMap: ObjectName
}

/** Why there is no plan. */
export interface Refused {
  readonly refused: Reason
  readonly message: string
  /**
   * The derived ConfigMap all the same, where nothing but Ingresses is in the way: an nginx that is behind a sidecar already
   * must guard the hosts that ask for client certificates, whatever else somebody asks for.
   */
  readonly config?: Readonly<Record<string, string>>
}

export function isRefused(outcome: object): outcome is Refused {
  return 'refused' in outcome
}

/** What the policy asks of clients, whatever nginx's own configuration says. */
export function clientNotices({ spec: { tls } }: TLSPolicy): string[] {
  const versions =
    tls.minVersion === '1.3'
      ? 'TLS 1.3 only: clients that speak nothing newer than TLS 1.2 are refused'
      : 'TLS 1.2 by ECDHE and an AEAD, and TLS 1.3: clients that speak nothing else are refused'
  if (tls.clientAuth.mode === 'None') return [versions]
  const { mode, caRef } = tls.clientAuth
  const otherwise = mode === 'Require' ? 'without one nobody comes in' : 'without one they come in too'
  return [versions, `clients are asked for a certificate of the authorities in Secret ${caRef.name}; ${otherwise}`]
}
