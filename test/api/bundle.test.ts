import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BundleError } from '../../src/api/bundle-fields.ts'
import { parseManifest, writeManifest, type BundleManifest } from '../../src/api/bundle.ts'

const hash = 'ab'.repeat(32)
const ticketKey = { name: 'cd'.repeat(16), from: '2026-01-01T00:00:00.000Z' }
const full: BundleManifest = {
  committed: {
    id: '0123456789abcdef',
    tls: {
      groups: ['X25519'],
      alpn: ['h2'],
      minVersion: '1.3',
      cipherSuites: ['TLS_AES_128_GCM_SHA256'],
      clientAuth: { mode: 'Request', authorities: [hash], crls: [hash], secret: 'edge/ca' },
    },
    hosts: [
      {
        names: ['a.test'],
        credentials: [{ chain: [hash], key: hash, secret: 'edge/a' }],
        clientAuth: { mode: 'Require', authorities: [], maxIntermediates: 1, secret: 'edge/ca' },
      },
    ],
    defaultCredentials: [{ chain: [hash], key: hash }],
  },
  tickets: { keys: [ticketKey], lifetimeSeconds: 3600 },
}

test('a manifest is read as it was written', () => {
  assert.deepEqual(parseManifest(writeManifest(full)), full)
})

test('a manifest of a release that knew less is read as well', () => {
  const { clientAuth: _asked, minVersion: _version, cipherSuites: _suites, ...tls } = full.committed.tls
  const plain = { committed: { id: full.committed.id, tls, hosts: [] } }
  assert.deepEqual(parseManifest(JSON.stringify({ formatVersion: 1, ...plain })), plain)
})

test('only a manifest that asks for certificates is of the version that older sidecars refuse', () => {
  const version = (manifest: BundleManifest): unknown =>
    (JSON.parse(writeManifest(manifest)) as typeof full & { formatVersion: unknown }).formatVersion
  const open = { id: 'x', tls: { groups: [], alpn: [] }, hosts: [] }
  assert.equal(version(full), 2)
  assert.equal(version({ committed: open, candidate: full.committed }), 2)
  assert.equal(version({ committed: open }), 1)
})

describe('refuses, with the place and what was found', () => {
  const cases: Readonly<
    Record<string, readonly [path: readonly (string | number)[], value: unknown, message: RegExp]>
  > = {
    'another version': [['formatVersion'], 3, /formatVersion: found 3, expected 1 or 2/],
    'a generation that is no hash': [['committed', 'id'], 'MIGHAgEAMBMGByqG', /committed\.id.*16 hex digits/],
    'a host in capitals': [['committed', 'hosts', 0, 'names', 0], 'A.test', /names\[0\].*a DNS name in lower case/],
    'a host whose label is too long': [['committed', 'hosts', 0, 'names', 0], `${'a'.repeat(64)}.test`, /names\[0\]/],
    'a mode': [['committed', 'tls', 'clientAuth', 'mode'], 'None', /committed\.tls\.clientAuth\.mode/],
    'an authority that is a path': [['committed', 'tls', 'clientAuth', 'authorities', 0], '../x', /64 hex digits/],
    'a list that is a path': [['committed', 'tls', 'clientAuth', 'crls', 0], '../../x', /crls\[0\].*64 hex digits/],
    'authorities that are no list': [['committed', 'hosts', 0, 'clientAuth', 'authorities'], hash, /a list/],
    'no Secret': [['committed', 'hosts', 0, 'clientAuth', 'secret'], undefined, /hosts\[0\]\.clientAuth\.secret/],
    'a depth below zero': [['committed', 'hosts', 0, 'clientAuth', 'maxIntermediates'], -1, /from 0 to 100/],
    'a depth that is a text': [['committed', 'hosts', 0, 'clientAuth', 'maxIntermediates'], '1', /from 0 to 100/],
    'a version of TLS': [['committed', 'tls', 'minVersion'], '1.1', /1\.2 or 1\.3/],
    'a suite': [['committed', 'tls', 'cipherSuites', 0], 'TLS_RSA_WITH_NULL_MD5', /cipherSuites\[0\]/],
    'a ticket key whose name is a path': [['tickets', 'keys', 0, 'name'], `../${'c'.repeat(29)}`, /32 hex digits/],
    'a ticket key that stands there twice': [
      ['tickets', 'keys'],
      [ticketKey, ticketKey],
      /tickets\.keys.*each name once/,
    ],
    'a ticket key without a time': [['tickets', 'keys', 0, 'from'], 'soon', /RFC 3339/],
    'tickets that live for ever': [['tickets', 'lifetimeSeconds'], 604_801, /up to 604800/],
    'tickets that never live': [['tickets', 'lifetimeSeconds'], 0, /up to 604800/],
  }
  for (const [name, [path, value, message]] of Object.entries(cases))
    test(name, () => {
      const manifest = JSON.parse(writeManifest(full)) as Record<string, unknown>
      const last = path.at(-1) as string
      const parent = path.slice(0, -1).reduce<Record<string, unknown>>((at, key) => at[key] as typeof at, manifest)
      parent[last] = value
      assert.throws(
        () => parseManifest(JSON.stringify(manifest)),
        (error) => error instanceof BundleError && message.test(error.message),
      )
    })
})

test('no cut of a manifest is taken for a whole one', () => {
  const text = writeManifest(full)
  for (let length = 0; length < text.length; length++)
    assert.throws(() => parseManifest(text.slice(0, length)), BundleError)
})
