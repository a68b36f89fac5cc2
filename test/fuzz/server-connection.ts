/**
 * A seeded fuzzer of whole server conversations: `node test/fuzz/server-connection.ts --seconds 30 --seed 1`.
 *
 * Each round drives the engine with a client that is decent at first, and damages what it says: bytes flipped, cut,
 * doubled, dropped, swapped, spliced; hellos with damaged extensions; and, under the right keys, records of any type,
 * length and content, so that the damage is not stopped by the first AEAD tag. The engine must end in an alert or a clean
 * state. An exception, an `internal-error`, or output or events without bound is a finding: it is printed with the seed of
 * its round, which `--round N` repeats, and the exit code is 1.
 */
import { optionalText } from '../../src/cli/options.ts'
import { positive, programOptions } from '../support/program-options.ts'
import { Random } from '../support/random.ts'
import { converse } from './conversation.ts'

const { options } = programOptions({
  command: 'node test/fuzz/server-connection.ts',
  description: `Whole conversations with a server whose client damages what it says, at random from a seed. A finding is printed with its
round, and the exit code is 1.`,
  options: {
    seconds: positive('SECONDS', 30, 'how long'),
    seed: optionalText('N', 'of the first round; default: by the clock, and printed'),
    round: optionalText('N', 'this round once more, and no other'),
  },
})
const { seconds, round: again } = options
const seed = Number(options.seed ?? Date.now() % 2 ** 31)
if (![seed, Number(again ?? 0)].every(Number.isInteger))
  throw new Error('expected whole numbers for --seed and --round')

const outcomes = new Map<string, number>()
let rounds = 0
let findings = 0
const end = performance.now() + seconds * 1000
if (again !== undefined) once(Number(again))
else for (; performance.now() < end; rounds++) once((seed + rounds) | 0)

console.log(`seed ${seed}: ${rounds} conversations, ${outcomes.size} different endings`)
for (const [ending, count] of [...outcomes].toSorted((a, b) => b[1] - a[1]))
  console.log(`${String(count).padStart(9)}  ${ending}`)
// A fuzzer whose damage never lets a handshake through tests the front door only; one that finds few faults tests little.
const reached = [
  'open',
  'failed key-update-request-unknown',
  'failed malformed-message',
  'failed bad-record',
  'failed client-share-invalid',
  'failed psk-binder-mismatch',
  'failed signature-wrong',
]
const missed = again === undefined && seconds >= 10 ? reached.filter((ending) => !outcomes.has(ending)) : []
if (missed.length > 0) console.log(`never reached: ${missed.join(', ')}`)
console.log(
  `ℹ tests 1\nℹ pass ${findings + missed.length === 0 ? 1 : 0}\nℹ fail ${findings + missed.length === 0 ? 0 : 1}`,
)
process.exitCode = findings + missed.length === 0 ? 0 : 1

function once(round: number): void {
  const random = new Random(round)
  try {
    const ending = converse(random, round, round % 3 === 0 ? 'TLSv1.2' : 'TLSv1.3')
    outcomes.set(ending, (outcomes.get(ending) ?? 0) + 1)
  } catch (error) {
    findings++
    console.log(`FINDING, --round ${round}: ${error instanceof Error ? error.stack : String(error)}`)
  }
}
