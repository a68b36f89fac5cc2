import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { manifestFile, parseManifest } from '../../../src/api/bundle.ts'
import { compile, compileStepwise, type CompileInput } from '../../../src/controller/certificates/compile.ts'
import type { Compiled } from '../../../src/controller/certificates/compiled.ts'
import type { HostGroup } from '../../../src/controller/certificates/host-group.ts'
import { fallbackHost } from '../../../src/controller/certificates/last-good.ts'
import type { SecretInput } from '../../../src/controller/certificates/secret-input.ts'
import { native } from '../../../src/crypto/native/provider.ts'
import { parseCredential } from '../../../src/x509/credential.ts'
import { algorithms, issue, type Issued } from '../../support/openssl.ts'

// openssl dates certificates by the clock of the moment: an hour later all of them are valid, however slow this runs.
const hour = 3_600_000
const day = 24 * hour
const now = new Date(Date.now() + hour)
const base64 = (text: string): string => Buffer.from(text).toString('base64')

const hundred = Array.from({ length: 100 }, (_, i) => `h${i}.example.test`)
const forAll = (over: Parameters<typeof issue>[0] = {}): Issued =>
  issue({ extensions: [`subjectAltName=${hundred.map((host) => `DNS:${host}`).join(',')}`], ...over })
const ecdsa = forAll()
const renewed = forAll()
const rsa = forAll({ algorithm: algorithms.rsa })
const shop = issue({})

function secret(name: string, issued?: Issued, namespace = 'edge'): SecretInput {
  if (issued === undefined) return { namespace, name }
  const data = { 'tls.crt': base64(issued.certificate), 'tls.key': base64(issued.key) }
  return { namespace, name, resourceVersion: '7', data }
}

const group = (hosts: readonly string[], ...secrets: readonly SecretInput[]): HostGroup => ({
  hosts,
  secrets,
  from: { by: 'policy' },
  choose: 'all',
})
const among = (choose: HostGroup['choose'], ...rest: Parameters<typeof group>): HostGroup => ({
  ...group(...rest),
  choose,
})
const run = (groups: readonly HostGroup[], over: Partial<CompileInput> = {}): Compiled =>
  compile({ groups, tls: { groups: ['X25519'], alpn: ['h2'] }, now, crypto: native, ...over })
const fingerprint = ({ certificate, key }: Issued): string => parseCredential(certificate, key).fingerprint
const served = ({ expectations }: Compiled, host: string): string[] =>
  expectations.filter((one) => one.host === host).map((one) => one.fingerprint)
const manifest = ({ bundle }: Compiled) =>
  parseManifest(Buffer.from(bundle?.data[manifestFile] ?? '', 'base64').toString())
const held = ({ status }: Compiled, host: string) => status.find((one) => one.host === host && one.heldBack)?.heldBack
const previous = (compiled: Compiled): Pick<CompileInput, 'previous'> => ({ previous: compiled.bundle?.data ?? {} })

const ingress = (name: string, createdAt: string, issued: Issued): HostGroup => ({
  hosts: ['H0.example.test.'],
  secrets: [secret(name, issued)],
  from: { by: 'ingress', namespace: 'edge', name, createdAt },
  choose: 'all',
})

