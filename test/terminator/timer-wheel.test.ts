import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Timed } from '../../src/terminator/timer-wheel.ts'
import { TimerWheel } from '../../src/terminator/timer-wheel.ts'

const item = (name: string): Timed & { name: string } => ({ name, dueAt: 0, slot: -1 })
const names = (items: { name: string }[]): string[] => items.map(({ name }) => name)

test('hands an item back when its time has come, and once', () => {
  const wheel = new TimerWheel<ReturnType<typeof item>>(100, 1000)
  wheel.schedule(item('a'), 1250)
  assert.deepEqual(names(wheel.advance(1249)), [])
  assert.deepEqual(names(wheel.advance(1300)), ['a'])
  assert.deepEqual(names(wheel.advance(9999)), [])
})

test('a new deadline replaces the old one, and cancel takes it away', () => {
  const wheel = new TimerWheel<ReturnType<typeof item>>(100, 0)
  const [a, b] = [item('a'), item('b')]
  wheel.schedule(a, 200)
  wheel.schedule(b, 200)
  wheel.schedule(a, 900)
  wheel.cancel(b)
  wheel.cancel(b)
  assert.deepEqual(names(wheel.advance(800)), [])
  assert.deepEqual(names(wheel.advance(900)), ['a'])
})

test('waits longer than one turn of the wheel', () => {
  const wheel = new TimerWheel<ReturnType<typeof item>>(10, 0, 8)
  wheel.schedule(item('far'), 1000)
  for (let now = 0; now < 1000; now += 7) assert.deepEqual(names(wheel.advance(now)), [], String(now))
  assert.deepEqual(names(wheel.advance(1000)), ['far'])
})

test('loses nobody when the process was asleep', () => {
  const wheel = new TimerWheel<ReturnType<typeof item>>(10, 0, 8)
  for (let i = 1; i <= 100; i++) wheel.schedule(item(String(i)), i * 5)
  assert.equal(wheel.advance(1_000_000).length, 100)
})

test('is never early and at most two ticks late, whatever the deadlines', () => {
  const wheel = new TimerWheel<ReturnType<typeof item>>(10, 3, 16)
  let now = 3
  let seed = 1
  const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
  let waiting = 0
  for (let step = 0; step < 5000; step++) {
    if (random() < 0.5) {
      wheel.schedule(item('x'), now + Math.floor(random() * 400))
      waiting++
    }
    now += Math.floor(random() * 12)
    for (const { dueAt } of wheel.advance(now)) {
      waiting--
      assert.ok(dueAt <= now && now - dueAt <= 32, `${dueAt} at ${now}`)
    }
  }
  assert.equal(wheel.advance(now + 1000).length, waiting)
})
