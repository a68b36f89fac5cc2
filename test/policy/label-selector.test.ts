import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LabelSelector } from '../../src/api/label-selector.ts'
import { matches } from '../../src/policy/label-selector.ts'

const labels = { app: 'nginx', tier: 'edge' }

test('matches as Kubernetes does', () => {
  const cases: readonly (readonly [LabelSelector, boolean])[] = [
    [{}, true],
    [{ matchLabels: { app: 'nginx' } }, true],
    [{ matchLabels: { app: 'nginx', tier: 'web' } }, false],
    [{ matchLabels: { other: '' } }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'In', values: ['a', 'nginx'] }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['nginx'] }] }, false],
    [{ matchExpressions: [{ key: 'gone', operator: 'NotIn', values: ['nginx'] }] }, true],
    [{ matchExpressions: [{ key: 'gone', operator: 'In', values: ['nginx'] }] }, false],
    [{ matchExpressions: [{ key: 'app', operator: 'Exists' }] }, true],
    [{ matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, false],
    [{ matchExpressions: [{ key: 'toString', operator: 'Exists' }] }, false],
    [{ matchLabels: { app: 'nginx' }, matchExpressions: [{ key: 'gone', operator: 'Exists' }] }, false],
  ]
  for (const [selector, expected] of cases) assert.equal(matches(selector, labels), expected, JSON.stringify(selector))
})

test('a pod without labels matches only what asks for none', () => {
  assert.ok(matches({ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, undefined))
  assert.ok(!matches({ matchLabels: { a: 'b' } }, undefined))
})
