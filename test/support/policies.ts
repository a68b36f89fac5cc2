import { parseTlsPolicy, type TLSPolicy } from '../../src/api/tls-policy.ts'
import type { ObjectMeta } from '../../src/api/object-meta.ts'

/** A policy with these fields of its spec; a target is filled in where none is given. */
export function tlsPolicy(spec: object = {}, metadata: ObjectMeta = {}): TLSPolicy {
  const hasTarget = 'targetRefs' in spec || 'selector' in spec || 'ingressClassName' in spec
  return parseTlsPolicy({
    apiVersion: 'tls.chitin.dev/v1alpha1',
    kind: 'TLSPolicy',
    metadata: { name: 'edge', namespace: 'ingress-nginx', ...metadata },
    spec: hasTarget ? spec : { targetRefs: [{ name: 'ingress-nginx-controller' }], ...spec },
  })
}
