import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NginxPlan } from '../../src/api/nginx-plan.ts'
import type { Container } from '../../src/api/pod.ts'
import { isRefused, type Refused } from '../../src/nginx/flavour.ts'
import { plainNginx } from '../../src/nginx/plain-nginx.ts'
import { tlsPolicy } from '../support/policies.ts'

const ports = [
  { name: 'http', containerPort: 8080 },
  { name: 'https', containerPort: 10443 },
  { containerPort: 8443 },
  { containerPort: 443, protocol: 'UDP' },
]

test('takes the TLS ports only, and leaves the container as it is', () => {
  const made = plan({ backend: { port: 8080 } })
  assert.ok(!isRefused(made))
  assert.deepEqual(made.listeners, [
    { port: 10443, tls: true },
    { port: 8443, tls: true },
  ])
  assert.deepEqual(made.flags, {})
  assert.equal(made.upstreamPort, 8080)
  assert.equal(made.sendProxyProtocol, true)
  assert.deepEqual(made.alpn, ['http/1.1'])
  assert.equal(made.config, undefined)
})

test('sends no PROXY header where nginx does not expect one', () => {
  const made = plan({ backend: { port: 8080, clientAddress: 'None' } })
  assert.equal(!isRefused(made) && made.sendProxyProtocol, false)
})

test('says before anything changes which clients will get in', () => {
  const backend = { port: 8080 }
  const notices = (tls: object): string => {
    const made = plan({ backend, tls })
    return isRefused(made) ? '' : made.notices.join('\n')
  }
  assert.match(notices({}), /^TLS 1\.2 by ECDHE and an AEAD, and TLS 1\.3/)
  assert.match(notices({ minVersion: '1.3' }), /^TLS 1\.3 only/)
  const caRef = { name: 'staff-ca' }
  assert.match(notices({ clientAuth: { mode: 'Require', caRef } }), /Secret staff-ca; without one nobody comes in/)
  assert.match(notices({ clientAuth: { mode: 'Request', caRef } }), /Secret staff-ca; without one they come in too/)
  assert.doesNotMatch(notices({}), /certificate/)
})

test('says what is missing', () => {
  const backend = { port: 8080 }
  assert.equal(reason(plan({})), 'BackendRequired')
  assert.equal(reason(plan({ backend }, { ports: [{ containerPort: 8080 }] })), 'NoPorts')
  assert.equal(reason(plan({ backend: { port: 8443 } })), 'PortTaken')
  assert.equal(reason(plan({ backend, http: { hsts: { enabled: true } } })), 'UnsupportedFeature')
})

function plan(spec: object, change: Partial<Container> = {}): NginxPlan | Refused {
  const container: Container = { name: 'nginx', image: 'nginx', ports, ...change }
  return plainNginx.plan({
    policy: tlsPolicy(spec),
    spec: { containers: [container] },
    container,
    config: {},
    ingresses: [],
    hosts: [],
    derivedConfigMap: { namespace: 'a', name: 'b' },
  })
}

function reason(outcome: NginxPlan | Refused): string | undefined {
  return isRefused(outcome) ? outcome.refused : undefined
}
