import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chart } from '../../bench/chart.ts'
import { add, ratios, summary, type Samples } from '../../bench/samples.ts'
import { cost, scenarios } from '../../bench/scenarios.ts'

test('the median of an even number lies between the middle two', () => {
  assert.deepEqual(summary([4, 1, 3, 2]), { min: 1, median: 2.5, max: 4 })
  assert.deepEqual(summary([5]), { min: 5, median: 5, max: 5 })
})

test('a ratio is of two samples of one round', () => {
  const samples: Samples = new Map()
  for (const [a, b] of [
    [10, 5],
    [30, 10],
  ] as const) {
    add(samples, 'x', 'a', a)
    add(samples, 'x', 'b', b)
  }
  assert.deepEqual(ratios(samples.get('x')?.get('a') ?? [], samples.get('x')?.get('b') ?? []), [2, 3])
})

test('costs are in microseconds for each one, or in seconds for each GiB', () => {
  const [connection, download] = ['new-ecdsa', 'download'].map((id) => scenarios.find((one) => one.id === id))
  assert.ok(connection && download)
  assert.equal(cost(connection, 2, 1000), 2000)
  assert.equal(cost(download, 3, 2 ** 29), 6)
})

test('the chart cuts a bar that is too long, and still says its figure', () => {
  const bars = [
    { name: 'chitin <x>', min: 1, median: 1, max: 1 },
    { name: 'slow', min: 50, median: 60, max: 70 },
  ]
  const svg = chart([{ title: 'a & b', bars }], 'footer')
  assert.match(svg, />60\.00</)
  const widths = [...svg.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)"/g)].map(([, width]) => Number(width))
  assert.equal(widths.length, 2)
  assert.ok(Math.max(...widths) < 760)
  assert.match(svg, /chitin &lt;x&gt;/)
  assert.match(svg, /a &amp; b/)
})
