/**
 * Which pods have been seen to serve which certificate. The bundle says what they should serve; each pod is asked, by a
 * handshake, for every host and key type; what comes out is what status, metrics and the condition ServedVerified say.
 * Pure: probe.ts does the asking.
 */
import type { Finding } from '../../api/condition.ts'

/** The leaf that pods should serve for a host to a client that can verify this type of key. */
export interface Expectation {
  /** As in the bundle; may be a wildcard. */
  readonly host: string
  readonly keyType: string
  /** SHA-256 of the leaf's DER, lower-case hex. */
  readonly fingerprint: string
}

/** A pod that carries the sidecar. */
export interface ServingPod {
  readonly uid: string
  readonly name: string
  /** Where it is asked. */
  readonly address: string
  readonly port: number
  /** It expects a PROXY protocol header before the handshake. */
  readonly proxyProtocol: boolean
  /** It agrees on groups with ML-KEM only. */
  readonly hybridOnly?: boolean
  /** Since when it should serve the present bundle, in ms: until then plus the time-out, another answer is no fault. */
  readonly since: number
}

/** One question to one pod. */
export interface Question {
  readonly pod: ServingPod
  readonly expectation: Expectation
  readonly serverName: string
}

/** What a pod answered, or why it did not. */
export interface Answer {
  readonly at: number
  readonly fingerprint?: string
  readonly failure?: string
}

export type Answers = ReadonlyMap<string, Answer>

/** Every question there is to ask. */
export function questions(expectations: readonly Expectation[], pods: readonly ServingPod[]): Question[] {
  const names = new Set(expectations.map(({ host }) => host))
  return pods.flatMap((pod) =>
    expectations.map((expectation) => ({ pod, expectation, serverName: probeName(expectation.host, names) })),
  )
}

/** Under which an answer is kept: a changed certificate does not make it another question. */
export function answerKey({ pod, expectation }: Question): string {
  return `${pod.uid}|${pod.address}|${expectation.host}|${expectation.keyType}`
}

/** A name that only this entry can match: for a wildcard, a label that nobody uses. */
export function probeName(host: string, taken: ReadonlySet<string>): string {
  if (!host.startsWith('*.')) return host
  for (let i = 0; ; i++) {
    const name = `chitin-verify${i === 0 ? '' : `-${i}`}${host.slice(1)}`
    if (!taken.has(name)) return name
  }
}

/**
 * The questions to ask now: what was never asked or answered wrongly, first; then what was last asked longest ago, if
 * that is longer than `intervalMs`. Not more than `limit` at a time.
 */
export function due(all: readonly Question[], answers: Answers, now: number, intervalMs: number, limit = 256) {
  return all
    .map((question) => ({ question, answer: answers.get(answerKey(question)) }))
    .filter(
      ({ question, answer }) => !matches(question, answer) || answer === undefined || now - answer.at >= intervalMs,
    )
    .toSorted(
      (a, b) =>
        Number(matches(a.question, a.answer)) - Number(matches(b.question, b.answer)) ||
        (a.answer?.at ?? 0) - (b.answer?.at ?? 0),
    )
    .slice(0, limit)
    .map(({ question }) => question)
}

/** For one host and key type: how many pods serve which certificate. */
export interface Served {
  readonly host: string
  readonly keyType: string
  readonly fingerprints: readonly { readonly fingerprintSHA256: string; readonly pods: number }[]
  /** True where every pod serves what it should. */
  readonly verified: boolean
}

/** The answers, counted. */
export function served(all: readonly Question[], answers: Answers): Served[] {
  const groups = Map.groupBy(all, ({ expectation }) => `${expectation.host}|${expectation.keyType}`)
  return [...groups.values()].map((group) => {
    const counts = new Map<string, number>()
    for (const question of group) {
      const found = answers.get(answerKey(question))?.fingerprint
      if (found !== undefined) counts.set(found, (counts.get(found) ?? 0) + 1)
    }
    const { host = '', keyType = '' } = group[0]?.expectation ?? {}
    return {
      host,
      keyType,
      fingerprints: [...counts]
        .map(([fingerprintSHA256, pods]) => ({ fingerprintSHA256, pods }))
        .toSorted((a, b) => b.pods - a.pods || (a.fingerprintSHA256 < b.fingerprintSHA256 ? -1 : 1)),
      verified: group.every((question) => matches(question, answers.get(answerKey(question)))),
    }
  })
}

/** The condition ServedVerified; the first pod and host at fault are named, the others counted. */
export function verdict(all: readonly Question[], answers: Answers, now: number, timeoutMs: number): Finding {
  const type = 'ServedVerified'
  if (all.length === 0) {
    return { type, status: 'Unknown', reason: 'VerificationPending', message: 'no pod is there to be asked yet' }
  }
  const open = all
    .map((question) => ({ question, answer: answers.get(answerKey(question)) }))
    .filter(({ question, answer }) => !matches(question, answer))
  const hosts = new Set(all.map(({ expectation }) => expectation.host)).size
  const pods = new Set(all.map(({ pod }) => pod.uid)).size
  if (open.length === 0) {
    return { type, status: 'True', reason: 'AllPodsMatch', message: `${count(pods, 'pod')}, ${count(hosts, 'host')}` }
  }
  const late = open.filter(({ question, answer }) => answer !== undefined && now - question.pod.since >= timeoutMs)
  const [first] = late
  if (first === undefined) {
    const message = `${open.length} of ${count(all.length, 'handshake')} still to be seen right`
    return { type, status: 'Unknown', reason: 'VerificationPending', message }
  }
  const { pod, serverName, expectation } = first.question
  const others = late.length === 1 ? '' : `; and ${late.length - 1} more`
  if (first.answer?.fingerprint === undefined) {
    const message = `pod ${pod.name} did not show its certificate for ${serverName}: ${first.answer?.failure}${others}`
    return { type, status: 'False', reason: 'PodUnreachable', message }
  }
  const message =
    `pod ${pod.name} serves ${short(first.answer.fingerprint)} for ${expectation.host}` +
    ` and not ${short(expectation.fingerprint)}${others}`
  return { type, status: 'False', reason: 'ServedMismatch', message }
}

/** Whether a pod was seen to serve what it should. */
export function matches(question: Question, answer: Answer | undefined): boolean {
  return answer?.fingerprint === question.expectation.fingerprint
}

/** Forgets what was asked of pods that are gone. */
export function forget(answers: Map<string, Answer>, all: readonly Question[]): void {
  const keep = new Set(all.map((question) => answerKey(question)))
  for (const key of answers.keys()) if (!keep.has(key)) answers.delete(key)
}

function short(fingerprint: string): string {
  return fingerprint.slice(0, 12)
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
