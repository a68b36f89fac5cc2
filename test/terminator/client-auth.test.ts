import assert from 'node:assert/strict'
import { test } from 'node:test'
import { native } from '../../src/crypto/native/provider.ts'
import { clientAuthStore, judgeClient } from '../../src/terminator/client-auth.ts'
import type { Snapshot, SnapshotClientAuth, SnapshotHost } from '../../src/terminator/snapshot.ts'
import { parsePem } from '../../src/x509/pem.ts'
import { ann, bob, client, der, eve, middle, root } from '../support/clients-of-a-root.ts'
import { revocationList, type Issued } from '../support/openssl.ts'

const require: SnapshotClientAuth = { mode: 'Require', authorities: [der(root)] }

function store(hosts: readonly Omit<SnapshotHost, 'credentials'>[], clientAuth?: SnapshotClientAuth) {
  const snapshot: Snapshot = {
    generation: 'g',
    tls: { groups: ['X25519'], alpn: [] },
    hosts: hosts.map((host) => ({ credentials: [], ...host })),
    defaultCredentials: undefined,
    ...(clientAuth === undefined ? {} : { clientAuth }),
  }
  return clientAuthStore(snapshot, native)
}

function judge(presented: readonly Issued[], over: Partial<SnapshotClientAuth> = {}, now = new Date()) {
  const asked = store([{ names: ['a.test'], clientAuth: { ...require, ...over } }])('a.test')
  assert.ok(asked)
  const { client, refusal } = judgeClient(presented.map(der), asked, { now, crypto: native })
  return [client.verify, client.commonName, refusal?.refused]
}

test('each name asks what its own host asks, by the same rules by which it gets its certificate', () => {
  const ask = store(
    [
      { names: ['a.test'], clientAuth: { ...require, mode: 'Request' } },
      { names: ['*.b.test'], clientAuth: { ...require, mode: 'Observe' } },
      { names: ['open.b.test'] },
    ],
    undefined,
  )
  const modes = ['a.test', 'x.b.test', 'open.b.test', 'x.y.b.test', 'other.test', undefined].map(
    (name) => ask(name)?.mode,
  )
  assert.deepEqual(modes, ['Request', 'Observe', undefined, undefined, undefined, undefined])
})

test('a policy asks the clients of every name, also of those that it has no certificate for', () => {
  const ask = store([{ names: ['a.test'] }], require)
  for (const name of ['a.test', 'other.test', undefined]) assert.equal(ask(name)?.mode, 'Require')
})

test('a client that somebody trusted has vouched for is told upstream by its name', () => {
  assert.deepEqual(judge([ann]), [0, 'ann', undefined])
  assert.deepEqual(judge([bob, middle]), [0, 'bob', undefined])
})

test('a client that nobody has vouched for is refused, and where that is only observed, told upstream with the number', () => {
  assert.deepEqual(judge([eve]).slice(0, 2), [20, 'eve'])
  assert.equal(judge([eve])[2], 'unknown-issuer')
  assert.equal(judge([eve], { mode: 'Request' })[2], 'unknown-issuer')
  assert.deepEqual(judge([eve], { mode: 'Observe' }), [20, 'eve', undefined])
  assert.deepEqual(judge([ann], { mode: 'Observe' }, new Date(Date.now() + 31 * 86_400_000)), [10, 'ann', undefined])
})

test('depth, revocation lists and an empty list of authorities are held to', () => {
  assert.equal(judge([bob, middle], { maxIntermediates: 0 })[2], 'too-many-intermediates')
  const list = parsePem(revocationList({ issuer: root }))[0]?.der ?? new Uint8Array()
  assert.deepEqual(judge([ann], { crls: [list] }), [0, 'ann', undefined])
  assert.equal(judge([bob, middle], { crls: [list] })[2], 'revocation-unknown')
  assert.equal(judge([ann], { authorities: [] })[2], 'unknown-issuer')
})

test('a client with two common names has none', () => {
  assert.deepEqual(judge([client('/CN=ann/CN=root', root)]), [0, undefined, undefined])
})

test('garbage in the place of a certificate has no name', () => {
  const asked = store([], require)(undefined)
  assert.ok(asked)
  const { client, refusal } = judgeClient([Uint8Array.of(1, 2, 3)], asked, { now: new Date(), crypto: native })
  assert.deepEqual([client.commonName, refusal?.refused], [undefined, 'malformed'])
})
