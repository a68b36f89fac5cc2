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

test('a thousand policies fill one object after the other, and a change writes only the one that holds it', async () => {
  const { configurator, cache, calls } = setUp()
  await configurator.setAddress(address)
  const names = Array.from({ length: 1000 }, (_, index) => `p${index}`)
  await Promise.all(names.map(async (name) => configurator.set(`edge/${name}`, [entry(name)])))
  assert.equal(cache.size, Math.ceil(1000 / 64))
  for (const { webhooks = [] } of cache.list()) assert.ok(JSON.stringify(webhooks).length < 500_000)
  assert.equal(cache.get('chitin')?.webhooks?.length, 64)

  calls.length = 0
  await configurator.set('edge/p700', [{ ...entry('p700'), fingerprint: 'f2' }])
  assert.deepEqual(calls, ['apply chitin-10'])
})

test('who comes while a write is under way shares the next one', async () => {
  const { configurator, calls } = setUp()
  await configurator.setAddress(address)
  const first = configurator.set('edge/one', [entry('one')])
  await Promise.resolve()
  await Promise.all([first, ...['two', 'three', 'four'].map(async (p) => configurator.set(`edge/${p}`, [entry(p)]))])
  assert.ok(calls.length <= 2, calls.join(', '))
})

test('a policy stays in the object where an earlier operator has put it', async () => {
  const first = setUp()
  await first.configurator.setAddress(address)
  for (let i = 0; i < 65; i++) await first.configurator.set(`edge/p${i}`, [entry(`p${i}`)])
  await first.configurator.remove('edge/p0')

  const second = setUp(first.cache)
  await second.configurator.setAddress(address)
  await second.configurator.set('edge/p64', [entry('p64')])
  assert.deepEqual(second.calls, [])
  await second.configurator.set('edge/p64', [])
  assert.deepEqual(second.calls, ['delete chitin-1'])
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
      calls.push(`apply ${object.metadata.name}`)
      cache.put(object)
      return object
    },
    delete: async (_type: unknown, { name }: { readonly name: string }) => {
      calls.push(`delete ${name}`)
      return cache.remove(name)
    },
  } as unknown as KubeClient // the two verbs that a configurator uses
  const configurator = new Configurator({
    client,
    cache,
    ownNamespace: 'chitin-system',
    exists: (policy) => policy.startsWith('edge/') && policy !== 'edge/gone',
    now: () => clock.now,
  })
  return { configurator, cache, calls, clock }
}
