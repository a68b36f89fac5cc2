import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diff, equal } from '../../src/inject/patch.ts'
import { applyPatch } from '../support/json-patch.ts'
import { Random } from '../support/random.ts'

test('changes only what differs', () => {
  const before = { a: 1, list: ['x', 'y', 'z'], same: { deep: [1] } }
  const after = { a: 2, list: ['x', 'new', 'y', 'z'], same: { deep: [1] }, b: {} }
  assert.deepEqual(diff(before, after), [
    { op: 'replace', path: '/a', value: 2 },
    { op: 'add', path: '/list/1', value: 'new' },
    { op: 'add', path: '/b', value: {} },
  ])
})

test('escapes what a pointer cannot hold', () => {
  assert.deepEqual(diff({}, { 'tls.chitin.dev/a~b': 'x' }), [{ op: 'add', path: '/tls.chitin.dev~1a~0b', value: 'x' }])
})

test('equal values need no patch', () => {
  assert.deepEqual(diff({ a: [1, { b: null }] }, { a: [1, { b: null }] }), [])
  assert.ok(equal({ a: 1, b: undefined }, { a: 1 }))
  assert.ok(!equal([1, 2], [1]))
  assert.ok(!equal({}, []))
  assert.ok(!equal(null, {}))
})

const seed = 7
test(`whatever the two values, the patch leads from one to the other (seed ${seed})`, () => {
  const random = new Random(seed)
  for (let i = 0; i < 2000; i++) {
    const [before, after] = [randomMap(random, 3), randomMap(random, 3)]
    assert.deepEqual(applyPatch(before, diff(before, after)), after)
  }
})

function randomValue(random: Random, depth: number): unknown {
  const kind = depth === 0 ? random.below(3) : random.below(5)
  if (kind === 0) return random.below(3)
  if (kind === 1) return random.pick(['a', 'b', ''])
  if (kind === 2) return random.pick([true, null])
  if (kind === 3) return Array.from({ length: random.below(5) }, () => randomValue(random, depth - 1))
  return randomMap(random, depth - 1)
}

function randomMap(random: Random, depth: number): Record<string, unknown> {
  const keys = ['a', 'b', 'c/d', 'e~f', ''].filter(() => random.chance(0.5))
  return Object.fromEntries(keys.map((key) => [key, randomValue(random, depth)]))
}
