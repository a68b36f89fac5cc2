/** Asks pods what they serve, some at a time, and remembers the answers. The handshake itself is handed in. */
import { answerKey, matches, type Answer, type Question } from './rollout.ts'

/** Shakes hands with one pod: the SHA-256 of the leaf it served, or why it served none. */
export type Shake = (question: Question, signal: AbortSignal) => Promise<{ fingerprint: string } | { failure: string }>

/** What came of one question. */
export interface Asked {
  readonly result: 'match' | 'mismatch' | 'failed'
  readonly durationMs: number
}

/** Asks all of these; each answer is in `answers` when this resolves. */
export async function ask(
  questions: readonly Question[],
  answers: Map<string, Answer>,
  {
    shake,
    now,
    signal,
    atOnce = 64,
  }: {
    readonly shake: Shake
    readonly now: () => number
    readonly signal: AbortSignal
    readonly atOnce?: number
  },
): Promise<Asked[]> {
  const left = questions.values()
  const asked: Asked[] = []
  const worker = async (): Promise<void> => {
    // One iterator, several workers: each takes what the others have not.
    for (const question of left) {
      if (signal.aborted) return
      const started = now()
      const said = await shake(question, signal)
      const answer = { at: now(), ...said }
      const isRight = matches(question, answer)
      // Nearly all are right, and there are tens of thousands: they say so by the very text that was expected.
      answers.set(
        answerKey(question),
        isRight ? { at: answer.at, fingerprint: question.expectation.fingerprint } : answer,
      )
      const result = 'failure' in answer ? 'failed' : isRight ? 'match' : 'mismatch'
      asked.push({ result, durationMs: now() - started })
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, questions.length) }, worker))
  return asked
}
