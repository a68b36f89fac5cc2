import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TLSPolicyStatus } from '../../src/api/tls-policy-status.ts'
import { exposition, reportOf, type Report } from '../../src/controller/report.ts'
import { policyMetrics } from '../../src/telemetry/operator-metrics.ts'

const status: TLSPolicyStatus = {
  conditions: [
    {
      type: 'Ready',
      status: 'False',
      reason: 'CertificateHeldBack',
      message: '',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    },
  ],
  summary: { targets: 1, pods: 3, injected: 2, stale: 1, coverage: '2/3', served: '1/2' },
  certificates: [
    {
      host: 'shop.example.com',
      secret: { namespace: 'shop', name: 'shop-tls' },
      notAfter: '2027-01-01T00:00:00Z',
      verifiedAt: '2026-01-01T00:00:00Z',
      heldBack: { reason: 'KeyMismatch', message: 'another key' },
    },
    { host: 'new.example.com', secret: { namespace: 'shop', name: 'new-tls' } },
  ],
}

test('what was said of a policy can be scraped', () => {
  const text = scrape(new Map([['edge/one', reportOf('Enforce', status, 1)]]))
  for (const line of [
    'chitin_policies{enforcement="Enforce",ready="False",reason="CertificateHeldBack"} 1',
    'chitin_policy_condition{namespace="edge",policy="one",condition="Ready",status="False",reason="CertificateHeldBack"} 1',
    'chitin_pods{namespace="edge",policy="one",state="injected"} 1',
    'chitin_pods{namespace="edge",policy="one",state="stale"} 1',
    'chitin_pods{namespace="edge",policy="one",state="missing"} 1',
    'chitin_certificates_held_back{namespace="edge",policy="one",reason="KeyMismatch"} 1',
    'chitin_served_certificate_mismatches{namespace="edge",policy="one"} 1',
    'chitin_certificate_not_after_timestamp_seconds{namespace="edge",policy="one",host="shop.example.com",source="served"} 1798761600',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), line)
  }
  assert.ok(!text.includes('new.example.com'))
})

test('what Prometheus gets has each metric in one piece, and no series twice', () => {
  const reports = ['edge/one', 'edge/two', 'shop/one'].map((key, i) => [key, reportOf('Enforce', status, i)] as const)
  const lines = scrape(new Map(reports)).trimEnd().split('\n')
  const names = lines.map((line) => (line.startsWith('#') ? line.split(' ')[2] : line.split('{')[0]))
  const pieces = names.filter((name, i) => name !== names[i - 1])
  assert.deepEqual(
    pieces,
    Object.values(policyMetrics).map(({ name }) => name),
  )
  const series = lines.filter((line) => !line.startsWith('#')).map((line) => line.slice(0, line.lastIndexOf(' ')))
  assert.equal(new Set(series).size, series.length)
  assert.ok(lines.includes('chitin_policies{enforcement="Enforce",ready="False",reason="CertificateHeldBack"} 3'))
})

test('a policy that comes while the metrics are sent is for the next scrape', () => {
  const reports = new Map([['edge/one', reportOf('Enforce', status, 0)]])
  const pieces = exposition(reports)
  let text = pieces.next().value as string
  reports.set('edge/two', reportOf('Enforce', status, 0))
  for (const piece of pieces) text += piece
  assert.ok(text.includes('policy="one"'))
  assert.ok(!text.includes('policy="two"'))
})

test('nothing is left of a policy that is gone, or of which nothing was said', () => {
  assert.ok(!scrape(new Map()).includes('{'))
  const text = scrape(new Map([['edge/one', reportOf('Audit', {}, 0)]]))
  assert.ok(text.includes('chitin_pods{namespace="edge",policy="one",state="injected"} 0\n'))
  assert.ok(!text.includes('chitin_policies{'))
})

function scrape(reports: ReadonlyMap<string, Report>): string {
  return [...exposition(reports)].join('')
}