describe('what is compiled', () => {
  test('comes in steps of a host and of a file, and to the same', () => {
    const groups = [group(['h1.example.test'], secret('one', ecdsa)), group(['h2.example.test'], secret('two', rsa))]
    const input = { groups, tls: { groups: ['X25519' as const], alpn: ['h2'] }, now, crypto: native }
    const whole = compile(input)
    const steps = compileStepwise(input)
    let count = 0
    let step = steps.next()
    for (; step.done !== true; step = steps.next()) count++
    assert.deepEqual(step.value, whole)
    const files = Object.keys(whole.bundle?.data ?? {}).length
    assert.ok(count >= 2 * groups.length + files, `${count} steps for ${groups.length} hosts and ${files} files`)
  })

  test('is never what a sidecar refuses: a host that is no DNS name is held back, and the others are served', () => {
    const wildcard = secret('wild', issue({ extensions: ['subjectAltName=DNS:*.example.test'] }))
    const wrong = [`${'a'.repeat(64)}.example.test`, 'a b.example.test', '~^x.example.test']
    const compiled = run([group([...wrong, `${'a'.repeat(63)}.example.test`], wildcard)])
    assert.deepEqual(manifest(compiled).committed.hosts[0]?.names, [`${'a'.repeat(63)}.example.test`])
    for (const host of wrong) {
      assert.equal(held(compiled, host)?.reason, 'SANMismatch')
      assert.match(held(compiled, host)?.message ?? '', /is no DNS name/)
    }
  })

  test('a host that an Ingress has a rule for is not taken by the alias or the bare listing of an older one', () => {
    const thief = { ...ingress('thief', '2020-01-01T00:00:00Z', renewed), yields: true } as const
    const owner = ingress('owner', '2026-01-01T00:00:00Z', ecdsa)
    assert.deepEqual(served(run([thief, owner]), 'h0.example.test'), [fingerprint(ecdsa)])
    assert.deepEqual(served(run([thief]), 'h0.example.test'), [fingerprint(renewed)])
    const policy = group(['h0.example.test'], secret('own', rsa))
    assert.deepEqual(served(run([thief, owner, policy]), 'h0.example.test'), [fingerprint(rsa)])
  })

  test('is the same for the same input, in whatever order it is given', () => {
    const groups = [
      group(['h1.example.test', 'h0.example.test'], secret('a', ecdsa)),
      group(['h2.example.test'], secret('b', rsa)),
    ]
    assert.deepEqual(run(groups).bundle, run(groups.toReversed()).bundle)
    assert.notEqual(run(groups).bundle?.generation, run(groups.slice(1)).bundle?.generation)
  })

  test('holds each certificate and key once, however many hosts they serve', () => {
    const compiled = run(hundred.map((host) => group([host], secret('all', ecdsa))))
    assert.equal(Object.keys(compiled.bundle?.data ?? {}).length, 3)
    assert.equal(manifest(compiled).committed.hosts.length, 1)
    assert.equal(compiled.status.length, 100)
    assert.deepEqual(
      compiled.issues.map(({ reason }) => reason),
      [],
    )
  })

  test('serves ECDSA before RSA, and one of each key type', () => {
    const compiled = run([group(['h0.example.test'], secret('r', rsa), secret('e', ecdsa), secret('late', renewed))])
    assert.deepEqual(served(compiled, 'h0.example.test'), [fingerprint(ecdsa), fingerprint(rsa)])
    assert.deepEqual(
      compiled.expectations.map(({ keyType }) => keyType),
      ['ecdsa', 'rsa'],
    )
    assert.deepEqual(
      compiled.issues.map(({ reason, severity }) => `${severity} ${reason}`),
      ['warning DuplicateKeyType'],
    )
  })

  test('says when the clock alone will change it', () => {
    assert.equal(
      run([group(['h0.example.test'], secret('a', ecdsa))]).nextChange?.getTime(),
      parseCredential(ecdsa.certificate, ecdsa.key).notAfter.getTime(),
    )
  })

  test('keeps no key outside of the data', () => {
    const { bundle: _bundle, ...rest } = run([
      group(hundred, secret('a', ecdsa), secret('b', { ...rsa, key: ecdsa.key })),
    ])
    assert.doesNotMatch(JSON.stringify(rest), /PRIVATE|MIG/)
  })

  test('has the certificate of unknown names only where one is asked for', () => {
    const groups = [group(['h0.example.test'], secret('a', ecdsa))]
    assert.equal(manifest(run(groups)).committed.defaultCredentials, undefined)
    const compiled = run(groups, { fallback: [secret('shop', shop)] })
    assert.equal(manifest(compiled).committed.defaultCredentials?.length, 1)
    assert.ok(compiled.status.some(({ host }) => host === fallbackHost))
  })
})

describe('who serves a host', () => {
  const young = ingress('young', '2026-02-01T00:00:00Z', ecdsa)
  const old = ingress('old', '2025-02-01T00:00:00Z', rsa)

  test('is the oldest Ingress', () => {
    assert.deepEqual(served(run([young, old]), 'h0.example.test'), [fingerprint(rsa)])
  })
  test('is the policy before any Ingress', () => {
    const compiled = run([young, old, group(['h0.example.test'], secret('mine', renewed))])
    assert.deepEqual(served(compiled, 'h0.example.test'), [fingerprint(renewed)])
  })
})

