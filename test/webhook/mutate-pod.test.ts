import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inject } from '../../src/inject/inject.ts'
import { mutatePod } from '../../src/webhook/mutate-pod.ts'
import { applyPatch } from '../support/json-patch.ts'
import { ingressNginxPlan, ingressNginxPod } from '../support/pods.ts'

const plan = ingressNginxPlan()

test('patches a pod into what inject() makes of it', () => {
  const pod = ingressNginxPod()
  const { patch, reason, warnings, policy } = mutatePod(pod, { do: 'inject', plan })
  assert.equal(reason, 'Injected')
  assert.equal(policy, 'ingress-nginx/edge')
  assert.deepEqual(warnings, [])
  assert.deepEqual(applyPatch(pod, patch), inject(pod, plan))
})

test('asked again about a pod that it has patched, it does nothing', () => {
  const { patch, reason } = mutatePod(inject(ingressNginxPod(), plan), { do: 'inject', plan })
  assert.deepEqual(patch, [])
  assert.equal(reason, 'AlreadyInjected')
})

test('in Audit it changes nothing, and says what it would do', () => {
  const { patch, reason, warnings } = mutatePod(ingressNginxPod(), { do: 'audit', plan, notices: ['TLS 1.3 only'] })
  assert.deepEqual(patch, [])
  assert.equal(reason, 'AuditOnly')
  assert.deepEqual(warnings, [
    'TLSPolicy ingress-nginx/edge (Audit) would put the Chitin sidecar into this pod, listening on 80 and 443 (TLS); TLS 1.3 only',
  ])
})

test('a warning ends before the API server would cut it', () => {
  const { warnings } = mutatePod(ingressNginxPod(), { do: 'audit', plan, notices: ['x'.repeat(300)] })
  assert.equal(warnings[0]?.length, 256)
})

test('a pod that cannot be injected is left as it is, and whoever made it is told why', () => {
  const pod = ingressNginxPod({ spec: { hostNetwork: true } })
  const { patch, reason, warnings } = mutatePod(pod, { do: 'inject', plan })
  assert.deepEqual(patch, [])
  assert.equal(reason, 'HostNetwork')
  assert.match(warnings[0] ?? '', /ingress-nginx\/edge.*HostNetwork/)
})

test('a pod that nobody governs passes without a word', () => {
  const mutation = mutatePod(ingressNginxPod(), { do: 'leave', reason: 'NotSelected', message: '' })
  assert.deepEqual(mutation, { reason: 'NotSelected', patch: [], warnings: [] })
})
