/** The two towers meet in the bundle: what the operator compiles is what the terminator serves. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { compile } from '../../src/controller/certificates/compile.ts'
import type { SecretInput } from '../../src/controller/certificates/secret-input.ts'
import { native } from '../../src/crypto/native/provider.ts'
import { readSnapshot } from '../../src/terminator/bundle-reader.ts'
import { serverConfig } from '../../src/terminator/server-config.ts'
import { algorithms, issue, revocationList, type Issued } from '../support/openssl.ts'
import { seededRandom } from '../support/random.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('the terminator serves what the operator compiles: exact, then wildcard, then the default', async () => {
  const extensions = ['subjectAltName=DNS:*.example.test,DNS:shop.example.test']
  const wild = secret('wild', issue({ extensions }))
  const rsa = secret('rsa', issue({ extensions, algorithm: algorithms.rsa }))
  const ed25519 = secret('ed25519', issue({ extensions, algorithm: algorithms.ed25519 }))
  const other = secret('other', issue({ extensions: ['subjectAltName=DNS:other.test'] }))
  const compiled = compile({
    groups: [
      { hosts: ['shop.example.test'], secrets: [rsa, ed25519], from: { by: 'policy' }, choose: 'all' },
      { hosts: ['*.example.test'], secrets: [wild], from: { by: 'policy' }, choose: 'all' },
    ],
    fallback: [other],
    tls: { groups: ['X25519'], alpn: ['h2'] },
    now: new Date(Date.now() + 3_600_000),
    crypto: native,
  })
  const folder = temporaryFolder('operator-bundle')
  for (const [file, text] of Object.entries(compiled.bundle?.data ?? {}))
    writeFileSync(join(folder.path, file), Buffer.from(text, 'base64'))

  const snapshot = await readSnapshot({ kind: 'bundle', directory: folder.path }, native)
  folder.remove()
  assert.equal(snapshot.generation, compiled.bundle?.generation)
  const { credentials } = serverConfig(snapshot, native, { minTlsVersion: 'TLSv1.2' })
  const served = (name: string | undefined) => credentials(name)?.map(({ fingerprint }) => fingerprint)
  const status = (name: string) =>
    compiled.status.find(({ secret: from }) => from.name === name)?.fingerprintSHA256 ?? 'none'
  assert.deepEqual(served('shop.example.test'), [status('ed25519'), status('rsa')])
  assert.deepEqual(served('any.example.test'), [status('wild')])
  for (const unknown of ['a.b.example.test', 'example.test', undefined])
    assert.deepEqual(served(unknown), [status('other')])
})

test('the terminator asks of clients, and resumes, as the operator compiles it', async () => {
  const authority = issue({ subject: '/CN=Root', extensions: ['basicConstraints=critical,CA:true'] })
  const list = revocationList({ issuer: authority })
  const ca = {
    namespace: 'edge',
    name: 'ca',
    data: { 'ca.crt': base64(authority.certificate), 'ca.crl': base64(list) },
  }
  const tls = secret('tls', issue({ extensions: ['subjectAltName=DNS:a.test,DNS:b.test'] }))
  const compiled = compile({
    groups: [{ hosts: ['a.test', 'b.test'], secrets: [tls], from: { by: 'policy' }, choose: 'all' }],
    tls: {
      groups: ['X25519'],
      alpn: [],
      minVersion: '1.2',
      cipherSuites: ['TLS_AES_256_GCM_SHA384', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
    },
    clientAuth: { mode: 'Request', authorities: ca },
    hostClientAuth: new Map([['a.test', { mode: 'Require', authorities: ca, maxIntermediates: 2 }]]),
    tickets: { rotationIntervalMs: 3_600_000, random: seededRandom(1) },
    now: new Date(Date.now() + 3_600_000),
    crypto: native,
  })
  const folder = temporaryFolder('operator-bundle')
  for (const [file, text] of Object.entries(compiled.bundle?.data ?? {}))
    writeFileSync(join(folder.path, file), Buffer.from(text, 'base64'))
  const snapshot = await readSnapshot({ kind: 'bundle', directory: folder.path }, native)

  const config = serverConfig(snapshot, native, { minTlsVersion: 'TLSv1.2' })
  const [a, b, unknown] = ['a.test', 'b.test', undefined].map((name) => config.clientAuth(name))
  assert.deepEqual([a?.required, a?.maxIntermediates, a?.revocation?.crls.length], [true, 2, 1])
  assert.deepEqual([b?.mode, b?.maxIntermediates, unknown?.mode], ['Request', undefined, 'Request'])
  assert.equal(a?.anchors.certificates[0]?.subject.commonName, 'Root')
  assert.notDeepEqual(a?.id, b?.id)
  assert.deepEqual(config.suites, ['TLS_AES_256_GCM_SHA384'])
  assert.deepEqual(config.tls12Suites, ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'])
  assert.equal(config.tickets?.lifetimeSeconds, 7200)
  assert.equal(snapshot.tickets?.keys.length, 2)

  for (const file of Object.keys(compiled.bundle?.data ?? {}).filter((name) => /^(crl|ticket)-/.test(name))) {
    const path = join(folder.path, file)
    const whole = readFileSync(path)
    writeFileSync(path, whole.subarray(0, -1))
    await assert.rejects(
      readSnapshot({ kind: 'bundle', directory: folder.path }, native),
      { name: 'BundleError' },
      file,
    )
    writeFileSync(path, whole)
  }
  folder.remove()
})

test('the policy and the flag may each ask for TLS 1.3', () => {
  assert.equal(minimum('1.2', 'TLSv1.2'), 'TLSv1.2')
  assert.equal(minimum('1.3', 'TLSv1.2'), 'TLSv1.3')
  assert.equal(minimum('1.2', 'TLSv1.3'), 'TLSv1.3')
})

function minimum(minVersion: '1.2' | '1.3', minTlsVersion: 'TLSv1.2' | 'TLSv1.3') {
  const tls = { groups: ['X25519'], alpn: [], minVersion } as const
  const snapshot = { generation: 'g', tls, hosts: [], defaultCredentials: undefined }
  return serverConfig(snapshot, native, { minTlsVersion }).minVersion
}

function secret(name: string, { certificate, key }: Issued): SecretInput {
  return { namespace: 'edge', name, data: { 'tls.crt': base64(certificate), 'tls.key': base64(key) } }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