describe('hosts that no entry lists', () => {
  const own = issue({ extensions: ['subjectAltName=DNS:own.example.test,DNS:*.wild.example.test'] })

  test('are each served by the first Secret whose certificate names them', () => {
    const hosts = ['own.example.test', 'a.wild.example.test', 'h0.example.test']
    const compiled = run([among('covering', hosts, secret('own', own), secret('any', ecdsa), secret('more', rsa))])
    assert.deepEqual(
      hosts.map((host) => served(compiled, host)),
      [[fingerprint(own)], [fingerprint(own)], [fingerprint(ecdsa)]],
    )
    assert.deepEqual(compiled.issues, [])
  })

  test('are held back by reason where no certificate names them, and one should', () => {
    const compiled = run([among('covering', ['h0.example.test', 'stranger.example.test'], secret('any', ecdsa))])
    assert.equal(held(compiled, 'stranger.example.test')?.reason, 'SANMismatch')
    assert.equal(held(compiled, 'h0.example.test'), undefined)
    assert.equal(
      held(run([among('covering', ['h0.example.test'], secret('any'))]), 'h0.example.test')?.reason,
      'SecretNotFound',
    )
  })

  test('are left to others, or not served, where no certificate has to name them', () => {
    const optional = { ...ingress('old', '2025-02-01T00:00:00Z', own), choose: 'optional' } as const
    const young = ingress('young', '2026-02-01T00:00:00Z', ecdsa)
    assert.deepEqual(served(run([optional, young]), 'h0.example.test'), [fingerprint(ecdsa)])
    const alone = run([optional, group(['h1.example.test'], secret('any', ecdsa))])
    assert.deepEqual([served(alone, 'h0.example.test'), alone.issues], [[], []])
    assert.ok(!alone.status.some(({ host }) => host === 'h0.example.test'))
  })

  test('keep their last good certificate when its Secret goes bad, whatever the other Secrets are', () => {
    const hosts = ['own.example.test']
    const before = run([among('optional', hosts, secret('any', ecdsa), secret('own', own))])
    const garbage = { certificate: 'garbage', key: 'garbage' }
    const after = run([among('optional', hosts, secret('any', renewed), secret('own', garbage))], previous(before))
    assert.deepEqual(served(after, 'own.example.test'), [fingerprint(own)])
    assert.equal(held(after, 'own.example.test')?.reason, 'MalformedPEM')
  })
})

