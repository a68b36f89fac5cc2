/** A counter that is tallied says what prom-client's own would say. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Counter, Registry } from 'prom-client'
import { TalliedCounter } from '../../src/telemetry/tallied-counter.ts'

const labelNames = ['port', 'reason'] as const

function pair() {
  const [ours, theirs] = [new Registry(), new Registry()]
  const configuration = { name: 'ends_total', help: 'How they ended.', labelNames }
  const tallied = new TalliedCounter({ ...configuration, registers: [ours] })
  const counter = new Counter({ ...configuration, registers: [theirs] })
  const same = async (): Promise<void> => {
    assert.equal(await ours.metrics(), await theirs.metrics())
    assert.deepEqual(await ours.getMetricsAsJSON(), await theirs.getMetricsAsJSON())
  }
  return { tallied, counter, same }
}

test('says the same as a counter that is not tallied, at every scrape', async () => {
  const { tallied, counter, same } = pair()
  await same()
  for (const reason of ['finished', 'reset', 'finished', '', 'a"b\\c\nd']) {
    for (const port of ['tls', 'plain', 'tls']) {
      tallied.inc({ port, reason })
      counter.inc({ port, reason })
    }
    await same()
    await same()
  }
})

test('a series is found by its labels, in whatever order they stand, and by nothing else', async () => {
  const { tallied, counter, same } = pair()
  tallied.inc({ reason: 'tls', port: 'plain' })
  tallied.inc({ port: 'plain', reason: 'tls' })
  tallied.inc({ port: 'tls', reason: 'plain' })
  tallied.inc({ port: 'tlspl', reason: 'ain' })
  counter.inc({ reason: 'tls', port: 'plain' }, 2)
  counter.inc({ port: 'tls', reason: 'plain' })
  counter.inc({ port: 'tlspl', reason: 'ain' })
  await same()
})

test('a series that somebody holds is said from then on, and counts on after a scrape', async () => {
  const { tallied, counter, same } = pair()
  const held = tallied.tally({ port: 'tls', reason: 'idle' })
  counter.inc({ port: 'tls', reason: 'idle' }, 0)
  await same()
  held.count += 3
  tallied.inc({ port: 'tls', reason: 'idle' }, 4)
  counter.inc({ port: 'tls', reason: 'idle' }, 7)
  await same()
  held.count += 1
  counter.inc({ port: 'tls', reason: 'idle' })
  await same()
})
