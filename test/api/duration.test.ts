import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatDuration, parseDuration } from '../../src/api/duration.ts'
import { parseQuantity } from '../../src/api/quantity.ts'

test('reads durations as Go writes them', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['0s', 0],
    ['30s', 30_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['500ms', 500],
    ['8760h', 31_536_000_000],
    ['1m1ms', 60_001],
    ['', undefined],
    ['30', undefined],
    ['-1s', undefined],
    ['1d', undefined],
    ['s', undefined],
    ['1 s', undefined],
    ['1s ', undefined],
    ['1h1h1h1h1h', undefined],
  ]
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text)
})

test('writes a duration in its largest units, and reads it back', () => {
  for (const [ms, text] of [
    [0, '0s'],
    [5_400_000, '1h30m'],
    [1500, '1s500ms'],
    [86_400_000, '24h'],
  ] as const) {
    assert.equal(formatDuration(ms), text)
    assert.equal(parseDuration(text), ms)
  }
})

test('reads quantities as Kubernetes writes them', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['100m', 0.1],
    ['96Mi', 96 * 2 ** 20],
    ['2', 2],
    ['1.5G', 1.5e9],
    ['2e3', 2000],
    ['1Gi', 2 ** 30],
    ['', undefined],
    ['some', undefined],
    ['-1', undefined],
    ['1 Mi', undefined],
    ['1mi', undefined],
  ]
  for (const [text, amount] of cases) assert.equal(parseQuantity(text), amount, text)
})
