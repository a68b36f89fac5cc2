import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { certificateFile, crlFile, manifestFile, parseManifest, ticketFile } from '../../../src/api/bundle.ts'
import type { BundleClientAuth } from '../../../src/api/bundle-settings.ts'
import type { ClientAuthInput } from '../../../src/controller/certificates/client-auth.ts'
import { compile, type CompileInput } from '../../../src/controller/certificates/compile.ts'
import type { Compiled } from '../../../src/controller/certificates/compiled.ts'
import type { HostGroup } from '../../../src/controller/certificates/host-group.ts'
import type { SecretInput } from '../../../src/controller/certificates/secret-input.ts'
import { native } from '../../../src/crypto/native/provider.ts'
import { issue, revocationList, type Issued } from '../../support/openssl.ts'
import { seededRandom } from '../../support/random.ts'

const hour = 3_600_000
const now = new Date(Date.now() + hour)
const base64 = (text: string): string => Buffer.from(text).toString('base64')

const authority = (subject: string): Issued => issue({ subject, extensions: ['basicConstraints=critical,CA:true'] })
const [one, two] = [authority('/CN=One'), authority('/CN=Two')]
const server = issue({ extensions: ['subjectAltName=DNS:a.test,DNS:b.test,DNS:*.c.test'] })
const list = revocationList({ issuer: one })

const secret = (name: string, data?: Readonly<Record<string, string>>, namespace = 'edge'): SecretInput => ({
  namespace,
  name,
  ...(data === undefined
    ? {}
    : { data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, base64(text)])) }),
})
const tls = secret('tls', { 'tls.crt': server.certificate, 'tls.key': server.key })
const ca = secret('ca', { 'ca.crt': one.certificate })
const groups: readonly HostGroup[] = [
  { hosts: ['a.test', 'b.test', '*.c.test'], secrets: [tls], from: { by: 'policy' }, choose: 'all' },
]
const run = (over: Partial<CompileInput> = {}): Compiled =>
  compile({
    groups,
    tls: { groups: ['X25519'], alpn: [] },
    hostClientAuth: new Map(),
    now,
    crypto: native,
    ...over,
  })
const manifest = ({ bundle }: Compiled) => parseManifest(text(bundle))
const text = (bundle: Compiled['bundle']): string => Buffer.from(bundle?.data[manifestFile] ?? '', 'base64').toString()
const after = ({ bundle }: Compiled): Pick<CompileInput, 'previous'> => ({ previous: bundle?.data ?? {} })
const reasons = ({ issues }: Compiled): string[] => issues.map(({ severity, reason }) => `${severity} ${reason}`)
const require = (authorities: SecretInput, over: Partial<ClientAuthInput> = {}): ClientAuthInput => ({
  mode: 'Require',
  authorities,
  ...over,
})

const only = (host: string, input: ClientAuthInput): Pick<CompileInput, 'hostClientAuth'> => ({
  hostClientAuth: new Map([[host, input]]),
})

/** What the clients of a host are asked: the mode, the number of authorities and lists. */
function asked(compiled: Compiled, host: string): string {
  const { hosts, tls } = manifest(compiled).committed
  return told(hosts.find(({ names }) => names.includes(host))?.clientAuth ?? tls.clientAuth)
}

function told(clientAuth: BundleClientAuth | undefined): string {
  if (clientAuth === undefined) return 'nothing'
  return `${clientAuth.mode} ${clientAuth.authorities.length} ${clientAuth.crls?.length ?? 'no'} lists`
}

