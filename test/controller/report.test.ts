import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TLSPolicyStatus } from '../../src/api/tls-policy.ts'
import { fill, type Report } from '../../src/controller/report.ts'
import { operatorMetrics } from '../../src/telemetry/operator-metrics.ts'

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

test('what was said of a policy can be scraped', async () => {
  const text = await scrape(new Map([['edge/one', { enforcement: 'Enforce', status, mismatches: 1 }]]))
  for (const line of [
    'chitin_policies{enforcement="Enforce",ready="False",reason="CertificateHeldBack"} 1',
    'chitin_pods{namespace="edge",policy="one",state="injected"} 1',
    'chitin_pods{namespace="edge",policy="one",state="stale"} 1',
    'chitin_pods{namespace="edge",policy="one",state="missing"} 1',
    'chitin_certificates_held_back{namespace="edge",policy="one",reason="KeyMismatch"} 1',
    'chitin_served_certificate_mismatches{namespace="edge",policy="one"} 1',
    'chitin_certificate_not_after_timestamp_seconds{namespace="edge",policy="one",host="shop.example.com",source="served"} 1798761600',
  ]) {
    assert.ok(text.includes(`${line}\n`), line)
  }
  assert.ok(!text.includes('new.example.com'))
})

test('nothing is left of a policy that is gone', async () => {
  const metrics = operatorMetrics()
  fill(metrics, new Map([['edge/one', { enforcement: 'Enforce', status, mismatches: 0 }]]))
  fill(metrics, new Map())
  assert.ok(!(await metrics.registry.metrics()).includes('policy="one"'))
})

async function scrape(reports: ReadonlyMap<string, Report>): Promise<string> {
  const metrics = operatorMetrics()
  fill(metrics, reports)
  return metrics.registry.metrics()
}
