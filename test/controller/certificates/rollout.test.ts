import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answerKey,
  due,
  forget,
  probeName,
  questions,
  served,
  verdict,
  type Answer,
  type Expectation,
  type ServingPod,
} from '../../../src/controller/certificates/rollout.ts'

const one = 'aa'.repeat(32)
const two = 'bb'.repeat(32)
const shop: Expectation = { host: 'shop.example.com', keyType: 'ecdsa', fingerprint: two }
const pod = (name: string): ServingPod => ({
  uid: `uid-${name}`,
  name,
  address: '10.0.0.1',
  port: 443,
  proxyProtocol: false,
  since: 0,
})
const all = questions([shop], [pod('a'), pod('b')])
const answered = (...fingerprints: (string | undefined)[]): Map<string, Answer> =>
  new Map(
    all.flatMap((question, i) => {
      const fingerprint = fingerprints[i]
      return fingerprint === undefined ? [] : [[answerKey(question), { at: 1000, fingerprint }]]
    }),
  )

test('a wildcard is asked for by a label that nobody uses', () => {
  assert.equal(probeName('shop.example.com', new Set()), 'shop.example.com')
  assert.equal(probeName('*.example.com', new Set()), 'chitin-verify.example.com')
  assert.equal(probeName('*.example.com', new Set(['chitin-verify.example.com'])), 'chitin-verify-1.example.com')
})

test('each pod is asked for each host and key type', () => {
  const rsa = { ...shop, keyType: 'rsa', fingerprint: one }
  assert.equal(new Set(questions([shop, rsa], [pod('a'), pod('b')]).map((each) => answerKey(each))).size, 4)
})

test('is true once every pod serves what it should', () => {
  const finding = verdict(all, answered(two, two), 2000, 10_000)
  assert.deepEqual([finding.status, finding.reason], ['True', 'AllPodsMatch'])
})

test('an old certificate is no fault before the time is over, and then names pod and host', () => {
  const early = verdict(all, answered(two, one), 9_999, 10_000)
  assert.deepEqual([early.status, early.reason], ['Unknown', 'VerificationPending'])
  const late = verdict(all, answered(two, one), 10_000, 10_000)
  assert.deepEqual([late.status, late.reason], ['False', 'ServedMismatch'])
  assert.match(late.message, /pod b serves aaaaaaaaaaaa for shop\.example\.com and not bbbbbbbbbbbb$/)
})

test('a pod that does not answer is unreachable, not wrong', () => {
  const answers = new Map(all.map((question) => [answerKey(question), { at: 1, failure: 'connection refused' }]))
  const finding = verdict(all, answers, 20_000, 10_000)
  assert.deepEqual([finding.status, finding.reason], ['False', 'PodUnreachable'])
  assert.match(finding.message, /connection refused; and 1 more/)
})

test('without pods nothing is known', () => {
  assert.equal(verdict([], new Map(), 0, 10_000).status, 'Unknown')
})

test('counts pods by what they serve', () => {
  assert.deepEqual(served(all, answered(two, one))[0]?.fingerprints, [
    { fingerprintSHA256: one, pods: 1 },
    { fingerprintSHA256: two, pods: 1 },
  ])
  assert.equal(served(all, answered(two, one))[0]?.verified, false)
  assert.equal(served(all, answered(two, two))[0]?.verified, true)
})

test('asks first what was never answered or answered wrongly, then what is old, and nothing else', () => {
  assert.deepEqual(
    due(all, answered(two, undefined), 2000, 60_000).map(({ pod }) => pod.name),
    ['b'],
  )
  assert.deepEqual(due(all, answered(two, two), 2000, 60_000), [])
  assert.equal(due(all, answered(two, two), 61_000, 60_000).length, 2)
  assert.equal(due(all, new Map(), 0, 60_000, 1).length, 1)
})

test('answers of pods that are gone are forgotten', () => {
  const answers = answered(two, two)
  forget(answers, questions([shop], [pod('a')]))
  assert.equal(answers.size, 1)
})