describe('a Secret that cannot be served', () => {
  const good = hundred.map((host, i) => group([host], secret(`s${i}`, ecdsa)))
  const before = run(good)
  const broken = (issued: Issued | undefined): HostGroup[] =>
    hundred.map((host, i) => group([host], secret(`s${i}`, i === 42 ? issued : renewed)))
  const cases: [string, Issued | undefined, string][] = [
    ['that is gone', undefined, 'SecretNotFound'],
    ['with garbage in it', { certificate: 'garbage', key: 'garbage' }, 'MalformedPEM'],
    ['with the key of another', { ...renewed, key: shop.key }, 'KeyMismatch'],
    ['for another name', shop, 'SANMismatch'],
  ]
  for (const [which, issued, reason] of cases)
    test(`${which} holds back its own host only, of a hundred`, () => {
      const after = run(broken(issued), previous(before))
      assert.equal(held(after, 'h42.example.test')?.reason, reason)
      for (const [i, host] of hundred.entries())
        assert.deepEqual(served(after, host), [fingerprint(i === 42 ? ecdsa : renewed)], host)
      assert.equal(after.issues.length, 1)
      assert.match(after.issues[0]?.message ?? '', /h42\.example\.test.*last good one is served/)
    })

  test('leaves its host out where nothing good is known', () => {
    const after = run(broken(undefined))
    assert.deepEqual(served(after, 'h42.example.test'), [])
    assert.deepEqual(after.missing, [{ namespace: 'edge', name: 's42' }])
    assert.equal(after.expectations.length, 99)
    assert.match(after.issues[0]?.message ?? '', /no last good/)
  })

  test('is survived for as many generations as it takes', () => {
    let compiled = before
    for (let i = 0; i < 3; i++) compiled = run(broken(undefined), previous(compiled))
    assert.deepEqual(served(compiled, 'h42.example.test'), [fingerprint(ecdsa)])
    assert.deepEqual(served(run(good, previous(compiled)), 'h42.example.test'), [fingerprint(ecdsa)])
  })

  test('holds back one key type and not the other', () => {
    const both = run([group(['h0.example.test'], secret('e', ecdsa), secret('r', rsa))])
    const after = run([group(['h0.example.test'], secret('e'), secret('r', rsa))], previous(both))
    assert.deepEqual(served(after, 'h0.example.test'), [fingerprint(ecdsa), fingerprint(rsa)])
  })

  test('that has expired in place goes on being served, with its reason and a warning', () => {
    const later = new Date(now.getTime() + 31 * day)
    const after = run(good.slice(0, 1), { ...previous(before), now: later })
    assert.deepEqual(served(after, 'h0.example.test'), [fingerprint(ecdsa)])
    assert.equal(held(after, 'h0.example.test')?.reason, 'Expired')
    assert.deepEqual(
      after.issues.map(({ reason, severity }) => `${severity} ${reason}`),
      ['error Expired', 'warning Expired'],
    )
    assert.equal(run(good.slice(0, 1), { now: later }).bundle, undefined)
  })

  test('is told from one that is not valid yet, and the clock is asked for', () => {
    const early = new Date(now.getTime() - day)
    const after = run(good.slice(0, 1), { now: early })
    assert.equal(held(after, 'h0.example.test')?.reason, 'NotYetValid')
    assert.ok(after.nextChange !== undefined && after.nextChange > early)
  })

  test('of another namespace is not served with the key that the host left behind', () => {
    for (const namespace of ['elsewhere', 'ed', 'edge2']) {
      const after = run([group(['h0.example.test'], secret('s0', undefined, namespace))], previous(before))
      assert.deepEqual(served(after, 'h0.example.test'), [], namespace)
    }
  })

  test('falls back on nothing that somebody has tampered with', () => {
    const data = Object.fromEntries(
      Object.entries(before.bundle?.data ?? {}).map(([file, text]) => [
        file,
        file.startsWith('cert-') ? base64('tampered') : text,
      ]),
    )
    assert.deepEqual(served(run(broken(undefined), { previous: data }), 'h42.example.test'), [])
    const one = run([group(['h1.example.test'], secret('s1', ecdsa))]).bundle?.data ?? {}
    const another = run([group(['h1.example.test'], secret('s1', renewed))]).bundle?.data ?? {}
    const swapped = Object.fromEntries(
      Object.entries(one).map(([file, text]) => {
        const [kind = ''] = file.split('-')
        const theirs = Object.entries(another).find(([name]) => name.startsWith(`${kind}-`))
        return [file, file === manifestFile ? text : (theirs?.[1] ?? '')]
      }),
    )
    const lost = [group(['h1.example.test'], secret('s1'))]
    assert.deepEqual(served(run(lost, { previous: one }), 'h1.example.test'), [fingerprint(ecdsa)])
    assert.deepEqual(served(run(lost, { previous: swapped }), 'h1.example.test'), [])
    const renamed = JSON.stringify(manifest({ bundle: { generation: '', data: one } } as Compiled))
    const forOther = {
      ...one,
      [manifestFile]: base64(`{"formatVersion":1,${renamed.slice(1)}`.replaceAll('h1.', 'other.')),
    }
    assert.deepEqual(
      served(run([group(['other.example.test'], secret('s1'))], { previous: forOther }), 'other.example.test'),
      [],
    )
    const unreadable = run(good, { previous: { [manifestFile]: base64('{}') } })
    assert.deepEqual(
      unreadable.issues.map(({ severity }) => severity),
      ['warning'],
    )
    assert.equal(unreadable.expectations.length, 100)
  })
})

test('says what to do about more than a Secret can hold, and gives no bundle', () => {
  const names = Array.from({ length: 1500 }, (_, i) => `DNS:${'x'.repeat(50)}${i}.example.test`)
  const hosts = Array.from({ length: 12 }, (_, i) => `big${i}.example.test`)
  const groups = hosts.map((host) => {
    const issued = issue({ extensions: [`subjectAltName=DNS:${host},${names.join(',')}`] })
    return group([host], secret(host, issued))
  })
  const compiled = run(groups)
  assert.equal(compiled.bundle, undefined)
  assert.match(compiled.issues[0]?.message ?? '', /1048576.*ECDSA.*several policies/)
  assert.equal(compiled.issues[0]?.reason, 'BundleTooLarge')
})
