import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manifestFile } from '../../../src/api/bundle.ts'
import { compile } from '../../../src/controller/certificates/compile.ts'
import type { Compiled } from '../../../src/controller/certificates/compiled.ts'
import type { SecretInput } from '../../../src/controller/certificates/secret-input.ts'
import { unchangedSecrets } from '../../../src/controller/certificates/unchanged.ts'
import { native } from '../../../src/crypto/native/provider.ts'
import { algorithms, issue, type Issued } from '../../support/openssl.ts'

const now = new Date(Date.now() + 3_600_000)
const hosts = ['a.example.test', 'b.example.test', 'c.example.test'] as const
const certificateFor = (host: string, over: Parameters<typeof issue>[0] = {}): Issued =>
  issue({ extensions: [`subjectAltName=DNS:${host}`], ...over })
const issued = [
  certificateFor(hosts[0]),
  certificateFor(hosts[1], { algorithm: algorithms.rsa }),
  certificateFor(hosts[2]),
] as const

const secrets = issued.map((pair, i) => secret(`s${i}`, pair))
const compiled = run(secrets)
const data = compiled.bundle?.data ?? {}
const asTheyWere = (): string => '1'

test('a bundle gives back the Secrets that it was made of, and they make the same bundle again', () => {
  const again = unchangedSecrets(data, compiled.status, asTheyWere)
  assert.deepEqual([...again.keys()], ['edge/s0', 'edge/s1', 'edge/s2'])
  const { bundle, status, issues } = run([...again.values()], data)
  assert.deepEqual(
    { bundle, status, issues },
    { bundle: compiled.bundle, status: compiled.status, issues: compiled.issues },
  )
})

test('gives back no Secret that has changed, is gone, or whose version is not known', () => {
  const versions = new Map([
    ['s0', '2'],
    ['s2', '1'],
  ])
  const again = unchangedSecrets(data, compiled.status, ({ name }) => versions.get(name))
  assert.deepEqual([...again.keys()], ['edge/s2'])
  const unknown = compiled.status.map(({ secret: { namespace, name }, ...rest }) => ({
    ...rest,
    secret: { namespace, name },
  }))
  assert.equal(unchangedSecrets(data, unknown, () => undefined).size, 0)
})

test('gives back no Secret that was held back: what the bundle has in its place is an older one', () => {
  const worse = secrets.with(0, { ...secret('s0', issued[2]), resourceVersion: '2' })
  const later = run(worse, data)
  assert.equal(later.status.find(({ host }) => host === hosts[0])?.heldBack?.reason, 'SANMismatch')
  const again = unchangedSecrets(later.bundle?.data ?? {}, later.status, ({ name }) => (name === 's0' ? '2' : '1'))
  assert.deepEqual([...again.keys()], ['edge/s1', 'edge/s2'])
})

test('gives back no Secret of which the bundle lacks a file', () => {
  for (const missing of Object.keys(data).filter((file) => file !== manifestFile)) {
    const { [missing]: _gone, ...rest } = data
    assert.equal(unchangedSecrets(rest, compiled.status, asTheyWere).size, 2, missing)
  }
})

function secret(name: string, { certificate, key }: Issued): SecretInput {
  const held = { 'tls.crt': base64(certificate), 'tls.key': base64(key) }
  return { namespace: 'edge', name, resourceVersion: '1', data: held }
}

function run(secrets: readonly SecretInput[], previous?: Readonly<Record<string, string>>): Compiled {
  return compile({
    groups: hosts.map((host, i) => ({
      hosts: [host],
      secrets: secrets.slice(i, i + 1),
      from: { by: 'policy' },
      choose: 'all',
    })),
    tls: { groups: ['X25519'], alpn: ['h2'] },
    ...(previous === undefined ? {} : { previous }),
    now,
    crypto: native,
  })
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
