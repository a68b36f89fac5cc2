/** Bad Secrets are spoken of at length; none of it may hold a piece of a key. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { manifestFile } from '../../../src/api/bundle.ts'
import { compile, type CompileInput } from '../../../src/controller/certificates/compile.ts'
import { readCredential, type SecretInput } from '../../../src/controller/certificates/secret-input.ts'
import { native } from '../../../src/crypto/native/provider.ts'
import { IssueError } from '../../../src/x509/issue.ts'
import { block, derOf, flipped, hostileSecrets, pairs, secretsOf } from '../../support/hostile-secrets.ts'
import { forms, keySearch } from '../../support/key-search.ts'
import { issue } from '../../support/openssl.ts'
import { seededRandom } from '../../support/random.ts'

const host = 'shop.example.test'
const kinds = Object.entries(pairs([`subjectAltName=DNS:${host}`]))
const other = issue({})
const search = keySearch([...kinds, ['other', other] as const].flatMap(([name, { key }]) => secretsOf(name, key)))

/** One stream for all compilations, as in life: a key of tickets that is made anew is never called as one that is left. */
const random = seededRandom(1)

test('the search finds a planted key in each form, however it is wrapped', () => {
  for (const [, { key }] of kinds) {
    const planted = secretsOf('planted', key)
    const find = keySearch(planted)
    for (const { name, bytes } of planted)
      for (const [form, write] of Object.entries(forms))
        for (const text of write(Buffer.from(bytes))) {
          const lines = text.match(/.{1,40}/gs)?.join('\n') ?? ''
          for (const around of [text, lines, JSON.stringify({ error: lines })])
            assert.notDeepEqual(find(`good words ${around} good words`), [], `${name} as ${form}`)
        }
    const [{ bytes } = { bytes: derOf(key) }] = planted
    for (const written of [inspect(bytes), JSON.stringify(bytes), JSON.stringify(new Uint8Array(bytes)), key])
      assert.notDeepEqual(search(`good words ${written} good words`), [])
    const inSecret = { data: { 'tls.key': Buffer.from(key).toString('base64') } }
    assert.notDeepEqual(search(inspect(inSecret, everything)), [])
  }
})

for (const [kind, good] of kinds)
  describe(`a Secret with an ${kind} key`, () => {
    const before = compiled([input('shop', good)])
    for (const { name, ...hostile } of hostileSecrets(good, other))
      test(`${name}: no word about it holds a piece of the key`, () => {
        const bad = input('shop', hostile)
        assert.deepEqual(search(said(() => readCredential(bad, native))), [])
        for (const previous of [undefined, before.bundle?.data]) {
          const { bundle: _bundle, ...rest } = compiled([bad, input('spare', good)], previous)
          assert.notDeepEqual(rest.issues, [])
          assert.deepEqual(search(inspect(rest, everything) + JSON.stringify(rest)), [])
        }
      })

    test('one bit flipped, anywhere: no word about it holds a piece of the key', () => {
      const der = derOf(good.key)
      const step = kind === 'rsa' ? 7 : 1
      for (let at = 0; at < der.length; at += step) {
        const key = block('PRIVATE KEY', flipped(der, at, 1 << (at % 8)))
        assert.deepEqual(search(said(() => readCredential(input('shop', { ...good, key }), native))), [])
      }
    })

    test('a damaged bundle: no word about it holds a piece of the key', () => {
      const [{ bytes } = { bytes: derOf(good.key) }] = secretsOf(kind, good.key)
      const number = Buffer.from(bytes).toString('base64')
      const data = before.bundle?.data ?? {}
      const manifest = Buffer.from(data[manifestFile] ?? '', 'base64').toString()
      const strings = [...new Set(manifest.match(/"[^"]*"/g))]
      assert.ok(strings.length > 10)
      for (const text of [good.key, number.slice(0, 64), number.slice(0, 20), Buffer.from(bytes).toString('hex')]) {
        const damaged = [
          text,
          `${text}${manifest}`,
          `${manifest}${text}`,
          ...strings.flatMap((string) => [
            manifest.replace(string, JSON.stringify(text)),
            manifest.replace(string, `[${JSON.stringify(text)}]`),
          ]),
        ]
        for (const bundle of damaged) {
          const previous = { ...data, [manifestFile]: Buffer.from(bundle).toString('base64') }
          const { bundle: _bundle, ...rest } = compiled([input('shop', { ...good, key: 'garbage' })], previous)
          assert.deepEqual(search(inspect(rest, everything)), [], bundle)
        }
        for (const file of Object.keys(data)) {
          const previous = { ...data, [file]: Buffer.from(text).toString('base64') }
          const { bundle: _bundle, ...rest } = compiled([input('shop', { ...good, key: 'garbage' })], previous)
          assert.deepEqual(search(inspect(rest, everything)), [], file)
        }
      }
    })
  })

function compiled(secrets: readonly SecretInput[], previous?: CompileInput['previous']) {
  const authorities = { ...(secrets[0] as SecretInput) }
  return compile({
    groups: [{ hosts: [host], secrets, from: { by: 'policy' }, choose: 'all' }],
    fallback: secrets,
    tls: { groups: ['X25519'], alpn: ['h2'], minVersion: '1.3', cipherSuites: ['TLS_AES_128_GCM_SHA256'] },
    hostClientAuth: new Map([[host, { mode: 'Require', authorities, crls: authorities }]]),
    tickets: { rotationIntervalMs: 3_600_000, random },
    ...(previous === undefined ? {} : { previous }),
    now: new Date(Date.now() + 3_600_000),
    crypto: native,
  })
}

/** A Secret that is also one of authorities: what stands for the certificates is read as those, and as lists. */
function input(name: string, { certificate, key }: { certificate: string | Uint8Array; key: string | Uint8Array }) {
  const [crt, secret] = [Buffer.from(certificate).toString('base64'), Buffer.from(key).toString('base64')]
  return {
    namespace: 'edge',
    name,
    data: { 'tls.crt': crt, 'tls.key': secret, 'ca.crt': crt, 'ca.crl': secret },
  }
}

/** All that can be known of the error that is thrown. */
function said(work: () => unknown): string {
  try {
    work()
    return ''
  } catch (error) {
    if (!(error instanceof IssueError)) throw error
    return `${inspect(error, everything)} ${error.stack}`
  }
}

const everything = { depth: Infinity, showHidden: true, maxArrayLength: Infinity, maxStringLength: Infinity } as const
