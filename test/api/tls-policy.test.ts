import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { InvalidPolicyError, parseTlsPolicy, type PolicySpec } from '../../src/api/tls-policy.ts'

const samples = join(import.meta.dirname, '..', 'samples')

for (const { name, value } of read('good')) {
  test(`takes the sample ${name}`, () => {
    assert.equal(parseTlsPolicy(value).metadata.namespace, 'default')
  })
}

for (const { name, value, text } of read('bad')) {
  test(`refuses the sample ${name}`, () => {
    assert.match(text, /^# \S/, 'a bad sample says why it is bad')
    assert.throws(() => parseTlsPolicy(value), InvalidPolicyError)
  })
}

test('fills every default', () => {
  assert.deepEqual(parseTlsPolicy(policy({ ingressClassName: 'nginx' })).spec, {
    target: { by: 'class', ingressClassName: 'nginx' },
    mode: 'Auto',
    enforcement: 'Audit',
    certificates: { fromIngress: true, hosts: [], unknownSNI: 'Reject' },
    tls: {
      minVersion: '1.2',
      cipherSuites: [],
      groups: ['X25519MLKEM768', 'X25519', 'P-256', 'P-384'],
      clientAuth: { mode: 'None' },
      sessionTickets: { enabled: true, rotationIntervalMs: 12 * 3_600_000 },
    },
    http: { hsts: {} },
    rotation: { verify: { timeoutMs: 10_000 }, expiryWarningMs: 504 * 3_600_000 },
    rollout: { strategy: 'RestartAnnotation', progressDeadlineMs: 600_000 },
    injection: { failurePolicy: 'Ignore' },
    sidecar: {
      resources: { requests: { cpu: '100m', memory: '96Mi' }, limits: { memory: '256Mi' } },
      drainMs: 30_000,
    },
  } satisfies PolicySpec)
})

test('reads every field', () => {
  const value = read('good').find(({ name }) => name === 'everything.yaml')?.value
  const { spec } = parseTlsPolicy(value)
  assert.deepEqual(spec.backend, { port: 8080, clientAddress: 'None' })
  assert.deepEqual(spec.http.hsts, { enabled: true, maxAgeMs: 63_072_000_000, includeSubDomains: true, preload: true })
  assert.equal(spec.tls.minVersion, '1.3')
  assert.deepEqual(spec.tls.cipherSuites, ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'])
  assert.deepEqual(spec.tls.clientAuth, {
    mode: 'Require',
    caRef: { name: 'client-ca' },
    crlRef: { name: 'client-crl' },
  })
  assert.deepEqual(spec.tls.sessionTickets, { enabled: true, rotationIntervalMs: 6 * 3_600_000 })
  assert.equal(spec.rotation.verify.timeoutMs, 90_000)
  assert.deepEqual(spec.sidecar.resources, {
    requests: { cpu: '1', memory: '128Mi' },
    limits: { cpu: '2', memory: '1Gi' },
  })
  assert.equal(spec.sidecar.drainMs, 500)
  assert.deepEqual(spec.certificates.hosts[0]?.secretRefs, [{ name: 'shop-ecdsa' }, { name: 'shop-rsa' }])
  assert.deepEqual(spec.target.by === 'refs' && spec.target.refs.map(({ kind }) => kind), ['Deployment', 'DaemonSet'])
})

test('names every problem at once, each with its path, what was found and what was expected', () => {
  const value = policy({
    ingressClassName: 'nginx',
    enforcement: 'Warn',
    certificates: { hosts: [{ hosts: ['a.example.com', 'B'], secretRefs: [{ name: 's', namespace: 'other' }] }] },
    sidecar: { drain: '1h' },
  })
  assert.deepEqual(problems(value), [
    'spec.enforcement: found "Warn", expected Audit or Enforce',
    'spec.certificates.hosts[0].hosts[1]: found "B", expected a DNS name in lower case, or *. and one',
    'spec.certificates.hosts[0].secretRefs[0].namespace: found "other", expected no such field (known here: name)',
    'spec.sidecar.drain: found "1h", expected 0s to 10m',
  ])
})

test('refuses one host in two entries', () => {
  const entry = { hosts: ['a.example.com'], secretRefs: [{ name: 's' }] }
  const value = policy({ ingressClassName: 'nginx', certificates: { hosts: [entry, entry] } })
  assert.deepEqual(problems(value), ['spec.certificates.hosts: found "a.example.com", expected each entry once'])
})

test('keeps a request below the limit, whichever of them is given', () => {
  assert.deepEqual(resources({ limits: { memory: '64Mi' } }), {
    requests: { cpu: '100m', memory: '64Mi' },
    limits: { memory: '64Mi' },
  })
  assert.deepEqual(resources({ requests: { memory: '1Gi' } }), {
    requests: { cpu: '100m', memory: '1Gi' },
    limits: { memory: '1Gi' },
  })
  assert.throws(() => resources({ requests: { memory: '2Gi' }, limits: { memory: '1Gi' } }), /limits\.memory/)
})

test('refuses what is not a policy at all', () => {
  for (const value of [undefined, null, 7, 'text', [], {}, { kind: 'TLSPolicy' }, policy('spec'), policy([])]) {
    assert.throws(() => parseTlsPolicy(value), InvalidPolicyError)
  }
  const kuadrant = { ...policy({ ingressClassName: 'a' }), apiVersion: 'kuadrant.io/v1' }
  assert.deepEqual(problems(kuadrant), ['apiVersion: found "kuadrant.io/v1", expected tls.chitin.dev/v1alpha1'])
})

function resources(given: unknown): unknown {
  return parseTlsPolicy(policy({ ingressClassName: 'nginx', sidecar: { resources: given } })).spec.sidecar.resources
}

function policy(spec: unknown): object {
  return {
    apiVersion: 'tls.chitin.dev/v1alpha1',
    kind: 'TLSPolicy',
    metadata: { name: 'edge', namespace: 'web' },
    spec,
  }
}

function problems(value: unknown): string[] {
  try {
    parseTlsPolicy(value)
  } catch (error) {
    if (error instanceof InvalidPolicyError) return error.message.split('; ')
    throw error
  }
  return []
}

function read(folder: string): { name: string; text: string; value: unknown }[] {
  const names = readdirSync(join(samples, folder)).filter((name) => name.endsWith('.yaml'))
  assert.ok(names.length > 5)
  return names.map((name) => {
    const text = readFileSync(join(samples, folder, name), 'utf8')
    return { name, text, value: parse(text) as unknown }
  })
}