describe('what a policy asks of all clients', () => {
  test('goes into the bundle with the authorities and lists, each once', () => {
    const both = secret('ca', { 'ca.crt': one.certificate + one.certificate + two.certificate })
    const compiled = run({ clientAuth: require(both, { crls: secret('crl', { 'ca.crl': list }) }) })
    assert.equal(asked(compiled, 'a.test'), 'Require 2 1 lists')
    const { clientAuth } = manifest(compiled).committed.tls
    assert.equal(clientAuth?.secret, 'edge/ca')
    for (const file of [
      ...(clientAuth?.authorities ?? []).map(certificateFile),
      ...(clientAuth?.crls ?? []).map(crlFile),
    ])
      assert.ok(compiled.bundle?.data[file], file)
    assert.deepEqual(reasons(compiled), [])
  })

  test('is in a bundle that a sidecar refuses which does not know of it', () => {
    assert.match(text(run({ clientAuth: require(ca) }).bundle), /"formatVersion":2/)
    assert.match(text(run().bundle), /"formatVersion":1/)
  })

  test('takes the lists beside the authorities where none are named, and says when the first one ends', () => {
    const compiled = run({ clientAuth: require(secret('ca', { 'ca.crt': one.certificate, 'ca.crl': list })) })
    assert.equal(asked(compiled, 'a.test'), 'Require 1 1 lists')
    const ends = compiled.nextChange?.getTime() ?? 0
    assert.ok(ends > now.getTime() && ends < now.getTime() + 24 * hour)
  })

  const broken: Readonly<Record<string, readonly [ClientAuthInput, string]>> = {
    'a Secret that is not there': [require(secret('ca')), 'SecretNotFound'],
    'a Secret without ca.crt': [require(secret('ca', { 'tls.crt': one.certificate })), 'MalformedPEM'],
    'a ca.crt that is garbage': [require(secret('ca', { 'ca.crt': 'garbage' })), 'MalformedPEM'],
    'a ca.crt that is cut': [require(secret('ca', { 'ca.crt': cut(one.certificate) })), 'MalformedCertificate'],
    'a list that is not there': [require(ca, { crls: secret('crl') }), 'SecretNotFound'],
    'a list that is garbage': [require(ca, { crls: secret('crl', { 'ca.crl': cut(list) }) }), 'MalformedCRL'],
  }
  for (const [name, [clientAuth, reason]] of Object.entries(broken))
    describe(`with ${name}`, () => {
      test('makes no bundle that would let everybody in: the present one stays, and the reason is said', () => {
        const compiled = run({ clientAuth, ...after(run()) })
        assert.equal(compiled.bundle, undefined)
        assert.deepEqual(compiled.expectations, [])
        assert.deepEqual(reasons(compiled), [`error ${reason}`])
        assert.equal(compiled.missing.length, reason === 'SecretNotFound' ? 1 : 0)
      })

      test('goes on with the authorities of before, where they came from the same Secret', () => {
        const before = run({ clientAuth: require(secret('ca', { 'ca.crt': one.certificate, 'ca.crl': list })) })
        const compiled = run({ clientAuth: { ...clientAuth, mode: 'Request' }, ...after(before) })
        assert.equal(asked(compiled, 'a.test'), 'Request 1 1 lists')
        assert.deepEqual(reasons(compiled), [`error ${reason}`])
        const elsewhere = { ...clientAuth, authorities: { ...secret('ca'), name: 'other' } }
        assert.equal(run({ clientAuth: elsewhere, ...after(before) }).bundle, undefined)
      })
    })

  test('does not go on with authorities that somebody has changed in the bundle', () => {
    const before = run({ clientAuth: require(ca) })
    const file = certificateFile(manifest(before).committed.tls.clientAuth?.authorities[0] ?? '')
    const data = { ...before.bundle?.data, [file]: base64('another') }
    assert.equal(run({ clientAuth: require(secret('ca')), previous: data }).bundle, undefined)
  })
})

