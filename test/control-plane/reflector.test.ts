/**
 * Whatever happens between us and the API server: afterwards the cache equals its list, and whatever changed meanwhile
 * led to an event for its key.
 */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cache } from '../../src/kube/cache.ts'
import { connect } from '../../src/kube/client.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { Reflector } from '../../src/kube/reflector.ts'
import type { ReflectorOptions, Trouble } from '../../src/kube/reflector.ts'
import { keyFor, keyOf, resources } from '../../src/kube/resource.ts'
import type { Key, KubeObject } from '../../src/kube/resource.ts'
import { middleOfCharacter, middleOfLine, startFaultProxy } from '../support/fault-proxy.ts'
import type { FaultProxy } from '../support/fault-proxy.ts'
import { Random } from '../support/random.ts'
import { ensureNamespace, eventually, startControlPlane } from './harness.ts'
import type { ControlPlane } from './harness.ts'

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

const gone = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' }
const expired = JSON.stringify({ type: 'ERROR', object: gone })
const impatient = { baseMs: 20, maxMs: 200, healthyMs: 60_000 }

describe('the reflector, against a real API server behind a faulty proxy', () => {
  let plane: ControlPlane
  let proxy: FaultProxy
  let writer: KubeClient
  let namespace: string
  let serial = 0
  let running: Running | undefined

  before(async () => {
    plane = await startControlPlane()
    writer = plane.client
  })
  after(() => plane.stop())

  beforeEach(async () => {
    proxy = await startFaultProxy(plane.url, plane)
    namespace = `reflector-${serial++}`
    await ensureNamespace(writer, namespace)
    for (const name of ['kept', 'changed', 'deleted']) await write(name, 'first')
  })
  afterEach(async () => {
    await running?.stop()
    running = undefined
    await proxy.stop()
  })

  test('lists, then follows creations, changes and deletions', async () => {
    const { cache, keys } = await begin()
    assert.equal(cache.size, 3)
    await change()
    await inStep()
    assert.deepEqual(keys(), expectedKeys())
    assert.equal(running?.reflector.stats.lists, 1)
    assert.equal(running?.reflector.stats.drift, 0)
  })

  for (const [what, cutAt] of [
    ['in the middle of a line', middleOfLine],
    ['in the middle of a UTF-8 character', middleOfCharacter],
  ] as const) {
    test(`a watch that is cut ${what} is resumed where it was`, async () => {
      const { keys, reflector } = await begin()
      proxy.cutWatches(cutAt)
      await change()
      await inStep()
      assert.deepEqual(keys(), expectedKeys())
      assert.equal(reflector.stats.lists, 1)
      assert.ok(reflector.stats.failures > 0, 'the cut was seen')
    })
  }

  test('a watch that comes byte by byte is read whole', async () => {
    proxy.mischief = ({ isWatch }) => (isWatch ? { byteByByte: true } : undefined)
    const { keys, reflector } = await begin()
    await change()
    await inStep()
    assert.deepEqual(keys(), expectedKeys())
    assert.equal(reflector.stats.failures, 0)
  })

  test('a watch that hangs is noticed by its silence, and resumed', async () => {
    const { keys, reflector } = await begin({ idleMs: 1000 })
    proxy.hangWatches()
    await change()
    await inStep()
    assert.deepEqual(keys(), expectedKeys())
    assert.ok(reflector.stats.silences > 0)
    assert.equal(reflector.stats.lists, 1)
  })

  test('a server that accepts a watch and never answers is noticed too', async () => {
    let silent = 1
    proxy.mischief = ({ isWatch }) => (isWatch && silent-- > 0 ? { silent: true } : undefined)
    const { keys, troubles } = await begin({ idleMs: 500 }, { watching: false })
    await change()
    await inStep()
    assert.deepEqual(keys(), expectedKeys())
    assert.ok(troubles.some(({ reason }) => reason === 'Timeout'))
  })

  test('500 for a watch is waited out, again and again', async () => {
    const { keys, troubles } = await begin()
    let failing = 5
    proxy.mischief = ({ isWatch }) => (isWatch && failing-- > 0 ? { answer: { status: 500 } } : undefined)
    proxy.endWatches()
    await change()
    await inStep()
    assert.deepEqual(keys(), expectedKeys())
    assert.ok(troubles.length >= 5)
  })

  test('500 for the first list is waited out too', async () => {
    let failing = 4
    proxy.mischief = ({ isWatch }) => (!isWatch && failing-- > 0 ? { answer: { status: 500 } } : undefined)
    const { cache, troubles } = await begin()
    assert.ok(cache.synced)
    assert.equal(troubles.length, 4)
  })

  test('429 is not asked again before its Retry-After is over', async () => {
    const { troubles } = await begin()
    let busy = 1
    const headers = { 'retry-after': '1' }
    proxy.mischief = ({ isWatch }) => (isWatch && busy-- > 0 ? { answer: { status: 429, headers } } : undefined)
    proxy.endWatches()
    await change()
    await inStep()
    const waits = troubles.filter(({ during }) => during === 'watch').map(({ delayMs }) => delayMs)
    assert.ok(waits.some((delayMs) => delayMs >= 1000))
  })

  for (const [what, fault] of [
    ['as an ERROR event', { line: expired }],
    ['as the status', { answer: { status: 410, body: gone } }],
  ] as const) {
    test(`410 ${what} leads to a new list, applied as a difference`, async () => {
      const { keys, cache, reflector } = await begin()
      const kept = cache.get(`${namespace}/kept`)
      let failing = 1
      proxy.mischief = ({ isWatch }) => {
        if (!isWatch || failing-- <= 0) return undefined
        return fault
      }
      proxy.hangWatches()
      await change()
      proxy.reset()
      await inStep()
      assert.equal(reflector.stats.lists, 2)
      // What came and went while nobody could look is the one thing that a list cannot tell.
      assert.deepEqual(
        keys(),
        expectedKeys().filter((key) => !key.endsWith('/fleeting')),
      )
      assert.equal(reflector.stats.drift, 3)
      assert.equal(cache.get(`${namespace}/kept`), kept, 'what has not changed is left alone')
    })
  }

  test('a list that expires between two pages is begun again', async () => {
    await Promise.all(Array.from({ length: 600 }, (_, i) => write(`page-${i}`, 'first')))
    let failing = 1
    proxy.mischief = ({ url }) =>
      url.searchParams.has('continue') && failing-- > 0 ? { answer: { status: 410, body: gone } } : undefined
    const { cache } = await begin()
    await inStep()
    assert.ok(cache.size >= 603)
    assert.equal(proxy.requests.filter((request) => request.includes('limit=500')).length, 4)
  })

  test('ten watches in a row that make no sense make it list', async () => {
    const { reflector } = await begin()
    let failing = 10
    proxy.mischief = ({ isWatch }) => (isWatch && failing-- > 0 ? { line: 'not JSON' } : undefined)
    proxy.endWatches()
    await eventually('a second list', () => reflector.stats.lists === 2)
    await change()
    await inStep()
  })

  test('what a handler throws is counted, and stops nothing', async () => {
    const { cache, keys } = await begin()
    cache.subscribe(() => {
      throw new Error('a bug of ours')
    })
    await change()
    await inStep()
    assert.deepEqual(keys(), expectedKeys())
    assert.ok(cache.handlerErrors > 0)
  })

  test('the API server is killed and started again, and what changes around it is seen', async () => {
    const { keys, reflector } = await begin()
    await change()
    await plane.kill('SIGKILL')
    await sleep(300)
    await plane.restart()
    await write('after', 'first')
    await write('changed', 'third')
    await inStep()
    assert.deepEqual(keys(), [...expectedKeys(), `${namespace}/after`].toSorted())
    assert.ok(reflector.stats.failures > 0)
  })

  test('Secrets are held as metadata only, without kubectl’s copy of the data', async () => {
    const annotations = {
      'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"key":"c2VjcmV0"}}',
      other: 'x',
    }
    const secret = (name: string): object => ({
      metadata: { namespace, name, annotations },
      stringData: { key: 'secret' },
    })
    await writer.create(resources.secrets, secret('listed') as KubeObject)
    const { cache } = await begin({ type: resources.secrets, metadataOnly: true })
    await writer.create(resources.secrets, secret('watched') as KubeObject)
    await eventually('both are there', () => cache.size === 2)
    for (const object of cache.list()) {
      assert.deepEqual(Object.keys(object).toSorted(), ['apiVersion', 'kind', 'metadata'])
      assert.equal(object.kind, 'Secret')
      assert.deepEqual(object.metadata.annotations, { other: 'x' })
      assert.equal('managedFields' in object.metadata, false)
    }
  })

  for (const expiry of [false, true]) {
    test(`under random faults, ${expiry ? '410 among them, no key is lost' : 'no version is lost'}`, async (context) => {
      const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)
      context.diagnostic(`seed ${seed}`)
      const random = new Random(seed)
      const next = (): number => random.next()
      const { cache, keys, reflector } = await begin({ idleMs: 400 })
      const versions = new Set<string>()
      cache.subscribe(
        (version) => versions.add(version),
        (object) => [versionOf(object)],
      )
      proxy.mischief = ({ isWatch }) => {
        const roll = next()
        if (roll < 0.1) return { answer: { status: 500 } }
        if (roll < 0.2) return { answer: { status: 503, headers: { 'retry-after': '0' } } }
        if (roll < 0.25) return expiry ? { answer: { status: 410, body: gone } } : undefined
        if (!isWatch) return undefined
        if (roll < 0.35) return { silent: true }
        if (roll < 0.5) return { cutAt: middleOfLine }
        if (roll < 0.6) return { cutAt: middleOfCharacter }
        if (roll < 0.65) return expiry ? { line: expired } : undefined
        if (roll < 0.7) return { byteByByte: true }
        return undefined
      }
      const written = new Set<string>()
      const touched = new Set<Key>()
      for (let i = 0; i < 150; i++) {
        const name = `n${Math.floor(next() * 40)}`
        touched.add(keyFor({ namespace, name }))
        if (next() < 0.3) await writer.delete(resources.configMaps, { namespace, name })
        else written.add(versionOf(await write(name, `round ${i}`)))
        if (next() < 0.1) proxy.hangWatches()
        if (next() < 0.1) proxy.reset()
        await sleep(next() * 20)
      }
      await inStep()
      const heard = new Set(keys())
      const present = [...touched].filter((key) => cache.has(key))
      assert.deepEqual(
        present.filter((key) => !heard.has(key)),
        [],
      )
      // A list shows what is, not what was in between; without one, every version must have come by.
      if (!expiry) assert.equal(reflector.stats.lists, 1)
      if (!expiry)
        assert.deepEqual(
          [...written].filter((version) => !versions.has(version)),
          [],
        )
      assert.ok(reflector.stats.failures > 0)
    })
  }

  /** One creation, one change, one deletion, and one object that comes and goes. */
  async function change(): Promise<void> {
    await write('created', 'first')
    await write('changed', 'second')
    await write('fleeting', 'first')
    for (const name of ['deleted', 'fleeting']) await writer.delete(resources.configMaps, { namespace, name })
  }

  function expectedKeys(): Key[] {
    return ['changed', 'created', 'deleted', 'fleeting'].map((name) => `${namespace}/${name}`)
  }

  async function write(name: string, word: string): Promise<ConfigMap> {
    const object = { metadata: { namespace, name }, data: { word, text: 'Größe 二 🦀' } }
    return writer.apply<ConfigMap>(resources.configMaps, object)
  }

  async function begin(
    options: Partial<ReflectorOptions<KubeObject, never>> = {},
    { watching = true }: { watching?: boolean } = {},
  ): Promise<Running> {
    running = start(connect({ kubeconfigText: plane.kubeconfig(proxy.url) }), { namespace, ...options })
    await running.cache.whenSynced
    if (watching) await eventually('a watch is open', () => proxy.openWatches > 0)
    running.forget()
    return running
  }

  /** Waits until the cache has what the API server lists. */
  async function inStep(): Promise<void> {
    const wanted = await versions(writer, namespace)
    await eventually('the cache equals the list', () => {
      const held = running?.cache.list().map(versionOf).toSorted()
      return JSON.stringify(held) === JSON.stringify(wanted)
    })
    assert.deepEqual(await versions(writer, namespace), wanted, 'nobody else writes')
  }
})

