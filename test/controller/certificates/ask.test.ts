import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask } from '../../../src/controller/certificates/ask.ts'
import { answerKey, questions, type Answer } from '../../../src/controller/certificates/rollout.ts'

const right = 'aa'.repeat(32)
const all = questions(
  [{ host: 'shop.example.com', keyType: 'ecdsa', fingerprint: right }],
  ['a', 'b', 'c'].map((name) => ({ uid: name, name, address: '10.0.0.1', port: 443, proxyProtocol: false, since: 0 })),
)
const signal = new AbortController().signal

test('each question is asked once, and its answer kept', async () => {
  const answers = new Map<string, Answer>()
  const seen: string[] = []
  const asked = await ask(all, answers, {
    shake: async ({ pod }) => {
      seen.push(pod.name)
      if (pod.name === 'b') return { fingerprint: 'bb'.repeat(32) }
      return pod.name === 'c' ? { failure: 'refused' } : { fingerprint: right }
    },
    now: () => 7,
    signal,
    atOnce: 2,
  })
  assert.deepEqual(seen.toSorted(), ['a', 'b', 'c'])
  assert.deepEqual(asked.map(({ result }) => result).toSorted(), ['failed', 'match', 'mismatch'])
  assert.deepEqual(
    all.map((question) => answers.get(answerKey(question))),
    [
      { at: 7, fingerprint: right },
      { at: 7, fingerprint: 'bb'.repeat(32) },
      { at: 7, failure: 'refused' },
    ],
  )
})

test('never more at once than is said', async () => {
  let open = 0
  let most = 0
  const shake = async (): Promise<{ fingerprint: string }> => {
    most = Math.max(most, ++open)
    await Promise.resolve()
    open--
    return { fingerprint: right }
  }
  await ask(all, new Map(), { shake, now: () => 0, signal, atOnce: 2 })
  assert.equal(most, 2)
})

test('nothing more is asked once it is over', async () => {
  const over = AbortSignal.abort()
  const asked = await ask(all, new Map(), { shake: async () => assert.fail(), now: () => 0, signal: over })
  assert.deepEqual(asked, [])
})
