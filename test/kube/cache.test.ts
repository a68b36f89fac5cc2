import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cache } from '../../src/kube/cache.ts'
import type { KubeObject } from '../../src/kube/resource.ts'

interface Thing extends KubeObject {
  readonly colours: readonly string[]
}

function thing(name: string, resourceVersion: string, colours: readonly string[] = [], uid = 'u'): Thing {
  return { metadata: { namespace: 'ns', name, resourceVersion, uid }, colours }
}

function colourful(): Cache<Thing, 'colour'> {
  return new Cache<Thing, 'colour'>({ indexes: { colour: ({ colours }) => colours } })
}

test('keeps the latest of each object, by namespace and name', () => {
  const cache = colourful()
  assert.equal(cache.put(thing('a', '1')), true)
  assert.equal(cache.put(thing('a', '2')), true)
  assert.equal(cache.get('ns/a')?.metadata.resourceVersion, '2')
  assert.equal(cache.size, 1)
  assert.equal(cache.remove('ns/a'), true)
  assert.equal(cache.remove('ns/a'), false)
  assert.equal(cache.size, 0)
})

test('a cluster-scoped object is found by its name alone', () => {
  const cache = new Cache()
  cache.put({ metadata: { name: 'nginx', resourceVersion: '1' } })
  assert.ok(cache.has('nginx'))
})

test('the same version again is no change; a namesake with another uid is', () => {
  const cache = colourful()
  const heard: string[] = []
  cache.subscribe((key) => heard.push(key))
  cache.put(thing('a', '1'))
  assert.equal(cache.put(thing('a', '1')), false)
  assert.equal(cache.put(thing('a', '1', [], 'another')), true)
  assert.deepEqual(heard, ['ns/a', 'ns/a'])
})

test('indexes follow changes and deletions', () => {
  const cache = colourful()
  cache.put(thing('a', '1', ['red', 'blue']))
  cache.put(thing('b', '1', ['red']))
  assert.deepEqual(cache.keysBy('colour', 'red'), ['ns/a', 'ns/b'])
  cache.put(thing('a', '2', ['blue', 'green']))
  assert.deepEqual(cache.keysBy('colour', 'red'), ['ns/b'])
  assert.deepEqual(
    cache.by('colour', 'green').map(({ metadata }) => metadata.name),
    ['a'],
  )
  cache.remove('ns/a')
  cache.remove('ns/b')
  for (const colour of ['red', 'blue', 'green']) assert.deepEqual(cache.keysBy('colour', colour), [])
})

test('an object that changes keeps its place in an index', () => {
  const cache = colourful()
  for (const name of ['a', 'b', 'c']) cache.put(thing(name, '1', ['red']))
  cache.put(thing('a', '2', ['red', 'blue']))
  assert.deepEqual(cache.keysBy('colour', 'red'), ['ns/a', 'ns/b', 'ns/c'])
  assert.deepEqual(cache.keysBy('colour', 'blue'), ['ns/a'])
})

test('an index that nobody declared is a bug', () => {
  // The cast is what a caller without types would do.
  assert.throws(() => colourful().keysBy('size' as 'colour', 'big'), /no index size/)
})

test('a subscriber hears at once of what is there already, and no more after it has ended', () => {
  const cache = colourful()
  cache.put(thing('a', '1'))
  const heard: string[] = []
  const end = cache.subscribe((key) => heard.push(key))
  cache.put(thing('b', '1'))
  end()
  cache.put(thing('c', '1'))
  assert.deepEqual(heard, ['ns/a', 'ns/b'])
})

test('a change wakes who was concerned before and who is now, each once', () => {
  const cache = colourful()
  const heard: string[] = []
  cache.subscribe(
    (key) => heard.push(key),
    ({ colours }) => colours,
  )
  cache.put(thing('a', '1', ['red', 'blue', 'red']))
  assert.deepEqual(heard.splice(0), ['red', 'blue'])
  cache.put(thing('a', '2', ['blue', 'green']))
  assert.deepEqual(heard.splice(0), ['red', 'blue', 'green'])
  cache.remove('ns/a')
  assert.deepEqual(heard.splice(0), ['blue', 'green'])
})

test('subscribers see the new state when they are called', () => {
  const cache = colourful()
  const seen: (string | undefined)[] = []
  cache.subscribe((key) => seen.push(cache.get(key)?.metadata.resourceVersion))
  cache.put(thing('a', '1'))
  cache.remove('ns/a')
  assert.deepEqual(seen, ['1', undefined])
})

test('what a subscriber throws is counted and told, and the others hear all the same', () => {
  const errors: unknown[] = []
  const cache = new Cache<Thing>({ onError: (error) => errors.push(error) })
  const heard: string[] = []
  cache.subscribe(() => {
    throw new Error('a bug of ours')
  })
  cache.subscribe((key) => heard.push(key))
  cache.put(thing('a', '1'))
  assert.equal(cache.handlerErrors, 1)
  assert.equal(errors.length, 1)
  assert.deepEqual(heard, ['ns/a'])
})

test('is synced when the reflector says so', async () => {
  const cache = new Cache()
  assert.equal(cache.synced, false)
  cache.markSynced()
  assert.equal(cache.synced, true)
  await cache.whenSynced
})
