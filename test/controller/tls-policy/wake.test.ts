import assert from 'node:assert/strict'
import { test } from 'node:test'
import { policyAnnotation } from '../../../src/api/names.ts'
import { Dependencies, dependencyOn } from '../../../src/controller/tls-policy/triggers.ts'
import { wakePolicies } from '../../../src/controller/tls-policy/wake.ts'
import { createWorld, type World } from '../../../src/controller/world.ts'
import type { KubeClient } from '../../../src/kube/client.ts'
import type { KubeObject } from '../../../src/kube/resource.ts'

// Two teams in a namespace with a class each, and one alone that watches only its own Ingresses of a third.
const policies = {
  'team/one': [dependencyOn.ingressClass('one'), dependencyOn.secret('team', 'tls')],
  'team/two': [dependencyOn.ingressClass('two'), dependencyOn.secret('team', 'tls')],
  'alone/three': [dependencyOn.ingressClass('nginx', 'alone'), dependencyOn.configMap('alone', 'nginx')],
}

test('a changed Ingress wakes the policies that serve it, and no others', () => {
  const { world, woken } = watched()
  const put = (namespace: string, ingressClassName: string, version: string): string[] =>
    woken(() => world.ingresses.put({ ...object(namespace, 'shop', version), spec: { ingressClassName } }))
  assert.deepEqual(put('anywhere', 'one', '1'), ['team/one'])
  assert.deepEqual(put('anywhere', 'one', '2'), ['team/one'])
  assert.deepEqual(put('anywhere', 'two', '3'), ['team/one', 'team/two'], 'who had it, and who has it')
  assert.deepEqual(put('alone', 'nginx', '4'), ['alone/three'])
  assert.deepEqual(put('elsewhere', 'nginx', '5'), [])
})

test('a changed Secret or ConfigMap wakes whoever it was read for', () => {
  const { world, woken } = watched()
  assert.deepEqual(
    woken(() => world.secrets.put(object('team', 'tls'))),
    ['team/one', 'team/two'],
  )
  assert.deepEqual(
    woken(() => world.secrets.put(object('alone', 'tls'))),
    [],
  )
  assert.deepEqual(
    woken(() => world.configMaps.put(object('alone', 'nginx'))),
    ['alone/three'],
  )
})

test('a policy wakes its neighbours when another generation of it comes, and nobody by its status or its annotations', () => {
  const { world, woken } = watched()
  for (const key of ['team/one', 'team/two']) {
    const [namespace = '', name = ''] = key.split('/')
    world.policies.put(object(namespace, name))
  }
  const put = (version: string, more: object): string[] =>
    woken(() => world.policies.put(object('team', 'one', version, { generation: 1, ...more })))
  assert.deepEqual(put('2', {}), ['team/one', 'team/two'])
  assert.deepEqual(put('3', {}), [], 'a status that we wrote')
  assert.deepEqual(put('4', { annotations: { note: 'x' } }), ['team/one'])
  assert.deepEqual(put('5', { annotations: { note: 'x' }, generation: 2 }), ['team/one', 'team/two'])
})

test('a pod wakes the policy that its sidecar is from', () => {
  const { world, woken } = watched()
  world.policies.put(object('team', 'one'))
  const pod = (policy: string): string[] =>
    woken(() =>
      world.pods.put(object('team', policy.replace('/', '-'), '1', { annotations: { [policyAnnotation]: policy } })),
    )
  assert.deepEqual(pod('team/one'), ['team/one'])
  assert.deepEqual(pod('team/gone'), [])
})

test('nobody is woken after the end', () => {
  const { world, woken, end } = watched()
  end()
  assert.deepEqual(
    woken(() => world.secrets.put(object('team', 'tls'))),
    [],
  )
})

interface Watched {
  readonly world: World
  /** The keys that a change wakes, in the order of the alphabet. */
  readonly woken: (change: () => void) => string[]
  readonly end: () => void
}

function watched(): Watched {
  // Its reflectors are never run.
  const world = createWorld({} as KubeClient, {
    trouble: () => undefined,
    error: (error) => assert.fail(String(error)),
  })
  const dependencies = new Dependencies()
  for (const [policy, all] of Object.entries(policies)) dependencies.set(policy, all)
  const keys = new Set<string>()
  const end = wakePolicies(world, dependencies, (key) => keys.add(key))
  const woken = (change: () => void): string[] => {
    keys.clear()
    change()
    return [...keys].toSorted()
  }
  return { world, woken, end }
}

function object(namespace: string, name: string, resourceVersion = '1', more: object = {}): KubeObject {
  return { metadata: { namespace, name, uid: `${namespace}/${name}`, resourceVersion, ...more } }
}
