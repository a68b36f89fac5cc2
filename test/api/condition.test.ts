import assert from 'node:assert/strict'
import { test } from 'node:test'
import { transition } from '../../src/api/condition.ts'

const first = new Date('2026-11-24T06:00:00.123Z')
const later = new Date('2026-11-24T07:00:00.456Z')

test('moves lastTransitionTime only when the status changes', () => {
  const ready = transition(undefined, { type: 'Ready', status: 'False', reason: 'Audit', message: '' }, 1, first)
  assert.equal(ready.lastTransitionTime, '2026-11-24T06:00:00Z')

  const same = transition([ready], { type: 'Ready', status: 'False', reason: 'RollingOut', message: 'x' }, 2, later)
  assert.deepEqual(same, { ...ready, reason: 'RollingOut', message: 'x', observedGeneration: 2 })

  const changed = transition([same], { type: 'Ready', status: 'True', reason: 'Ready', message: '' }, 2, later)
  assert.equal(changed.lastTransitionTime, '2026-11-24T07:00:00Z')
})
