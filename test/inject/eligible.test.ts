import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../src/api/pod.ts'
import { ineligible } from '../../src/inject/eligible.ts'
import { inject } from '../../src/inject/inject.ts'
import { ingressNginxPlan, ingressNginxPod } from '../support/pods.ts'

const plan = ingressNginxPlan()
const reason = (pod: Pod): string | undefined => ineligible(pod, plan)?.skip
const withMeta = (metadata: Partial<Pod['metadata']>): Pod => {
  const pod = ingressNginxPod()
  return { ...pod, metadata: { ...pod.metadata, ...metadata } }
}

test('takes a pod of ingress-nginx', () => {
  assert.equal(reason(ingressNginxPod()), undefined)
})

test('leaves a pod that already carries the fingerprint, and takes one that carries an older', () => {
  assert.equal(reason(inject(ingressNginxPod(), plan)), 'AlreadyInjected')
  assert.equal(reason(inject(ingressNginxPod(), ingressNginxPlan({ image: 'older' }))), undefined)
})

test('does not believe a fingerprint without a sidecar', () => {
  const { metadata } = inject(ingressNginxPod(), plan)
  assert.equal(reason({ ...ingressNginxPod(), metadata }), undefined)
})

test('says why a pod is left as it is', () => {
  const chitin = { name: 'chitin', image: 'somebody-elses' }
  const exporter = { name: 'exporter', ports: [{ containerPort: 15900 }] }
  const other = { name: 'other', ports: [{ containerPort: 443 }] }
  const cases: readonly (readonly [string, Pod])[] = [
    ['HostNetwork', ingressNginxPod({ spec: { hostNetwork: true } })],
    ['UnsupportedOS', ingressNginxPod({ spec: { os: { name: 'windows' } } })],
    ['UnsupportedOS', ingressNginxPod({ spec: { nodeSelector: { 'kubernetes.io/os': 'windows' } } })],
    ['MirrorPod', withMeta({ annotations: { 'kubernetes.io/config.mirror': 'x' } })],
    [
      'Job',
      withMeta({ ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', uid: 'u', controller: true }] }),
    ],
    ['ForeignSidecar', ingressNginxPod({ spec: { initContainers: [chitin] } })],
    ['ForeignSidecar', ingressNginxPod({ spec: { volumes: [{ name: 'chitin-bundle' }] } })],
    ['NoNginxContainer', ingressNginxPod({ container: { name: 'nginx' } })],
    ['PortTaken', ingressNginxPod({ spec: { initContainers: [exporter] } })],
    ['PortTaken', ingressNginxPod({ spec: { initContainers: [other] } })],
    ['PortTaken', ingressNginxPod({ container: { ports: [{ containerPort: 15900 }] } })],
    [
      'UnsupportedFeature',
      ingressNginxPod({ container: { livenessProbe: { httpGet: { path: '/', port: 'https', scheme: 'HTTPS' } } } }),
    ],
  ]
  for (const [expected, pod] of cases) assert.equal(reason(pod), expected)
})
