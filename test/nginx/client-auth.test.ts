import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { clientAuth } from '../../src/api/bundle-settings.ts'
import type { Ingress } from '../../src/api/ingress.ts'
import { clientAuthGuard, readClientAuth } from '../../src/nginx/client-auth.ts'

const prefix = 'nginx.ingress.kubernetes.io'

interface Given {
  readonly name?: string
  readonly hosts?: readonly string[]
  readonly createdAt?: string
  readonly alias?: string
  readonly secret?: string
  readonly [annotation: string]: unknown
}

function ingress({
  name = 'web',
  hosts = ['shop.example.test'],
  createdAt = '2026-01-01T00:00:00Z',
  ...given
}: Given): Ingress {
  const { alias, ...tls } = given
  const annotations = Object.fromEntries(
    Object.entries(tls).map(([key, value]) => [`${prefix}/auth-tls-${key}`, String(value)]),
  )
  const more = alias === undefined ? {} : { [`${prefix}/server-alias`]: alias }
  return {
    metadata: { name, namespace: 'shop', creationTimestamp: createdAt, annotations: { ...annotations, ...more } },
    spec: { rules: hosts.map((host) => (host === '' ? {} : { host })) },
  }
}

const read = (...given: readonly Given[]) => readClientAuth(given.map(ingress), prefix, {}, [])
/** What two say together, whichever of them is the older. */
const inEitherOrder = (a: Given, b: Given) =>
  [[a, b] as const, [b, a] as const].map(([older, younger]) =>
    read({ ...older, createdAt: '2025-01-01T00:00:00Z' }, younger),
  )
const asking = (given: Given) => read({ secret: 'ca', ...given }).hosts[0]
const asked = {
  host: 'shop.example.test',
  mode: 'Require',
  secret: { namespace: 'shop', name: 'ca' },
  maxIntermediates: 1,
}

test('a Secret alone asks for a certificate, as ingress-nginx has it', () => {
  assert.deepEqual(read({ secret: 'shop/ca' }), { hosts: [asked], refused: [] })
  assert.deepEqual(read({ secret: 'ca' }).hosts, [asked])
  assert.deepEqual(read({}, { 'verify-client': 'on', 'verify-depth': '3' }), { hosts: [], refused: [] })
})

test('each value of verify-client has its mode', () => {
  assert.deepEqual(
    ['on', 'optional', 'optional_no_ca', 'off', 'Yes'].map((value) => asking({ 'verify-client': value })?.mode),
    ['Require', 'Request', 'Observe', undefined, 'Require'],
  )
})

test('verify-depth counts the certificates between, and is 1 where it is none', () => {
  assert.deepEqual(
    ['3', '1', '0', 'x', '-1', '1.5'].map((value) => asking({ 'verify-depth': value })?.maxIntermediates),
    [3, 1, 1, 1, 1, 1],
  )
})

test('and no value of an annotation makes what the sidecar would refuse, with the certificates of all others', () => {
  const words = ['constructor', '__proto__', 'toString', '', 'REQUIRE']
  assert.deepEqual([...new Set(words.map((word) => asking({ 'verify-client': word })?.mode))], ['Require'])
  const depths = ['100', '101', '99999999999999999999', 'Infinity', '1e3', '0x7f']
  for (const depth of depths) {
    const { mode, maxIntermediates } = asking({ 'verify-depth': depth }) ?? {}
    const written = { mode, maxIntermediates, authorities: [], secret: 'shop/ca' }
    assert.deepEqual(clientAuth(JSON.parse(JSON.stringify(written)), depth), written)
  }
  assert.equal(asking({ 'verify-depth': '101' })?.maxIntermediates, 100)
})

test('the oldest Ingress with a Secret decides for a host, whatever order they come in', () => {
  const older = { name: 'b', createdAt: '2025-01-01T00:00:00Z', secret: 'old' }
  const oldest = { name: 'c', createdAt: '2024-01-01T00:00:00Z' }
  const twin = { name: 'a', createdAt: '2025-01-01T00:00:00Z', secret: 'twin' }
  for (const order of [
    [older, oldest, { secret: 'ca' }],
    [{ secret: 'ca' }, oldest, older],
  ])
    assert.equal(read(...order).hosts[0]?.secret?.name, 'old')
  assert.equal(read(older, twin).hosts[0]?.secret?.name, 'twin')
})

test('a name with a certificate but without a rule asks what the wildcard asks that serves it', () => {
  const certified = ['a.b.test', 'ruled.b.test', 'x.a.b.test', '*.b.test']
  const rules = [ingress({ secret: 'ca', hosts: ['*.b.test'] }), ingress({ name: 'other', hosts: ['ruled.b.test'] })]
  assert.deepEqual(
    readClientAuth(rules, prefix, {}, certified).hosts.map(({ host }) => host),
    ['*.b.test', 'a.b.test'],
  )
})

