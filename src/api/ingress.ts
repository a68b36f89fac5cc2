import type { ObjectMeta } from './object-meta.ts'

/** An Ingress of networking.k8s.io/v1: the parts that we read. */
export interface Ingress {
  readonly metadata: ObjectMeta
  readonly spec: {
    readonly ingressClassName?: string
    readonly tls?: readonly IngressTls[]
    readonly rules?: readonly { readonly host?: string }[]
  }
}

export interface IngressTls {
  readonly hosts?: readonly string[]
  readonly secretName?: string
}

/** An IngressClass of networking.k8s.io/v1. */
export interface IngressClass {
  readonly metadata: ObjectMeta
  readonly spec: { readonly controller?: string }
}

/** The annotation by which Ingresses named their class before there was a field for it. */
export const legacyClassAnnotation = 'kubernetes.io/ingress.class'
/** On an IngressClass: it takes the Ingresses that name none. */
export const defaultClassAnnotation = 'ingressclass.kubernetes.io/is-default-class'
