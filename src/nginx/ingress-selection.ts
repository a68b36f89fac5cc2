import { legacyClassAnnotation, type Ingress, type IngressClass } from '../api/ingress.ts'

/** How an ingress-nginx was told which Ingresses are its own, and how to read them. */
export interface IngressController {
  /** --controller-class: the spec.controller of its IngressClasses. */
  readonly controllerClass: string
  /** --ingress-class: what the old annotation says. */
  readonly annotationClass: string
  /** --ingress-class-by-name: the class of that name is its own, too. */
  readonly byName: boolean
  /** --watch-ingress-without-class */
  readonly withoutClass: boolean
  /** --watch-namespace; undefined: all of them. */
  readonly namespace?: string
  /** --annotations-prefix */
  readonly annotationsPrefix: string
}

/** Names of the IngressClasses that a controller serves. */
export function classesOf(controller: IngressController, classes: readonly IngressClass[]): string[] {
  return classes
    .filter(
      ({ metadata, spec }) =>
        spec.controller === controller.controllerClass ||
        (controller.byName && metadata.name === controller.annotationClass),
    )
    .flatMap(({ metadata }) => metadata.name ?? [])
}

/**
 * Whether a controller serves an Ingress: the field first, then the old annotation, then those without a class. The
 * annotation that makes a class the default plays no part: the API server writes the default class into
 * `ingressClassName` when an Ingress is made, and ingress-nginx leaves one without a class alone.
 */
export function serves(controller: IngressController, ingress: Ingress, classes: readonly IngressClass[]): boolean {
  if (controller.namespace !== undefined && ingress.metadata.namespace !== controller.namespace) return false
  const name = ingress.spec.ingressClassName
  if (name !== undefined) return classesOf(controller, classes).includes(name)
  const annotation = ingress.metadata.annotations?.[legacyClassAnnotation]
  if (annotation !== undefined) return annotation === '' || annotation === controller.annotationClass
  return controller.withoutClass
}
