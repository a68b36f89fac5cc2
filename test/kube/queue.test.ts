import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Queue } from '../../src/kube/queue.ts'
import { Random } from '../support/random.ts'

test('gives each key once, in the order of their arrival', () => {
  const queue = new Queue()
  for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key)
  assert.equal(queue.depth, 3)
  assert.deepEqual([queue.take(0), queue.take(0), queue.take(0), queue.take(0)], ['a', 'b', 'c', undefined])
})

test('never gives a key to two workers, and gives it again when it was added meanwhile', () => {
  const queue = new Queue()
  queue.add('a')
  assert.equal(queue.take(0), 'a')
  queue.add('a')
  queue.add('a')
  assert.equal(queue.take(0), undefined)
  queue.done('a')
  assert.equal(queue.take(0), 'a')
  queue.done('a')
  assert.equal(queue.take(0), undefined)
})

test('a key that is being worked on does not hold up the others', () => {
  const queue = new Queue()
  queue.add('a')
  queue.take(0)
  queue.add('a')
  queue.add('b')
  assert.equal(queue.take(0), 'b')
})

test('says why a key is done: it was added, or its time has come', () => {
  const queue = new Queue()
  queue.add('added')
  queue.addAt('due', 10)
  queue.addAt('due, and added', 10)
  assert.equal(queue.take(10), 'added')
  queue.add('due, and added')
  assert.deepEqual([queue.take(10), queue.take(10)], ['due', 'due, and added'])
  const causes = ['added', 'due', 'due, and added'].map((key) => queue.cause(key))
  assert.deepEqual(causes, ['change', 'time', 'change'])
  queue.add('due')
  assert.equal(queue.cause('due'), 'time')
  assert.throws(() => queue.cause('another'), /another was not taken/)
})

test('done without take is a bug', () => {
  assert.throws(() => new Queue().done('a'), /not taken/)
})

test('a delayed key comes at its time, the earlier of two', () => {
  const queue = new Queue()
  queue.addAt('a', 100)
  queue.addAt('a', 50)
  queue.addAt('a', 80)
  assert.equal(queue.nextAt(), 50)
  assert.equal(queue.take(49), undefined)
  assert.equal(queue.take(50), 'a')
  queue.done('a')
  assert.equal(queue.take(1000), undefined)
  assert.equal(queue.nextAt(), undefined)
})

test('delayed keys become ready in the order of their times', () => {
  const queue = new Queue()
  queue.addAt('late', 30)
  queue.addAt('early', 10)
  queue.addAt('middle', 20)
  assert.deepEqual([queue.take(99), queue.take(99), queue.take(99)], ['early', 'middle', 'late'])
})

test('adding a delayed key makes it ready now, and once', () => {
  const queue = new Queue()
  queue.addAt('a', 100)
  queue.add('a')
  assert.equal(queue.take(0), 'a')
  queue.done('a')
  assert.equal(queue.take(100), undefined)
})

test('a delay does not put off a key that is ready', () => {
  const queue = new Queue()
  queue.add('a')
  queue.addAt('a', 100)
  assert.equal(queue.take(0), 'a')
  assert.equal(queue.delayed, 0)
})

test('a delay that ends while the key is being worked on waits for the worker', () => {
  const queue = new Queue()
  queue.add('a')
  queue.take(0)
  queue.addAt('a', 10)
  assert.equal(queue.take(20), undefined)
  queue.done('a')
  assert.equal(queue.take(20), 'a')
})

test('failures double the delay from 5 ms up to 1000 s, and success begins anew', () => {
  const queue = new Queue()
  const delays = Array.from({ length: 30 }, () => {
    const delay = queue.retry('a', 0)
    queue.add('a')
    queue.take(0)
    queue.done('a')
    return delay
  })
  assert.deepEqual(delays.slice(0, 4), [5, 10, 20, 40])
  assert.deepEqual(delays.slice(-2), [1_000_000, 1_000_000])
  assert.equal(queue.failures('a'), 30)
  queue.forget('a')
  assert.equal(queue.retry('a', 0), 5)
  assert.equal(queue.retry('b', 0), 5, 'keys fail for themselves')
})

test('a retry honours a longer wait that the server asked for', () => {
  const queue = new Queue()
  assert.equal(queue.retry('a', 1000, 7000), 7000)
  assert.equal(queue.nextAt(), 8000)
})

test('whatever is done to it: one worker per key, and no added key is forgotten', () => {
  const random = new Random(7)
  const next = (): number => random.next()
  const queue = new Queue()
  const running = new Set<string>()
  const owed = new Set<string>()
  let now = 0
  for (let i = 0; i < 20_000; i++) {
    now += next() * 3
    const key = `k${Math.floor(next() * 10)}`
    const roll = next()
    if (roll < 0.3) {
      queue.add(key)
      owed.add(key)
    } else if (roll < 0.4) {
      queue.addAt(key, now + next() * 20)
      owed.add(key)
    } else if (roll < 0.7) {
      const taken = queue.take(now)
      if (taken === undefined) continue
      assert.ok(!running.has(taken))
      assert.ok(owed.has(taken))
      running.add(taken)
      owed.delete(taken)
    } else if (running.has(key)) {
      queue.done(key)
      running.delete(key)
    }
  }
  for (const key of running) queue.done(key)
  for (let taken = queue.take(Infinity); taken !== undefined; taken = queue.take(Infinity)) owed.delete(taken)
  assert.deepEqual([...owed], [])
})
