import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Backlog, Kept, mostBacklog } from '../../src/terminator/backlog.ts'
import { Random } from '../support/random.ts'

test('counts what is kept, the longest first, in whatever order it comes and goes', () => {
  const random = new Random(1)
  const backlog = new Backlog<number>(4000)
  const items = Array.from({ length: 20 }, (_, i) => new Kept(i))
  // The same by a Map, in which what is set again keeps its place too.
  const wanted = new Map<number, number>()
  for (let round = 0; round < 5000; round++) {
    const item = random.pick(items)
    const bytes = random.chance(0.4) ? 0 : random.below(1000)
    backlog.set(item, bytes)
    if (bytes === 0) wanted.delete(item.owner)
    else wanted.set(item.owner, bytes)
    const sum = [...wanted.values()].reduce((a, b) => a + b, 0)
    assert.deepEqual(
      Array.from(backlog, ({ owner, bytes }) => [owner, bytes]),
      [...wanted],
    )
    assert.deepEqual([backlog.bytes, backlog.isShort, backlog.isOver], [sum, sum > 2000, sum > 4000])
  }
  for (const item of items) backlog.set(item, 0)
  assert.deepEqual([backlog.bytes, [...backlog].length], [0, 0])
})

test('an eighth of the memory that the container may have, and no more than is enough for all', () => {
  const mebibyte = 1024 * 1024
  assert.equal(mostBacklog(256 * mebibyte), 32 * mebibyte)
  assert.equal(mostBacklog(96 * mebibyte), 12 * mebibyte)
  for (const limit of [undefined, 0, 2 ** 63, 4096 * mebibyte]) assert.equal(mostBacklog(limit), 128 * mebibyte)
})
