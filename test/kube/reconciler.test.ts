import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cache } from '../../src/kube/cache.ts'
import { KubeError } from '../../src/kube/kube-error.ts'
import { Reconciler } from '../../src/kube/reconciler.ts'
import type { Run } from '../../src/kube/reconciler.ts'

test('reconciles each key, one run of a key at a time, and again when it changes meanwhile', async () => {
  const abort = new AbortController()
  const order: string[] = []
  const released = Promise.withResolvers<void>()
  const first = Promise.withResolvers<void>()
  const all = Promise.withResolvers<void>()
  const reconciler = new Reconciler({
    name: 'test',
    async reconcile(key) {
      order.push(`begin ${key}`)
      if (order.length === 1) {
        first.resolve()
        await released.promise
      }
      order.push(`end ${key}`)
      if (order.length === 6) all.resolve()
    },
  })
  const over = reconciler.run(abort.signal)
  reconciler.enqueue('a')
  await first.promise
  reconciler.enqueue('a')
  reconciler.enqueue('a')
  reconciler.enqueue('b')
  await new Promise(setImmediate)
  assert.deepEqual(order, ['begin a', 'begin b', 'end b'])
  released.resolve()
  await all.promise
  assert.deepEqual(order, ['begin a', 'begin b', 'end b', 'end a', 'begin a', 'end a'])
  abort.abort()
  await over
})

test('waits for the caches', async () => {
  const abort = new AbortController()
  const cache = new Cache()
  const done = Promise.withResolvers<void>()
  let runs = 0
  const reconciler = new Reconciler({
    name: 'test',
    caches: [cache],
    reconcile: async () => {
      runs++
      done.resolve()
    },
  })
  const over = reconciler.run(abort.signal)
  reconciler.enqueue('a')
  await new Promise(setImmediate)
  assert.equal(runs, 0)
  cache.markSynced()
  await done.promise
  abort.abort()
  await over
})

test('tries again after a failure, later if the server asked for it, and after the time that a run asks for', async () => {
  const abort = new AbortController()
  const runs: Run[] = []
  const done = Promise.withResolvers<void>()
  let count = 0
  const reconciler = new Reconciler({
    name: 'test',
    async reconcile() {
      count++
      if (count === 1) throw new Error('a bug of ours')
      if (count === 2) throw new KubeError({ status: 429, reason: 'TooManyRequests', message: 'm', retryAfterMs: 30 })
      if (count === 3) return { requeueAfterMs: 1 }
      done.resolve()
      return undefined
    },
    onRun: (run) => runs.push(run),
  })
  const over = reconciler.run(abort.signal)
  reconciler.enqueue('a')
  await done.promise
  abort.abort()
  await over
  assert.deepEqual(
    runs.map(({ retryInMs }) => retryInMs),
    [5, 30, undefined, undefined],
  )
})

test('ends when what is under way has ended, begins nothing more, and tells what is under way', async () => {
  const abort = new AbortController()
  const begun = Promise.withResolvers<void>()
  const ended: string[] = []
  const reconciler = new Reconciler({
    name: 'test',
    workers: 1,
    async reconcile(key, signal) {
      begun.resolve()
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => setImmediate(resolve)))
      ended.push(key)
    },
  })
  const over = reconciler.run(abort.signal)
  reconciler.enqueue('a')
  reconciler.enqueue('b')
  await begun.promise
  abort.abort()
  await over
  assert.deepEqual(ended, ['a'])
})

test('a run that is aborted before the caches are synced ends', async () => {
  const abort = new AbortController()
  const reconciler = new Reconciler({ name: 'test', caches: [new Cache()], reconcile: async () => undefined })
  const over = reconciler.run(abort.signal)
  abort.abort()
  await over
})
