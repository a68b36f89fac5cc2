import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { createLog, logThrough } from '../../src/telemetry/log.ts'

test('writes one JSON line for each event, and nothing below the level', async () => {
  const lines: string[] = []
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString())
      done()
    },
  })
  const log = createLog('info', out)
  log.debug('hidden')
  log.info('shown', { port: 8443, message: 'does not overwrite' })
  log.error('bad')
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(lines.length, 2)
  const [first, second] = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    { ...first, timestamp: undefined },
    { level: 'info', message: 'shown', port: 8443, timestamp: undefined },
  )
  assert.match(String(first?.['timestamp']), /^\d{4}-\d\d-\d\dT/)
  assert.equal(second?.['level'], 'error')
  assert.ok(lines.every((line) => line.endsWith('\n')))
})

test('a log that hands on asks the level first', () => {
  const seen: string[] = []
  const log = logThrough('warn', (level, message) => seen.push(`${level} ${message}`))
  log.info('a')
  log.warn('b')
  log.error('c')
  assert.deepEqual(seen, ['warn b', 'error c'])
  assert.equal(log.enabled('debug'), false)
})
