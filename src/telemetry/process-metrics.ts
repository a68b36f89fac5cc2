/** What Node itself has to say of a process: CPU, memory, event loop. Once per process. */
import { Gauge, type Registry } from 'prom-client'
import eventLoopLag from 'prom-client/lib/metrics/eventLoopLag.js'
import gc from 'prom-client/lib/metrics/gc.js'
import heapSizeAndUsed from 'prom-client/lib/metrics/heapSizeAndUsed.js'
import heapSpacesSizeAndUsed from 'prom-client/lib/metrics/heapSpacesSizeAndUsed.js'
import processCpuTotal from 'prom-client/lib/metrics/processCpuTotal.js'
import processHandles from 'prom-client/lib/metrics/processHandles.js'
import processRequests from 'prom-client/lib/metrics/processRequests.js'
import processResources from 'prom-client/lib/metrics/processResources.js'
import processStartTime from 'prom-client/lib/metrics/processStartTime.js'
import version from 'prom-client/lib/metrics/version.js'

/**
 * What `collectDefaultMetrics` of prom-client has, which one can only have all of, but for the garbage collections and what it
 * reads from /proc. That Node's permission model closes, and zeros would be lies.
 */
export function processMetrics(registry: Registry): void {
  for (const collect of harmless) collect(registry)
  const resident: Gauge = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size in bytes.',
    registers: [registry],
    collect: () => resident.set(process.memoryUsage.rss()), // called at a scrape, when `resident` is there
  })
}

/**
 * How long garbage collections take. Node makes an object for each and tells it by a turn of the event loop: where there are
 * two hundred a second, as in a busy terminator, that costs 2 % of all it does.
 */
export const garbageMetrics = gc

const harmless = [
  processCpuTotal,
  processStartTime,
  eventLoopLag,
  processResources,
  processHandles,
  processRequests,
  heapSizeAndUsed,
  heapSpacesSizeAndUsed,
  version,
]
