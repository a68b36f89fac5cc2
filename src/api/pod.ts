import type { ObjectMeta } from './object-meta.ts'

/** A Pod: the parts that we read or write. Everything else in it passes through our hands untouched. */
export interface Pod {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMeta
  readonly spec: PodSpec
  readonly status?: PodStatus
}

export interface PodSpec {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly volumes?: readonly Volume[]
  readonly hostNetwork?: boolean
  readonly hostUsers?: boolean
  readonly nodeName?: string
  readonly os?: { readonly name: string }
  readonly nodeSelector?: Readonly<Record<string, string>>
  readonly securityContext?: PodSecurityContext
  readonly terminationGracePeriodSeconds?: number
  readonly serviceAccountName?: string
}

export interface PodSecurityContext {
  readonly runAsUser?: number
  readonly runAsGroup?: number
  readonly runAsNonRoot?: boolean
  readonly fsGroup?: number
  readonly sysctls?: readonly { readonly name: string; readonly value: string }[]
}

export interface Container {
  readonly name: string
  readonly image?: string
  readonly imagePullPolicy?: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly EnvVar[]
  readonly ports?: readonly ContainerPort[]
  readonly resources?: ResourceRequirements
  readonly volumeMounts?: readonly VolumeMount[]
  readonly startupProbe?: Probe
  readonly readinessProbe?: Probe
  readonly livenessProbe?: Probe
  readonly lifecycle?: { readonly preStop?: LifecycleHandler; readonly postStart?: LifecycleHandler }
  readonly restartPolicy?: string
  readonly securityContext?: Readonly<Record<string, unknown>>
  readonly terminationMessagePath?: string
  readonly terminationMessagePolicy?: string
}

export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: Readonly<Record<string, unknown>>
}

export interface ContainerPort {
  readonly name?: string
  readonly containerPort: number
  readonly hostPort?: number
  readonly hostIP?: string
  readonly protocol?: string
}

export interface ResourceRequirements {
  readonly requests?: Readonly<Record<string, string>>
  readonly limits?: Readonly<Record<string, string>>
}

export interface VolumeMount {
  readonly name: string
  readonly mountPath: string
  readonly readOnly?: boolean
  readonly subPath?: string
}

/** A Volume by its name; `secret` and `downwardAPI` are the kinds that we add ourselves. */
export interface Volume {
  readonly name: string
  readonly secret?: { readonly secretName: string; readonly optional?: boolean; readonly defaultMode?: number }
  readonly downwardAPI?: {
    readonly defaultMode?: number
    readonly items: readonly { readonly path: string; readonly fieldRef: { readonly fieldPath: string } }[]
  }
}

export interface Probe extends LifecycleHandler {
  readonly periodSeconds?: number
  readonly timeoutSeconds?: number
  readonly failureThreshold?: number
  readonly initialDelaySeconds?: number
  readonly successThreshold?: number
}

export interface LifecycleHandler {
  readonly httpGet?: { readonly path: string; readonly port: number | string; readonly scheme?: string }
  readonly tcpSocket?: { readonly port: number | string }
  readonly exec?: { readonly command: readonly string[] }
  readonly sleep?: { readonly seconds: number }
}

export interface PodStatus {
  readonly phase?: string
  readonly podIP?: string
  readonly podIPs?: readonly { readonly ip: string }[]
  readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  readonly containerStatuses?: readonly ContainerStatus[]
  readonly initContainerStatuses?: readonly ContainerStatus[]
}

export interface ContainerStatus {
  readonly name: string
  readonly ready: boolean
  readonly started?: boolean
  readonly image?: string
}
