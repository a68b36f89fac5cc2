import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ticketFile } from '../../../src/api/bundle.ts'
import { ticketKeys, type TicketKeySet } from '../../../src/controller/certificates/ticket-keys.ts'
import { seededRandom } from '../../support/random.ts'

const hour = 3_600_000
const start = Date.parse('2026-01-01T00:00:00Z')
const random = seededRandom(1)

function next(previous: TicketKeySet | undefined, at: number, intervalMs = 12 * hour): TicketKeySet {
  const known = { tickets: previous?.tickets, file: (name: string) => previous?.files.get(name) }
  return ticketKeys({ rotationIntervalMs: intervalMs, random }, known, new Date(start + at))
}

const names = ({ tickets }: TicketKeySet): string[] => tickets.keys.map(({ name }) => name)

test('there is a key that seals and one that will, each with a file of 32 bytes', () => {
  const first = next(undefined, 0)
  assert.equal(first.tickets.keys.length, 2)
  assert.deepEqual(
    first.tickets.keys.map(({ from }) => from),
    ['2026-01-01T00:00:00.000Z', '2026-01-01T12:00:00.000Z'],
  )
  assert.deepEqual([...first.files.keys()].toSorted(), names(first).map(ticketFile).toSorted())
  for (const bytes of first.files.values()) assert.equal(bytes.length, 32)
  assert.equal(new Set([...first.files.values()].map(String)).size, 2)
  assert.equal(first.nextChange.getTime(), start + 12 * hour)
})

test('nothing changes before its time', () => {
  const first = next(undefined, 0)
  assert.deepEqual(next(first, 12 * hour - 1), first)
})

test('a key seals for one interval, after every pod has had it for one, and opens for two more', () => {
  const steps = [next(undefined, 0)]
  for (let i = 1; i <= 5; i++) steps.push(next(steps.at(-1), i * 12 * hour))
  const followed = names(steps[0] as TicketKeySet)[1]
  assert.deepEqual(
    steps.map((step) => names(step).indexOf(followed ?? '')),
    [1, 0, 2, 3, -1, -1],
  )
  for (const step of steps.slice(2)) assert.equal(step.tickets.keys.length, 4)
  assert.equal(steps[5]?.tickets.lifetimeSeconds, 24 * 3600)
})

test('a forgotten key is in no file', () => {
  let step = next(undefined, 0)
  for (let i = 1; i <= 8; i++) step = next(step, i * 12 * hour)
  assert.equal(step.files.size, 4)
})

test('after a long sleep there is a key that seals now, and not a row of old ones that begin at once', () => {
  const late = next(next(undefined, 0), 1000 * hour)
  assert.equal(late.nextChange.getTime(), start + 1012 * hour)
  assert.equal(late.tickets.keys[0]?.from, new Date(start + 1000 * hour).toISOString())
})

test('a shorter interval is heeded at once, and no ticket is good for more than seven days', () => {
  const first = next(undefined, 0)
  assert.equal(next(first, hour, 2 * hour).nextChange.getTime(), start + 2 * hour)
  assert.notDeepEqual(names(next(first, 2 * hour, 2 * hour)), names(first))
  assert.equal(next(undefined, 0, 168 * hour).tickets.lifetimeSeconds, 7 * 24 * 3600)
})

test('a key whose file is gone or cut is not used', () => {
  const first = next(undefined, 0)
  const [sealing = '', coming = ''] = names(first)
  for (const spoilt of [
    new Map([...first.files].filter(([name]) => name !== ticketFile(sealing))),
    new Map([...first.files, [ticketFile(sealing), new Uint8Array(31)]]),
  ]) {
    const after = next({ ...first, files: spoilt }, hour)
    assert.ok(!names(after).includes(sealing))
    assert.equal(names(after)[0], coming)
    assert.equal(after.files.size, after.tickets.keys.length)
  }
})
