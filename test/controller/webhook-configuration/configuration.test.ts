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

test('a pod is left out only where it has the sidecar, whatever its annotations say', () => {
  const [webhook] = webhookConfiguration('chitin', [entry], address, 'chitin-system')?.webhooks ?? []
  assert.match(
    JSON.stringify(webhook?.['matchConditions']),
    / \|\| !object\.spec\.initContainers\.exists\(c, c\.name == 'chitin'\)"/,
  )
})

test('no two workloads come to one name, though somebody chooses theirs for it', () => {
  // Two that an FNV-1a of 32 bits, which was here once, gives one checksum.
  const [one, two] = fnvTwins((start) => fullName(longEntry(start)))
  assert.notEqual(one, two)
  assert.notEqual(entryName(longEntry(one)), entryName(longEntry(two)))
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

function longEntry(start: string): WebhookEntry {
  return { ...entry, workload: { kind: 'Deployment', name: start + 'x'.repeat(230) } }
}

function fullName({ policy, namespace, workload }: WebhookEntry): string {
  return `${policy}.${namespace}.deployment-${workload.name}.inject.tls.chitin.dev`
}

/** Two beginnings of a name whose whole has one FNV-1a: of a hundred thousand, some have. */
function fnvTwins(name: (start: string) => string): [string, string] {
  const seen = new Map<number, string>()
  for (let i = 0; ; i++) {
    const start = i.toString(36).padStart(8, '0')
    const hash = fnv(name(start))
    const twin = seen.get(hash)
    if (twin !== undefined) return [twin, start]
    seen.set(hash, start)
  }
}

function fnv(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  return hash
}
