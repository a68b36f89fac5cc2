/** Every metric that the operator exports, each with its help text. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Metric } from './exposition.ts'

export type OperatorMetrics = ReturnType<typeof operatorMetrics>

export function operatorMetrics(registry: Registry = new Registry()) {
  const registers = [registry]
  return {
    registry,
    rotationDuration: new Histogram({
      name: 'chitin_rotation_duration_seconds',
      help: 'From the moment a changed certificate was seen in its Secret until every pod was seen to serve it.',
      buckets: [0.25, 0.5, 1, 2, 3, 5, 8, 13, 30, 60, 120, 300],
      registers,
    }),
    probes: new Counter({
      name: 'chitin_handshake_probes_total',
      help: 'Handshakes made with pods to see what they serve. result: match, mismatch or failed.',
      labelNames: ['result'],
      registers,
    }),
    probeDuration: new Histogram({
      name: 'chitin_handshake_probe_duration_seconds',
      help: 'How long such a handshake took.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    reconciles: new Counter({
      name: 'chitin_reconcile_total',
      help: 'Looks at a policy. cause: change (of something that it looked at before) or time (the next look was due). result: success or error.',
      labelNames: ['controller', 'cause', 'result'],
      registers,
    }),
    reconcileDuration: new Histogram({
      name: 'chitin_reconcile_duration_seconds',
      help: 'How long a look at a policy took.',
      labelNames: ['controller'],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    queueDepth: new Gauge({
      name: 'chitin_workqueue_depth',
      help: 'Policies that are waiting to be looked at.',
      labelNames: ['controller'],
      registers,
    }),
    writes: new Counter({
      name: 'chitin_writes_total',
      help: 'What the operator wrote to the API server, by what it was for.',
      labelNames: ['what'],
      registers,
    }),
    admissions: new Counter({
      name: 'chitin_admissions_total',
      help: 'Pods that the webhook was asked about, by what came of it: Injected, or the reason why not.',
      labelNames: ['reason'],
      registers,
    }),
    leader: new Gauge({ name: 'chitin_leader', help: '1 where this replica leads.', registers }),
    webhookNotAfter: new Gauge({
      name: 'chitin_webhook_cert_not_after_timestamp_seconds',
      help: "When the webhook's own serving certificate ends; it is replaced at two thirds of its life.",
      registers,
    }),
    watchRestarts: new Counter({
      name: 'chitin_watch_restarts_total',
      help: 'Lists and watches that failed and were begun again.',
      labelNames: ['resource', 'during', 'reason'],
      registers,
    }),
  }
}

/** What is said of each policy; written at a scrape from what is known then, and not held. All are gauges. */
export const policyMetrics = {
  policies: {
    name: 'chitin_policies',
    help: 'TLSPolicies by enforcement and by the reason of their condition Ready.',
  },
  condition: {
    name: 'chitin_policy_condition',
    help: 'Conditions of each TLSPolicy: 1 for the status that holds.',
  },
  pods: {
    name: 'chitin_pods',
    help: 'Pods that a policy selects. state: injected, stale (injected, but not as the policy asks now) or missing.',
  },
  certificateNotAfter: {
    name: 'chitin_certificate_not_after_timestamp_seconds',
    help: 'When the certificate of a host ends. source: stored (in the bundle) or served (seen on the wire of every pod). At most 1000 hosts a policy.',
  },
  certificatesHeldBack: {
    name: 'chitin_certificates_held_back',
    help: 'Certificates that can not be served, by reason; the last good one is served in their place.',
  },
  servedMismatches: {
    name: 'chitin_served_certificate_mismatches',
    help: 'Handshakes, one for each pod, host and key type, that did not show the certificate that they should.',
  },
} as const satisfies Record<string, Metric>
