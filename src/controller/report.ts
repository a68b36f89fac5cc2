/**
 * What the operator last said of each policy, as metrics. There is a series for each certificate, tens of thousands in a
 * large cluster: so as little as these need is kept of a status, and they are written only while somebody scrapes, a
 * policy at a time.
 */
import type { TLSPolicyStatus } from '../api/tls-policy-status.ts'
import { refOf, type Key } from '../kube/resource.ts'
import { header, series, type Labels } from '../telemetry/exposition.ts'
import { policyMetrics } from '../telemetry/operator-metrics.ts'

export interface Report {
  readonly enforcement: string
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason: string }[]
  readonly pods: { readonly injected: number; readonly stale: number; readonly missing: number }
  readonly certificates: readonly {
    readonly host: string
    /** In seconds since 1970. */
    readonly notAfter: number
    readonly isServed: boolean
  }[]
  /** Of each certificate that is held back, why. */
  readonly heldBack: readonly string[]
  /** Handshakes that did not show the certificate that they should. */
  readonly mismatches: number
}

/** What is kept of a status. */
export function reportOf(enforcement: string, status: TLSPolicyStatus, mismatches: number): Report {
  const { pods = 0, injected = 0, stale = 0 } = status.summary ?? {}
  const { conditions = [], certificates = [] } = status
  return {
    enforcement,
    conditions: conditions.map(({ type, status, reason }) => ({ type, status, reason })),
    pods: { injected: injected - stale, stale, missing: pods - injected },
    certificates: certificates.flatMap(({ host, notAfter, verifiedAt }) =>
      notAfter === undefined ? [] : { host, notAfter: Date.parse(notAfter) / 1000, isServed: verifiedAt !== undefined },
    ),
    heldBack: certificates.flatMap(({ heldBack }) => heldBack?.reason ?? []),
    mismatches,
  }
}

/** The text of all series that are about policies, in pieces. */
export function* exposition(reports: ReadonlyMap<Key, Report>): Generator<string> {
  // Policies that come or go between two pieces are for the next scrape: no series may be told twice.
  const all = [...reports]
  yield header(policyMetrics.policies)
  yield* inTotal(policyMetrics.policies.name, all)
  for (const [metric, samples] of ofEach) {
    yield header(metric)
    for (const [key, report] of all) {
      const { namespace = '', name: policy } = refOf(key)
      let text = ''
      for (const [labels, value] of samples(report))
        text += series(metric.name, { namespace, policy, ...labels }, value)
      yield text
    }
  }
}

type Sample = readonly [labels: Labels, value: number]

/** For each metric, the samples of one policy. */
const ofEach: readonly (readonly [
  (typeof policyMetrics)[keyof typeof policyMetrics],
  (report: Report) => readonly Sample[],
])[] = [
  [
    policyMetrics.condition,
    ({ conditions }) => conditions.map(({ type, status, reason }) => [{ condition: type, status, reason }, 1]),
  ],
  [policyMetrics.pods, ({ pods }) => Object.entries(pods).map(([state, count]) => [{ state }, count])],
  [
    policyMetrics.certificateNotAfter,
    ({ certificates }) =>
      certificates.flatMap(({ host, notAfter, isServed }) => {
        const sources = isServed ? ['stored', 'served'] : ['stored']
        return sources.map((source): Sample => [{ host, source }, notAfter])
      }),
  ],
  [
    policyMetrics.certificatesHeldBack,
    ({ heldBack }) =>
      [...Map.groupBy(heldBack, (reason) => reason)].map(([reason, { length }]) => [{ reason }, length]),
  ],
  [policyMetrics.servedMismatches, ({ mismatches }) => [[{}, mismatches]]],
]

function inTotal(name: string, reports: readonly (readonly [Key, Report])[]): string[] {
  const labels = reports.flatMap(([, { enforcement, conditions }]) => {
    const ready = conditions.find(({ type }) => type === 'Ready')
    return ready === undefined ? [] : { enforcement, ready: ready.status, reason: ready.reason }
  })
  const groups = Map.groupBy(labels, (one) => JSON.stringify(one)).values()
  return [...groups].map((group) => series(name, group[0] ?? {}, group.length))
}
