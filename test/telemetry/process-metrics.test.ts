import assert from 'node:assert/strict'
import { test } from 'node:test'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { garbageMetrics, processMetrics } from '../../src/telemetry/process-metrics.ts'

const [all, ours] = [new Registry(), new Registry()]
collectDefaultMetrics({ register: all })
processMetrics(ours)

const names = async (registry: Registry): Promise<string[]> =>
  (await registry.getMetricsAsJSON()).map(({ name }) => name).toSorted()

test('of what prom-client has, only garbage collections are left out, and what the permission model closes', async () => {
  const [there, here] = [await names(all), await names(ours)]
  assert.deepEqual(
    there.filter((name) => !here.includes(name)),
    [
      'nodejs_gc_duration_seconds',
      'process_heap_bytes',
      'process_max_fds',
      'process_open_fds',
      'process_virtual_memory_bytes',
    ],
  )
  assert.deepEqual(
    here.filter((name) => !there.includes(name)),
    [],
  )
})

test('garbage collections are said where somebody asks for them', async () => {
  garbageMetrics(ours)
  assert.ok((await names(ours)).includes('nodejs_gc_duration_seconds'))
})

test('resident memory is what the process has', async () => {
  const metric = await ours.getSingleMetric('process_resident_memory_bytes')?.get()
  const bytes = metric?.values[0]?.value ?? 0
  assert.ok(bytes > 10e6 && bytes < 10e9, String(bytes))
})
