import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTurns } from '../../src/controller/in-turns.ts'

test('others have their turn whenever the time of a turn is over, and not after each step', async () => {
  let clock = 0
  let turns = 0
  const turn = (): void => void (turns++ < 100 && setImmediate(turn))
  const turnsAtStep: number[] = []
  const steps = (function* () {
    setImmediate(turn)
    for (let i = 0; i < 12; i++) {
      turnsAtStep.push(turns)
      clock += 2
      yield
    }
    return 'over'
  })()
  assert.equal(await inTurns(steps, { turnMs: 6, now: () => clock }), 'over')
  const changes = turnsAtStep.flatMap((at, i) => (i > 0 && at > (turnsAtStep[i - 1] ?? 0) ? [i] : []))
  assert.deepEqual(changes, [3, 6, 9])
})

test('what a step throws is thrown', async () => {
  const steps = (function* () {
    yield
    throw new Error('a bug')
  })()
  await assert.rejects(inTurns(steps), /a bug/)
})
