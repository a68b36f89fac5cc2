import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WebhookEntry } from '../../../src/controller/webhook-configuration/configuration.ts'
import {
  Configurator,
  isWithin,
  type LiveConfiguration,
} from '../../../src/controller/webhook-configuration/configurator.ts'
import { Cache } from '../../../src/kube/cache.ts'
import type { KubeClient } from '../../../src/kube/client.ts'

const address = { caBundle: 'PEM', url: 'https://127.0.0.1:1', path: '/mutate/pod' }
const entry = (policy: string): WebhookEntry => ({
  namespace: 'edge',
  policy,
  workload: { kind: 'Deployment', name: 'nginx' },
  selector: { matchLabels: { app: policy } },
  fingerprint: 'f1',
  failurePolicy: 'Ignore',
})

test('nothing is written before the CA is known', async () => {
  const { configurator, calls } = setUp()
  assert.equal(typeof (await configurator.set('edge/one', [entry('one')])), 'undefined')
  assert.deepEqual(calls, [])
  await configurator.setAddress(address)
  assert.equal(calls.length, 1)
})

test('the same entries again are not written again, and count from when they were first there', async () => {
  const { configurator, calls, clock } = setUp()
  await configurator.setAddress(address)
  assert.equal(await configurator.set('edge/one', [entry('one')]), 1)
  clock.now = 9
  assert.equal(await configurator.set('edge/one', [entry('one')]), 1)
  assert.equal(calls.length, 1)
  assert.equal(await configurator.set('edge/one', [{ ...entry('one'), fingerprint: 'f2' }]), 9)
})

test('the last entry that goes takes the configuration with it', async () => {
  const { configurator, cache } = setUp()
  await configurator.setAddress(address)
  await configurator.set('edge/one', [entry('one')])
  assert.ok(cache.has('chitin'))
  await configurator.remove('edge/one')
  assert.ok(!cache.has('chitin'))
})

test('entries of a policy that has not been looked at yet stay, with the present CA', async () => {
  const first = setUp()
  await first.configurator.setAddress(address)
  await first.configurator.set('edge/one', [entry('one')])
  await first.configurator.set('edge/two', [entry('two')])

  const second = setUp(first.cache)
  await second.configurator.setAddress({ ...address, caBundle: 'NEW' })
  await second.configurator.set('edge/one', [entry('one')])
  const live = first.cache.get('chitin')?.webhooks ?? []
  assert.equal(live.length, 2)
  for (const { clientConfig } of live as readonly { clientConfig?: { caBundle: string } }[]) {
    assert.equal(clientConfig?.caBundle, btoa('NEW'))
  }
})

test('entries of a policy that is gone are dropped', async () => {
  const first = setUp()
  await first.configurator.setAddress(address)
  await first.configurator.set('edge/gone', [entry('gone')])
  const second = setUp(first.cache)
  await second.configurator.setAddress(address)
  assert.ok(!first.cache.has('chitin'))
})

test('what the API server adds by itself does not make a difference', () => {
  assert.ok(isWithin({ a: [{ b: 1 }] }, { a: [{ b: 1, c: 2 }], d: 3 }))
  assert.ok(!isWithin({ a: [1] }, { a: [1, 2] }))
  assert.ok(!isWithin({ a: 1 }, {}))
  assert.ok(!isWithin({ a: {} }, { a: null }))
})

/** A configurator on a client that does to the cache what the API server and a watch would. */
function setUp(cache = new Cache<LiveConfiguration>()) {
  const calls: string[] = []
  const clock = { now: 1 }
  const client = {
    apply: async (_type: unknown, object: LiveConfiguration) => {
      calls.push('apply')
      cache.put(object)
      return object
    },
    delete: async () => {
      calls.push('delete')
      return cache.remove('chitin')
    },
  } as unknown as KubeClient // the two verbs that a configurator uses
  const configurator = new Configurator({
    client,
    cache,
    ownNamespace: 'chitin-system',
    policies: () => ['edge/one', 'edge/two'],
    now: () => clock.now,
  })
  return { configurator, cache, calls, clock }
}