describe('what one host asks of its clients', () => {
  test('is asked of that host, and of no other with the same certificate', () => {
    const compiled = run(only('a.test', require(ca, { maxIntermediates: 1 })))
    assert.deepEqual(
      ['a.test', 'b.test', '*.c.test'].map((host) => asked(compiled, host)),
      ['Require 1 no lists', 'nothing', 'nothing'],
    )
    assert.equal(compiled.status.length, 3)
  })

  test('is asked where the certificate of a wildcard or of unknown names serves the host', () => {
    const wild = run(only('x.c.test', require(ca)))
    assert.equal(asked(wild, 'x.c.test'), 'Require 1 no lists')
    assert.equal(asked(wild, '*.c.test'), 'nothing')
    const unknown = run({ fallback: [tls], ...only('d.test', require(ca)) })
    assert.equal(asked(unknown, 'd.test'), 'Require 1 no lists')
    assert.ok(!unknown.expectations.some(({ host }) => host === 'd.test'))
  })

  test('is asked where the own certificate of the host cannot be served, and that of unknown names is', () => {
    const broken = [...groups, { ...(groups[0] as HostGroup), hosts: ['e.test'] }]
    const compiled = run({ groups: broken, fallback: [tls], ...only('e.test', require(ca)) })
    assert.equal(asked(compiled, 'e.test'), 'Require 1 no lists')
  })

  test('lets nobody in where the authorities are not known, and never were; other hosts go on', () => {
    for (const input of [
      require(secret('ca')),
      require(secret('ca', { 'ca.crt': 'x' })),
      { mode: 'Observe' } as const,
    ]) {
      const compiled = run(only('a.test', input))
      assert.equal(asked(compiled, 'a.test'), 'Require 0 no lists')
      assert.equal(asked(compiled, 'b.test'), 'nothing')
      assert.match(compiled.issues[0]?.message ?? '', /client certificates for a\.test: .*; nobody is let in/)
    }
  })

  test('goes on with the authorities of before where the Secret is gone', () => {
    const compiled = run({ ...only('a.test', require(secret('ca'))), ...after(run(only('a.test', require(ca)))) })
    assert.equal(asked(compiled, 'a.test'), 'Require 1 no lists')
  })

  test('stays as it is while nobody knows what the hosts ask', () => {
    const before = run(only('x.c.test', require(ca)))
    const compiled = compile({ groups, tls: { groups: ['X25519'], alpn: [] }, now, crypto: native, ...after(before) })
    assert.equal(asked(compiled, 'x.c.test'), 'Require 1 no lists')
    assert.equal(compiled.bundle?.generation, before.bundle?.generation)
  })
})

describe('the keys of tickets', () => {
  const tickets = { rotationIntervalMs: 12 * hour, random: seededRandom(7) }

  test('are in the bundle, stay while it is compiled again, and change no generation when they change', () => {
    const first = run({ tickets })
    const keys = manifest(first).tickets?.keys ?? []
    assert.equal(keys.length, 2)
    for (const { name } of keys)
      assert.equal(Buffer.from(first.bundle?.data[ticketFile(name)] ?? '', 'base64').length, 32)
    assert.deepEqual(run({ tickets, ...after(first) }).bundle, first.bundle)
    const later = run({ tickets, ...after(first), now: new Date(now.getTime() + 12 * hour) })
    assert.equal(manifest(later).tickets?.keys[0]?.name, keys[1]?.name)
    assert.equal(later.bundle?.generation, first.bundle?.generation)
    assert.equal(first.nextChange?.getTime(), now.getTime() + 12 * hour)
  })

  test('are gone where a policy wants no tickets, which is a new generation, and never stand in the manifest', () => {
    const first = run({ tickets })
    const without = run(after(first))
    assert.equal(manifest(without).tickets, undefined)
    assert.notEqual(without.bundle?.generation, first.bundle?.generation)
    const { data = {} } = first.bundle ?? {}
    const secrets = Object.entries(data).filter(([name]) => name.startsWith(ticketFile('')))
    assert.equal(secrets.length, 2)
    const { bundle: _bundle, ...rest } = first
    for (const [, key] of secrets)
      for (const form of [key, Buffer.from(key, 'base64').toString('hex')])
        assert.ok(!(text(first.bundle) + JSON.stringify(rest)).includes(form))
  })
})

function cut(pem: string): string {
  const lines = pem.trim().split('\n')
  return [...lines.slice(0, 3), ...lines.slice(-1)].join('\n')
}
