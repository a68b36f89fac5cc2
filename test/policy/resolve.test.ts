import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '../../src/api/pod.ts'
import type { Workload } from '../../src/api/workload.ts'
import { byPrecedence } from '../../src/policy/policy-set.ts'
import { resolve, workloadOf, type Candidate, type Resolution } from '../../src/policy/resolve.ts'
import { ingressNginxPod } from '../support/pods.ts'
import { tlsPolicy } from '../support/policies.ts'

const edge = workload('Deployment', 'ingress-nginx-controller', 'ingress-nginx')
const web = workload('StatefulSet', 'web')
const elsewhere = workload('Deployment', 'ingress-nginx-controller', 'ingress-nginx', 'other')
const candidates: readonly Candidate[] = [
  { workload: edge, ingressClasses: ['nginx'] },
  { workload: web, ingressClasses: [] },
  { workload: elsewhere, ingressClasses: ['nginx'] },
]

test('a target is found by name, by labels and by class, in the namespace of the policy only', () => {
  const targets = [
    { targetRefs: [{ name: 'ingress-nginx-controller' }] },
    { selector: { matchLabels: { app: 'ingress-nginx' } } },
    { ingressClassName: 'nginx' },
  ]
  for (const spec of targets) {
    const [found] = resolve([tlsPolicy(spec)], candidates)
    assert.deepEqual(found?.workloads, [edge])
    assert.ok(found.accepted)
  }
})

test('the oldest policy has the workload, and the other one names it', () => {
  const young = tlsPolicy({}, { name: 'a', creationTimestamp: '2026-02-01T00:00:00Z' })
  const old = tlsPolicy({}, { name: 'b', creationTimestamp: '2026-01-01T00:00:00Z' })
  assert.deepEqual(summary(resolve([young, old], candidates)), ['b: accepted', 'a: Conflicted with ingress-nginx/b'])
})

test('of equal age, the name decides', () => {
  const policies = ['c', 'a', 'b'].map((name) => tlsPolicy({}, { name, creationTimestamp: '2026-01-01T00:00:00Z' }))
  assert.deepEqual(
    byPrecedence(policies).map(({ metadata }) => metadata.name),
    ['a', 'b', 'c'],
  )
})

test('a policy that gives way on one target has no effect on its others', () => {
  const old = tlsPolicy({}, { name: 'old', creationTimestamp: '2026-01-01T00:00:00Z' })
  const both = tlsPolicy(
    { targetRefs: [{ name: 'ingress-nginx-controller' }, { kind: 'StatefulSet', name: 'web' }] },
    { name: 'both', creationTimestamp: '2026-02-01T00:00:00Z' },
  )
  const last = tlsPolicy(
    { targetRefs: [{ kind: 'StatefulSet', name: 'web' }] },
    { name: 'last', creationTimestamp: '2026-03-01T00:00:00Z' },
  )
  assert.deepEqual(summary(resolve([old, both, last], candidates)), [
    'old: accepted',
    'both: Conflicted with ingress-nginx/old',
    'last: accepted',
  ])
})

test('a policy that is being deleted, or that asks for the shim, holds nobody back', () => {
  const leaving = tlsPolicy(
    {},
    { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z', deletionTimestamp: '2026-05-01T00:00:00Z' },
  )
  const shim = tlsPolicy({ mode: 'Shim' }, { name: 'b', creationTimestamp: '2026-02-01T00:00:00Z' })
  const next = tlsPolicy({}, { name: 'c', creationTimestamp: '2026-03-01T00:00:00Z' })
  assert.deepEqual(summary(resolve([leaving, shim, next], candidates)), ['b: UnsupportedMode', 'c: accepted'])
})

test('says what it looked for where there is nothing', () => {
  const found = resolve([tlsPolicy({ ingressClassName: 'other' })], candidates)
  assert.deepEqual(summary(found), ['edge: TargetNotFound'])
  assert.match(found[0]?.accepted === false ? found[0].message : '', /ingressClassName other/)
})

test('names the targets that are missing beside those that are there', () => {
  const spec = { targetRefs: [{ name: 'ingress-nginx-controller' }, { kind: 'DaemonSet', name: 'gone' }] }
  const [found] = resolve([tlsPolicy(spec)], candidates)
  assert.deepEqual(found?.accepted === true && found.missing, ['DaemonSet/gone'])
})

test('a pod belongs to the workload that owns it', () => {
  const all = [edge, web, elsewhere]
  assert.equal(workloadOf(pod('ReplicaSet', 'ingress-nginx-controller-5d4f'), 'ingress-nginx', all), edge)
  assert.equal(workloadOf(pod('ReplicaSet', 'ingress-nginx-controller-5d4f'), 'other', all), elsewhere)
  assert.equal(workloadOf(pod('StatefulSet', 'web', { app: 'web' }), 'ingress-nginx', all), web)
  assert.equal(workloadOf(pod('ReplicaSet', 'ingress-nginx-controller-b-5d4f'), 'ingress-nginx', all), undefined)
  assert.equal(workloadOf(pod('ReplicaSet', 'ingress-nginx-controller-5d4f', {}), 'ingress-nginx', all), undefined)
  assert.equal(workloadOf(pod('ReplicaSet', 'web-5d4f', { app: 'web' }), 'ingress-nginx', all), undefined)
  assert.equal(workloadOf(ingressNginxPod(), 'ingress-nginx', all), undefined)
})

function summary(resolutions: readonly Resolution[]): string[] {
  return resolutions.map((one) => {
    const name = one.policy.metadata.name
    if (one.accepted) return `${name}: accepted`
    return `${name}: ${one.reason}${one.conflictsWith.length > 0 ? ` with ${one.conflictsWith.join()}` : ''}`
  })
}

function workload(kind: Workload['kind'], name: string, app = name, namespace = 'ingress-nginx'): Workload {
  const labels = { app }
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [] } } },
  }
}

function pod(kind: string, name: string, labels: Record<string, string> = { app: 'ingress-nginx' }): Pod {
  const owner = { apiVersion: 'apps/v1', kind, name, uid: 'u', controller: true }
  return { ...ingressNginxPod(), metadata: { labels, ownerReferences: [owner] } }
}
