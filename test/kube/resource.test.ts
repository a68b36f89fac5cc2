import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyFor, keyOf, pathOf, refOf, resources } from '../../src/kube/resource.ts'

test('paths of the core group, of named groups, of collections, objects and subresources', () => {
  const ref = { namespace: 'ns', name: 'a' }
  assert.equal(pathOf(resources.pods), '/api/v1/pods')
  assert.equal(pathOf(resources.pods, { namespace: 'ns' }), '/api/v1/namespaces/ns/pods')
  assert.equal(pathOf(resources.pods, ref, 'eviction'), '/api/v1/namespaces/ns/pods/a/eviction')
  assert.equal(pathOf(resources.namespaces, { name: 'ns' }), '/api/v1/namespaces/ns')
  const policy = '/apis/tls.chitin.dev/v1alpha1/namespaces/ns/tlspolicies/a'
  assert.equal(pathOf(resources.tlsPolicies, ref, 'status'), `${policy}/status`)
})

test('a namespace means nothing to a cluster-scoped kind', () => {
  const ref = { namespace: 'ns', name: 'nginx' }
  assert.equal(pathOf(resources.ingressClasses, ref), '/apis/networking.k8s.io/v1/ingressclasses/nginx')
})

test('a name cannot leave its place in the path', () => {
  for (const name of ['', '.', '..'])
    assert.throws(() => pathOf(resources.pods, { namespace: 'ns', name }), /names no object/)
  assert.equal(
    pathOf(resources.pods, { namespace: 'ns', name: '../x?y#z' }),
    '/api/v1/namespaces/ns/pods/..%2Fx%3Fy%23z',
  )
  assert.throws(() => pathOf(resources.pods, { name: 'a' }), /without a namespace/)
})

test('keys and references are one thing', () => {
  for (const ref of [{ namespace: 'ns', name: 'a' }, { name: 'a' }]) assert.deepEqual(refOf(keyFor(ref)), ref)
  assert.equal(keyOf({ metadata: { namespace: 'ns', name: 'a' } }), 'ns/a')
})
