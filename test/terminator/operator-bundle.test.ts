/** The two towers meet in the bundle: what the operator compiles is what the terminator serves. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { compile } from '../../src/controller/certificates/compile.ts'
import type { SecretInput } from '../../src/controller/certificates/secret-input.ts'
import { native } from '../../src/crypto/native/provider.ts'
import { readSnapshot } from '../../src/terminator/bundle-reader.ts'
import { serverConfig } from '../../src/terminator/server-config.ts'
import { algorithms, issue, type Issued } from '../support/openssl.ts'
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

function secret(name: string, { certificate, key }: Issued): SecretInput {
  return { namespace: 'edge', name, data: { 'tls.crt': base64(certificate), 'tls.key': base64(key) } }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
