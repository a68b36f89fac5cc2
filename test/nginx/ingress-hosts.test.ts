import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IngressTls } from '../../src/api/ingress.ts'
import { ingressHosts, type IngressHosts } from '../../src/nginx/ingress-hosts.ts'

const prefix = 'nginx.ingress.kubernetes.io'

function hosts(
  tls: readonly IngressTls[],
  rules: readonly string[] = [],
  annotations: Readonly<Record<string, string>> = {},
): IngressHosts[] {
  return ingressHosts({ metadata: { annotations }, spec: { tls, rules: rules.map((host) => ({ host })) } }, prefix)
}

test('an entry serves the hosts that it lists, whether or not a rule names them', () => {
  assert.deepEqual(hosts([{ hosts: ['A.example.com', 'b.example.com'], secretName: 'ab' }], ['a.example.com']), [
    { hosts: ['a.example.com'], secrets: ['ab'], by: 'listed' },
    { hosts: ['b.example.com'], secrets: ['ab'], by: 'listed', yields: true },
  ])
})

test('an entry without hosts is for those of the rules that its certificate names', () => {
  assert.deepEqual(hosts([{ secretName: 'any' }], ['a.example.com', 'b.example.com', 'a.example.com']), [
    { hosts: ['a.example.com', 'b.example.com'], secrets: ['any'], by: 'covering' },
  ])
})

test('several Secrets are tried in their order, and those that list a host come first for it', () => {
  const tls = [{ secretName: 'one' }, { hosts: ['a.example.com'], secretName: 'two' }, { hosts: [], secretName: 'one' }]
  assert.deepEqual(hosts(tls, ['a.example.com', 'b.example.com']), [
    { hosts: ['a.example.com'], secrets: ['two'], by: 'listed' },
    { hosts: ['b.example.com'], secrets: ['one', 'two'], by: 'covering' },
  ])
})

test('a host of a rule that no entry lists may be served, and need not be', () => {
  assert.deepEqual(hosts([{ hosts: ['a.example.com'], secretName: 'a' }], ['a.example.com', 'plain.example.com']), [
    { hosts: ['a.example.com'], secrets: ['a'], by: 'listed' },
    { hosts: ['plain.example.com'], secrets: ['a'], by: 'optional' },
  ])
})

test('aliases, and the other www host, are served where a certificate names them', () => {
  const annotations = {
    [`${prefix}/server-alias`]: 'Alias.example.com, *.example.net,~^x\\d+$,',
    [`${prefix}/from-to-www-redirect`]: 'true',
  }
  const tls = [{ hosts: ['a.example.com', 'www.b.example.com'], secretName: 'a' }]
  const [, added] = hosts(tls, ['a.example.com', 'www.b.example.com', '*.c.example.com'], annotations).toReversed()
  assert.deepEqual(hosts(tls, ['a.example.com', 'www.b.example.com'], annotations).at(-1), {
    hosts: ['alias.example.com', '*.example.net', 'www.a.example.com', 'b.example.com'],
    secrets: ['a'],
    by: 'optional',
    yields: true,
  })
  assert.deepEqual(added?.hosts, ['*.c.example.com'])
})

test('without a Secret only the default certificate is left', () => {
  assert.deepEqual(hosts([{ hosts: ['a.example.com'] }, { secretName: '' }], ['b.example.com']), [
    { hosts: ['a.example.com'], secrets: [], by: 'listed', yields: true },
    { hosts: ['b.example.com'], secrets: [], by: 'covering' },
  ])
})

test('an Ingress without spec.tls, and a rule without a host, say nothing', () => {
  assert.deepEqual(hosts([], ['a.example.com']), [])
  assert.deepEqual(ingressHosts({ metadata: {}, spec: { tls: [{ secretName: 'a' }], rules: [{}] } }, prefix), [])
})
