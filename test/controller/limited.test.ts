import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limited } from '../../src/controller/limited.ts'

test('all who ask share one limit, in order, and a failure gives its place back', async () => {
  let open = 0
  let most = 0
  const begun: string[] = []
  const work = limited(async (name: string) => {
    begun.push(name)
    most = Math.max(most, ++open)
    await new Promise((resolve) => setImmediate(resolve))
    open--
    if (name === 'b') throw new Error('a bug')
    return name.toUpperCase()
  }, 2)
  const names = ['a', 'b', 'c', 'd', 'e']
  const outcomes = await Promise.allSettled(names.map(async (name) => work(name)))
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : 'failed')),
    ['A', 'failed', 'C', 'D', 'E'],
  )
  assert.deepEqual(begun, names)
  assert.equal(open, 0)
  assert.equal(most, 2)
})
