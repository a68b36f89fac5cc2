/** Asks pods what they serve, some at a time, and remembers the answers. The handshake itself is handed in. */
import { answerKey, matches, type Answer, type Question } from './rollout.ts'

/** Shakes hands with one pod: the SHA-256 of the leaf it served, or why it served none. */
export type Shake = (question: Question, signal: AbortSignal) => Promise<{ fingerprint: string } | { failure: string }>

/**
 * The same, but never more than so many at once, whoever asks: a pod has seconds to answer, and they must not pass while
 * it is us who are busy with other pods.
 */
export function limited(shake: Shake, most: number): Shake {
  let underWay = 0
  const waiting: (() => void)[] = []
  return async (question, signal) => {
    if (underWay < most) underWay++
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await shake(question, signal)
    } finally {
      const next = waiting.shift()
      if (next === undefined) underWay--
      else next()
    }
  }
}

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
      const answer = await shake(question, signal)
      answers.set(answerKey(question), { at: now(), ...answer })
      const result = 'failure' in answer ? 'failed' : matches(question, { at: 0, ...answer }) ? 'match' : 'mismatch'
      asked.push({ result, durationMs: now() - started })
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, questions.length) }, worker))
  return asked
}