interface Running {
  readonly cache: Cache
  readonly reflector: Reflector<KubeObject>
  readonly troubles: Trouble[]
  /** The keys of which something was heard since the beginning, sorted. */
  readonly keys: () => Key[]
  readonly forget: () => void
  stop(): Promise<void>
}

function start(client: KubeClient, options: Partial<ReflectorOptions<KubeObject, never>>): Running {
  const cache = new Cache()
  const heard = new Set<Key>()
  const troubles: Trouble[] = []
  cache.subscribe((key) => heard.add(key))
  const reflector = new Reflector({
    client,
    type: resources.configMaps,
    cache,
    backoff: impatient,
    onTrouble: (trouble) => troubles.push(trouble),
    ...options,
  })
  const abort = new AbortController()
  const over = reflector.run(abort.signal)
  return {
    cache,
    reflector,
    troubles,
    keys: () => [...heard].toSorted(),
    forget: () => heard.clear(),
    async stop() {
      abort.abort()
      await over
      client.close()
    },
  }
}

async function versions(client: KubeClient, namespace: string): Promise<string[]> {
  const { items } = await client.list(resources.configMaps, { namespace })
  return items.map(versionOf).toSorted()
}

function versionOf(object: KubeObject): string {
  return `${keyOf(object)} ${object.metadata.uid} ${object.metadata.resourceVersion}`
}
