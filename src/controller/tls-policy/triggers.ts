/**
 * Which policies to look at again when an object changes. Each look at a policy says what it depended on; a change of
 * one of these wakes it. Pure bookkeeping: no object is kept.
 */
import type { Ingress } from '../../api/ingress.ts'
import { legacyClassAnnotation } from '../../api/ingress.ts'
import type { Workload } from '../../api/workload.ts'

/** Something that a policy looked at, as text: `Secret/shop/tls`, `IngressClass/nginx`. */
export type Dependency = string

export const dependencyOn = {
  /** Policies and specs of workloads in a namespace: they can change who governs what. */
  namespace: (namespace: string): Dependency => `Namespace/${namespace}`,
  /** One workload, its status, and its pods. */
  workload: (namespace: string, kind: string, name: string): Dependency => `Workload/${namespace}/${kind}/${name}`,
  secret: (namespace: string, name: string): Dependency => `Secret/${namespace}/${name}`,
  configMap: (namespace: string, name: string): Dependency => `ConfigMap/${namespace}/${name}`,
  /** The Ingresses of a class, in one namespace where one is given; `''` stands for those that name no class. */
  ingressClass: (name: string, namespace?: string): Dependency =>
    namespace === undefined ? `IngressClass/${name}` : `IngressClass/${name}/${namespace}`,
  anyIngressClass: 'IngressClasses' as Dependency,
}

/** The dependencies that an Ingress is part of: for those who watch all namespaces, and for those who watch its own. */
export function ingressDependencies({ metadata, spec }: Ingress): Dependency[] {
  const name = spec.ingressClassName ?? metadata.annotations?.[legacyClassAnnotation] ?? ''
  return [dependencyOn.ingressClass(name), dependencyOn.ingressClass(name, metadata.namespace ?? '')]
}

export function workloadDependency({ kind, metadata }: Workload): Dependency {
  return dependencyOn.workload(metadata.namespace ?? '', kind, metadata.name ?? '')
}

/** Who depends on what, as of the last look. */
export class Dependencies {
  readonly #of = new Map<string, readonly Dependency[]>()
  /** Most have one policy; a set for each, ten thousand times, would be the larger part of this. */
  readonly #on = new Map<Dependency, string | Set<string>>()

  /** Takes the place of what was set for this policy before. */
  set(policy: string, dependencies: Iterable<Dependency>): void {
    this.delete(policy)
    const all = [...new Set(dependencies)]
    this.#of.set(policy, all)
    for (const dependency of all) {
      const others = this.#on.get(dependency)
      if (others === undefined) this.#on.set(dependency, policy)
      else if (typeof others === 'string') this.#on.set(dependency, new Set([others, policy]))
      else others.add(policy)
    }
  }

  delete(policy: string): void {
    for (const dependency of this.#of.get(policy) ?? []) {
      const policies = this.#on.get(dependency)
      if (policies === policy) this.#on.delete(dependency)
      else if (policies instanceof Set && policies.delete(policy) && policies.size === 0) this.#on.delete(dependency)
    }
    this.#of.delete(policy)
  }

  /** The keys of the policies to look at again. */
  on(dependency: Dependency): readonly string[] {
    const policies = this.#on.get(dependency) ?? []
    return typeof policies === 'string' ? [policies] : [...policies]
  }
}
