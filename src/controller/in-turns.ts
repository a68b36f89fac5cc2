import { setImmediate as others } from 'node:timers/promises'

/** Works through steps until they are over, a few milliseconds at a time; in between it is the turn of whoever waits. */
export async function inTurns<Result>(
  steps: Generator<void, Result>,
  { turnMs = 5, now = (): number => performance.now() } = {},
): Promise<Result> {
  let began = now()
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    if (now() - began < turnMs) continue
    await others()
    began = now()
  }
}
