import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { AdminServer } from '../../src/telemetry/admin-server.ts'
import { startAdminServer } from '../../src/telemetry/admin-server.ts'
import { connectionMetrics, exposition, expositionType, terminatorMetrics } from '../../src/telemetry/metrics.ts'

let server: AdminServer | undefined
afterEach(() => server?.close())

async function start({
  live = true,
  notReady = undefined as string | undefined,
  metrics = (): Promise<string | Iterable<string>> => Promise.reject(new Error('a worker does not answer')),
} = {}) {
  server = await startAdminServer(
    { host: '127.0.0.1', port: 0 },
    {
      live: () => live,
      notReady: () => Promise.resolve(notReady),
      metrics: async () => ({ type: expositionType, text: await metrics() }),
    },
  )
  const { port } = server
  return (path: string, method = 'GET') => fetch(`http://127.0.0.1:${port}${path}`, { method })
}

test('says that it lives and is ready', async () => {
  const ask = await start()
  assert.equal((await ask('/livez')).status, 200)
  assert.equal((await ask('/readyz?verbose')).status, 200)
  assert.equal((await ask('/readyz', 'HEAD')).status, 200)
})

test('says why it is not ready', async () => {
  const ask = await start({ live: false, notReady: 'no bundle is loaded' })
  assert.equal((await ask('/livez')).status, 503)
  const response = await ask('/readyz')
  assert.equal(response.status, 503)
  assert.equal(await response.text(), 'no bundle is loaded\n')
})

test('refuses other paths and methods, and answers when the metrics fail', async () => {
  const ask = await start()
  assert.equal((await ask('/')).status, 404)
  assert.equal((await ask('/livez', 'POST')).status, 405)
  const response = await ask('/metrics')
  assert.equal(response.status, 500)
  assert.match(await response.text(), /a worker does not answer/)
})

test('sends metrics in slices, between which others have their turn', async () => {
  let turns = 0
  const turn = (): void => {
    turns++
    if (turns < 1000) setImmediate(turn)
  }
  const turnsAtPiece: number[] = []
  const piece = `${'#'.repeat(999)}\n`
  const ask = await start({
    metrics: async () =>
      (function* () {
        turn()
        for (let i = 0; i < 1000; i++) {
          turnsAtPiece.push(turns)
          yield piece
        }
      })(),
  })
  const response = await ask('/metrics')
  assert.equal(response.headers.get('content-type'), expositionType)
  assert.equal(await response.text(), piece.repeat(1000))
  // A megabyte is sixteen slices of 64 KiB.
  assert.ok(new Set(turnsAtPiece).size >= 15, `${new Set(turnsAtPiece).size} turns`)
  assert.equal(await (await ask('/metrics', 'HEAD')).text(), '')
})

test('a scrape that breaks in the middle is cut off, and the next one is answered', async () => {
  let isBroken = true
  const ask = await start({
    metrics: async () =>
      (function* () {
        yield 'a_metric 1\n'.repeat(10_000)
        if (isBroken) throw new Error('a bug')
      })(),
  })
  await assert.rejects(async () => (await ask('/metrics')).text())
  isBroken = false
  assert.equal((await (await ask('/metrics')).text()).length, 110_000)
})

test('nothing more is written for one who hangs up in the middle of a scrape', async () => {
  const over = Promise.withResolvers<void>()
  const ask = await start({
    metrics: async () =>
      (function* () {
        try {
          for (;;) yield 'a_metric 1\n'.repeat(1000)
        } finally {
          over.resolve()
        }
      })(),
  })
  const reader = (await ask('/metrics')).body?.getReader()
  await reader?.read()
  await reader?.cancel()
  await over.promise
})

test('sums the counters of several threads', async () => {
  const [one, two] = [connectionMetrics(), connectionMetrics()]
  one.bytes.inc({ port: 'tls', direction: 'sent' }, 3)
  two.bytes.inc({ port: 'tls', direction: 'sent' }, 4)
  const text = await exposition([await one.registry.getMetricsAsJSON(), await two.registry.getMetricsAsJSON()])
  assert.match(text, /chitin_bytes_total\{port="tls",direction="sent"\} 7/)
  assert.match(expositionType, /version=0\.0\.4/)
})

test('every metric is ours by name, and says what it is', async () => {
  for (const { registry } of [connectionMetrics(), terminatorMetrics()]) {
    for (const metric of await registry.getMetricsAsJSON()) {
      assert.match(metric.name, /^chitin_[a-z_]+$/)
      assert.match(metric.help, /^[A-Z1].{15,}\.$/)
    }
  }
})
