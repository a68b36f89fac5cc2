import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  entryName,
  webhookConfiguration,
  type WebhookEntry,
} from '../../../src/controller/webhook-configuration/configuration.ts'

const entry: WebhookEntry = {
  namespace: 'ingress-nginx',
  policy: 'edge',
  workload: { kind: 'Deployment', name: 'controller' },
  selector: { matchLabels: { app: 'nginx' } },
  fingerprint: 'abc123',
  failurePolicy: 'Ignore',
}
const address = {
  caBundle: 'PEM',
  service: { namespace: 'chitin-system', name: 'chitin', port: 443 },
  path: '/inject',
}

test('no entry, no configuration', () => {
  assert.equal(webhookConfiguration('chitin', [], address, 'chitin-system'), undefined)
})

test('an entry reaches only the pods of one workload in one namespace', () => {
  const [webhook] = webhookConfiguration('chitin', [entry], address, 'chitin-system')?.webhooks ?? []
  assert.deepEqual(webhook?.['namespaceSelector'], {
    matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['ingress-nginx'] }],
  })
  assert.deepEqual(webhook?.['objectSelector'], { matchLabels: { app: 'nginx' } })
  assert.equal(webhook?.['timeoutSeconds'], 5)
  assert.equal(webhook?.['sideEffects'], 'None')
  assert.equal(webhook?.['reinvocationPolicy'], 'IfNeeded')
  assert.match(JSON.stringify(webhook?.['matchConditions']), /abc123/)
})

test('kube-system and our own namespace never get an entry', () => {
  for (const namespace of ['kube-system', 'chitin-system']) {
    assert.equal(webhookConfiguration('chitin', [{ ...entry, namespace }], address, 'chitin-system'), undefined)
  }
})

test('an entry that would match every pod is left out', () => {
  assert.equal(
    webhookConfiguration('chitin', [{ ...entry, selector: { matchLabels: {} } }], address, 'chitin-system'),
    undefined,
  )
})

test('the order of the entries does not depend on the order of the policies', () => {
  const other = { ...entry, policy: 'alpha' }
  assert.deepEqual(
    webhookConfiguration('chitin', [entry, other], address, 'chitin-system'),
    webhookConfiguration('chitin', [other, entry], address, 'chitin-system'),
  )
})

test('names stay legal and distinct, however long their parts', () => {
  const long = { ...entry, policy: 'p'.repeat(253), workload: { kind: 'Deployment', name: 'w'.repeat(253) } }
  const names = [entry, long, { ...long, policy: 'q'.repeat(253) }].map((each) => entryName(each))
  assert.equal(new Set(names).size, 3)
  for (const name of names) {
    assert.ok(name.length <= 253)
    for (const label of name.split('.')) assert.match(label, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
  }
})
