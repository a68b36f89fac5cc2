import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Dependencies, dependencyOn, ingressDependencies } from '../../../src/controller/tls-policy/triggers.ts'

test('a change wakes the policies that looked at the object, and no others', () => {
  const dependencies = new Dependencies()
  dependencies.set('a/one', [dependencyOn.secret('a', 'tls'), dependencyOn.namespace('a')])
  dependencies.set('b/two', [dependencyOn.secret('a', 'tls')])
  assert.deepEqual(dependencies.on(dependencyOn.secret('a', 'tls')), ['a/one', 'b/two'])
  assert.deepEqual(dependencies.on(dependencyOn.namespace('a')), ['a/one'])
  assert.deepEqual(dependencies.on(dependencyOn.secret('a', 'other')), [])
})

test('what was not looked at the last time does not wake any more', () => {
  const dependencies = new Dependencies()
  dependencies.set('a/one', [dependencyOn.secret('a', 'old')])
  dependencies.set('a/one', [dependencyOn.secret('a', 'new')])
  assert.deepEqual(dependencies.on(dependencyOn.secret('a', 'old')), [])
  dependencies.delete('a/one')
  assert.deepEqual(dependencies.on(dependencyOn.secret('a', 'new')), [])
})

test('an Ingress belongs to its class, by field or by the old annotation, or to no class; everywhere and in its namespace', () => {
  const metadata = { name: 'shop', namespace: 'a' }
  const legacy = { ...metadata, annotations: { 'kubernetes.io/ingress.class': 'old' } }
  const named = ingressDependencies({ metadata, spec: { ingressClassName: 'nginx' } })
  assert.deepEqual(named, ['IngressClass/nginx', 'IngressClass/nginx/a'])
  assert.deepEqual(ingressDependencies({ metadata: legacy, spec: {} }), ['IngressClass/old', 'IngressClass/old/a'])
  assert.deepEqual(ingressDependencies({ metadata, spec: {} }), ['IngressClass/', 'IngressClass//a'])
})
