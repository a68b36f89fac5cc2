import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ingress } from '../../src/api/ingress.ts'
import { generationAnnotation } from '../../src/api/names.ts'
import { keptContent, keptIngress, keptPod, keptPolicy, keptWorkload } from '../../src/controller/kept.ts'
import type { Live, LivePod } from '../../src/controller/world.ts'

const metadata = { namespace: 'edge', name: 'one', uid: 'u', resourceVersion: '7', labels: { app: 'nginx' } }

test('of a pod its address, phase and readiness are kept, and not its spec', () => {
  const pod = {
    kind: 'Pod',
    metadata,
    spec: { containers: [{ name: 'controller' }] },
    status: {
      phase: 'Running',
      podIP: '10.0.0.7',
      conditions: [
        { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
        { type: 'PodScheduled', status: 'True' },
      ],
      containerStatuses: [{ name: 'controller', ready: true }],
    },
  }
  assert.deepEqual(keptPod(pod), {
    kind: 'Pod',
    metadata,
    status: { phase: 'Running', podIP: '10.0.0.7', conditions: [{ type: 'Ready', status: 'True' }] },
  })
  assert.deepEqual(keptPod({ metadata } satisfies LivePod), { metadata, status: {} })
})

test('what a pod says of its sidecar is kept where it has one, and is not believed where it has none', () => {
  const said = { 'tls.chitin.dev/policy': 'edge/edge', 'tls.chitin.dev/fingerprint': 'f1', other: 'stays' }
  const metadataOf = (initContainers?: readonly { readonly name: string }[]) =>
    keptPod({
      metadata: { ...metadata, annotations: said },
      spec: { containers: [], ...(initContainers && { initContainers }) },
    }).metadata.annotations
  assert.deepEqual(metadataOf([{ name: 'setup' }, { name: 'chitin' }]), said)
  for (const without of [undefined, [], [{ name: 'setup' }]]) assert.deepEqual(metadataOf(without), { other: 'stays' })
})

test('of a workload its spec and its counts are kept, and not what its conditions say of them', () => {
  const spec = { selector: { matchLabels: { app: 'nginx' } }, template: { spec: { containers: [] } } }
  const workload = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec } as const
  const counts = { observedGeneration: 2, readyReplicas: 1 }
  const conditions = [{ type: 'Available', status: 'True', message: 'Deployment has minimum availability.' }]
  const seen = { ...workload, status: { ...counts, conditions } }
  assert.deepEqual(keptWorkload(seen), { ...workload, status: counts })
  assert.deepEqual(keptWorkload(workload), workload)
})

test('of an Ingress its hosts are kept, in order, and not where they lead', () => {
  const ingress = {
    metadata,
    spec: {
      ingressClassName: 'nginx',
      tls: [{ hosts: ['a.example.com'], secretName: 'a' }],
      rules: [{ host: 'a.example.com', http: { paths: [{ path: '/', pathType: 'Prefix' }] } }, { http: { paths: [] } }],
    },
    status: { loadBalancer: {} },
  }
  const { tls } = ingress.spec
  const spec = { ingressClassName: 'nginx', tls, rules: [{ host: 'a.example.com' }, {}] }
  assert.deepEqual(keptIngress(ingress), { metadata, spec })
  assert.deepEqual(keptIngress({ metadata, spec: {} } satisfies Live<Ingress>), { metadata, spec: {} })
})

test('of a policy all is kept but the status, which is ours', () => {
  const policy = { metadata, spec: { mode: 'Sidecar' } }
  assert.deepEqual(keptPolicy({ ...policy, status: { conditions: [] } }), policy)
})

test('of a Secret or a ConfigMap its version is kept, and the generation that a bundle says', () => {
  const generation = { [generationAnnotation]: 'g1' }
  const { labels: _labels, ...identity } = metadata
  const annotations = { ...generation, 'cert-manager.io/certificate-name': 'shop' }
  const bundle = { kind: 'Secret', metadata: { ...metadata, annotations } }
  assert.deepEqual(keptContent(bundle), { kind: 'Secret', metadata: { ...identity, annotations: generation } })
  assert.deepEqual(keptContent({ metadata: { name: 'one' } }), { metadata: { name: 'one' } })
})
