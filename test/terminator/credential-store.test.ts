import assert from 'node:assert/strict'
import { test } from 'node:test'
import { native } from '../../src/crypto/native/provider.ts'
import { credentialStore } from '../../src/terminator/credential-store.ts'
import type { Snapshot } from '../../src/terminator/snapshot.ts'
import type { CredentialKind } from '../support/credentials.ts'
import { testCredential } from '../support/credentials.ts'

function store(hosts: Readonly<Record<string, CredentialKind>>, fallback?: CredentialKind) {
  const snapshot: Snapshot = {
    generation: 'test',
    tls: { groups: ['X25519'], alpn: [] },
    hosts: Object.entries(hosts).map(([name, kind]) => ({
      names: [name],
      credentials: [testCredential(kind, native)],
    })),
    defaultCredentials: fallback && [testCredential(fallback, native)],
  }
  const credentials = credentialStore(snapshot, native)
  return (name: string | undefined) => credentials(name)?.map(({ publicKey }) => publicKey.kind)
}

test('the very name wins over the wildcard, which wins over the default', () => {
  const ask = store({ '*.example.com': 'rsa', 'a.example.com': 'p256' }, 'ed25519')
  assert.deepEqual(ask('a.example.com'), ['ecdsa'])
  assert.deepEqual(ask('b.example.com'), ['rsa'])
  assert.deepEqual(ask('example.org'), ['ed25519'])
  assert.deepEqual(ask(undefined), ['ed25519'])
})

test('a wildcard stands for exactly one label', () => {
  const ask = store({ '*.example.com': 'rsa' })
  assert.equal(ask('a.b.example.com'), undefined)
  assert.equal(ask('example.com'), undefined)
  assert.equal(ask('com'), undefined)
})

test('without a default, an unknown name and no name get nothing', () => {
  const ask = store({ 'a.example.com': 'p256' })
  assert.equal(ask('b.example.com'), undefined)
  assert.equal(ask(undefined), undefined)
  assert.equal(ask('toString'), undefined)
})

test('the first of two hosts with one name wins', () => {
  const tls = { groups: ['X25519'], alpn: [] } as const
  const hosts = (['p256', 'rsa'] as const).map((kind) => ({
    names: ['a.example.com'],
    credentials: [testCredential(kind, native)],
  }))
  const credentials = credentialStore({ generation: 'test', tls, hosts, defaultCredentials: undefined }, native)
  assert.equal(credentials('a.example.com')?.[0]?.publicKey.kind, 'ecdsa')
})

test('a key is imported when it is first used, and once', () => {
  let imports = 0
  const counting = {
    ...native,
    signingKey: (key: Parameters<typeof native.signingKey>[0]) => (imports++, native.signingKey(key)),
  }
  const hosts = [{ names: ['a.example.com'], credentials: [testCredential('p256', native)] }]
  const tls = { groups: ['X25519'], alpn: [] } as const
  const credentials = credentialStore({ generation: 'test', tls, hosts, defaultCredentials: undefined }, counting)
  const credential = credentials('a.example.com')?.[0]
  assert.equal(imports, 0)
  assert.equal(credential?.signingKey, credential?.signingKey)
  assert.equal(imports, 1)
})
