/** What the seeded fuzzers have in common: their options, and rounds that a number repeats. */
import { inspect } from 'node:util'
import { optionalText } from '../../src/cli/options.ts'
import { positive, programOptions } from '../support/program-options.ts'
import { Random } from '../support/random.ts'

export interface Seeded {
  readonly seed: number
  readonly seconds: number
  /** Not one round that is done once more, but as many as there is time for. */
  readonly isWhole: boolean
  /** Does the rounds, and prints each that throws with the number that repeats it; says how many there were. */
  readonly run: (once: (random: Random, round: number) => void) => {
    readonly rounds: number
    readonly findings: number
  }
}

export function seeded(command: string, description: string, defaultSeconds: number): Seeded {
  const { options } = programOptions({
    command,
    description,
    options: {
      seconds: positive('SECONDS', defaultSeconds, 'how long'),
      seed: optionalText('N', 'of the first round; default: by the clock, and printed'),
      round: optionalText('N', 'this round once more, and no other'),
    },
  })
  const { seconds, round: again } = options
  const seed = Number(options.seed ?? Date.now() % 2 ** 31)
  if (![seed, Number(again ?? 0)].every(Number.isInteger))
    throw new Error('expected whole numbers for --seed and --round')
  return {
    seed,
    seconds,
    isWhole: again === undefined,
    run(once) {
      let rounds = 0
      let findings = 0
      const tried = (round: number): void => {
        try {
          once(new Random(round), round)
        } catch (error) {
          findings++
          console.log(`FINDING, --round ${round}: ${inspect(error)}`)
        }
      }
      const end = performance.now() + seconds * 1000
      if (again !== undefined) tried(Number(again))
      else for (; performance.now() < end; rounds++) tried((seed + rounds) | 0)
      return { rounds, findings }
    },
  }
}

/** What the runner of all tests counts, and the exit code. */
export function conclude(failures: number): void {
  console.log(`ℹ tests 1\nℹ pass ${failures === 0 ? 1 : 0}\nℹ fail ${failures === 0 ? 0 : 1}`)
  process.exitCode = failures === 0 ? 0 : 1
}
