/**
 * A seeded fuzzer of whole server conversations: `node test/fuzz/server-connection.ts --seconds 30 --seed 1`.
 *
 * Each round drives the engine with a client that is decent at first, and damages what it says: bytes flipped, cut,
 * doubled, dropped, swapped, spliced; hellos with damaged extensions; and, under the right keys, records of any type,
 * length and content, so that the damage is not stopped by the first AEAD tag. The engine must end in an alert or a clean
 * state. An exception, an `internal-error`, or output or events without bound is a finding: it is printed with the seed of
 * its round, which `--round N` repeats, and the exit code is 1.
 */
import { converse } from './conversation.ts'
import { conclude, seeded } from './seeded.ts'

const { seed, seconds, isWhole, run } = seeded(
  'node test/fuzz/server-connection.ts',
  `Whole conversations with a server whose client damages what it says, at random from a seed. A finding is printed with its
round, and the exit code is 1.`,
  30,
)
const outcomes = new Map<string, number>()
const { rounds, findings } = run((random, round) => {
  const ending = converse(random, round, round % 3 === 0 ? 'TLSv1.2' : 'TLSv1.3')
  outcomes.set(ending, (outcomes.get(ending) ?? 0) + 1)
})

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
const missed = isWhole && seconds >= 10 ? reached.filter((ending) => !outcomes.has(ending)) : []
if (missed.length > 0) console.log(`never reached: ${missed.join(', ')}`)
conclude(findings + missed.length)
