import type { Container, PodSpec } from '../api/pod.ts'
import type { Flavour, Refused } from './flavour.ts'
import { ingressNginx } from './ingress-nginx.ts'
import { plainNginx } from './plain-nginx.ts'

/** The nginx of a pod: which container it is, and what flavour. */
export interface Recognised {
  readonly container: Container
  readonly flavour: Flavour
}

/** Finds nginx in a pod, or says why it cannot. `named` is the policy's spec.container. */
export function recognise(spec: PodSpec, named: string | undefined): Recognised | Refused {
  const candidates = named === undefined ? spec.containers : spec.containers.filter(({ name }) => name === named)
  if (named !== undefined && candidates.length === 0) {
    const names = spec.containers.map(({ name }) => name).join(', ')
    return { refused: 'NoNginxContainer', message: `spec.container is ${named}; the pod has ${names}` }
  }
  for (const flavour of flavours) {
    const found = candidates.filter((container) => flavour.recognises(container))
    const [container] = found
    if (container === undefined) continue
    if (found.length === 1) return { container, flavour }
    const names = found.map(({ name }) => name).join(' and ')
    return { refused: 'AmbiguousContainer', message: `${names} could each be nginx: name one in spec.container` }
  }
  // A container that the policy names is nginx, whatever its image is called.
  const [container] = candidates
  if (named !== undefined && container !== undefined) return { container, flavour: plainNginx }
  const images = spec.containers.map(({ name, image }) => `${name} (${image ?? 'no image'})`).join(', ')
  return { refused: 'NoNginxContainer', message: `none of ${images} looks like nginx: name it in spec.container` }
}

/** The most particular first. */
const flavours: readonly Flavour[] = [ingressNginx, plainNginx]