test('aliases of the same server ask as well, whichever Ingress adds them', () => {
  const hosts = ['Shop.example.test', '*.shop.example.test']
  const found = read({ secret: 'ca', hosts }, { name: 'other', alias: 'www.example.test, shop.example.org' })
  assert.deepEqual(
    found.hosts.map(({ host }) => host),
    ['*.shop.example.test', 'shop.example.org', 'shop.example.test', 'www.example.test'],
  )
  for (const alias of [String.raw`~^(a|b)\.test$`, `${'a'.repeat(64)}.test`])
    assert.match(read({ secret: 'ca', alias }).refused.join(), /an alias of which is no DNS name/)
})

test('an alias that has a server of its own is none, whoever claims it', () => {
  const own = { name: 'bank', hosts: ['bank.example.test'], secret: 'bank-ca' }
  const claims = { name: 'evil', hosts: ['evil.example.test'], alias: 'Bank.example.test', secret: 'evil-ca' }
  for (const { hosts } of inEitherOrder(own, claims))
    assert.deepEqual(
      hosts.map(({ host, secret }) => [host, secret?.name]),
      [
        ['bank.example.test', 'bank-ca'],
        ['evil.example.test', 'evil-ca'],
      ],
    )
  const open = { name: 'bank', hosts: own.hosts }
  assert.deepEqual(
    read(open, claims).hosts.map(({ host }) => host),
    ['evil.example.test'],
  )
})

test('of two servers with one alias the first by name decides, which is the one that nginx takes', () => {
  const one = { name: 'one', hosts: ['one.test'], alias: 'both.test', secret: 'one' }
  const two = { name: 'two', hosts: ['two.test'], alias: 'both.test', secret: 'two' }
  for (const { hosts } of inEitherOrder(one, two))
    assert.equal(hosts.find(({ host }) => host === 'both.test')?.secret?.name, 'one')
})

describe('what needs the certificate inside of nginx is refused by name', () => {
  const cases: Readonly<Record<string, readonly [Given, RegExp | undefined]>> = {
    'an error page': [{ 'error-page': 'https://x.test/' }, /Ingress shop\/web: .*auth-tls-error-page/],
    'the certificate for backends': [{ 'pass-certificate-to-upstream': 'true' }, /pass-certificate-to-upstream/],
    'no certificate for backends': [{ 'pass-certificate-to-upstream': 'false' }, undefined],
    'a subject to match': [{ 'match-cn': 'CN=ann' }, /auth-tls-match-cn/],
    'a subject that nginx ignores too': [{ 'match-cn': 'ann' }, undefined],
    'a rule for every host': [{ hosts: ['', 'shop.example.test'] }, /a rule without a host/],
    "another namespace's Secret": [{ secret: 'other/ca' }, /allow-cross-namespace-resources/],
    'a Secret whose name is none': [{ secret: 'MIGHAgEA' }, /auth-tls-secret is neither a name nor namespace\/name$/],
    'a Secret with three names': [{ secret: 'a/b/c' }, /neither a name nor namespace\/name/],
  }
  for (const [name, [given, message]] of Object.entries(cases))
    test(name, () => {
      const { refused } = read({ secret: 'ca', ...given })
      if (message === undefined) assert.deepEqual(refused, [])
      else assert.match(refused.join(), message)
    })

  test('and a host whose Secret cannot be used lets nobody in, rather than everybody', () => {
    for (const secret of ['other/ca', 'a/b/c'])
      assert.deepEqual(read({ secret }).hosts, [{ host: 'shop.example.test', mode: 'Require', maxIntermediates: 1 }])
    const allowed = readClientAuth(
      [ingress({ secret: 'other/ca' })],
      prefix,
      {
        'allow-cross-namespace-resources': 'true',
      },
      [],
    )
    assert.deepEqual(allowed, { hosts: [{ ...asked, secret: { namespace: 'other', name: 'ca' } }], refused: [] })
  })
})

test('nginx is told to refuse requests for such a host in connections for another one', () => {
  assert.equal(clientAuthGuard([]), undefined)
  const { http = '', server } = clientAuthGuard(read({ secret: 'ca', hosts: ['a.test', '*.b.test'] }).hosts) ?? {}
  assert.equal(
    http,
    String.raw`map $host $chitin_client_auth {
    default 0;
    "~^[^.]+\.b\.test$" 1;
    a.test 1;
}
map "$chitin_client_auth:$proxy_protocol_server_port:$proxy_protocol_tlv_authority:$host" $chitin_misdirected {
    default 0;
    "~^1:443:([^:]+):\1$" 0;
    "~^1:443:" 1;
}`,
  )
  assert.equal(server, 'if ($chitin_misdirected) { return 421; }')
})
