import assert from 'node:assert/strict'
import { test } from 'node:test'
import { native } from '../../src/crypto/native/provider.ts'
import { clientAuthStore, judgeClient } from '../../src/terminator/client-auth.ts'
import type { Verdict } from '../../src/tls/config.ts'
import type { Snapshot, SnapshotClientAuth, SnapshotHost } from '../../src/terminator/snapshot.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { parseCrl } from '../../src/x509/crl.ts'
import { parsePem } from '../../src/x509/pem.ts'
import { ann, bob, client, der, eve, middle, root } from '../support/clients-of-a-root.ts'
import { issue, revocationList, type Issued } from '../support/openssl.ts'

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
  const { client, verdict } = judgeClient(presented.map(der), asked, { now, crypto: native })
  return [client.verify, client.commonName, reasonOf(verdict)]
}

function reasonOf(verdict: Verdict): string | undefined {
  return verdict !== 'accepted' && 'refused' in verdict ? verdict.refused : undefined
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

test('a client is believed until the first ends of its certificate, its authorities and their lists', () => {
  const brief = issue({
    subject: '/CN=Brief',
    issuer: root,
    days: 1,
    extensions: ['basicConstraints=critical,CA:true'],
  })
  const carl = client('/CN=carl', brief)
  assert.equal(believedUntil([carl, brief]), endOf(brief))
  assert.ok(endOf(brief) < endOf(carl))
  const [short, long] = ['2', '4'].map(
    (hours) => parsePem(revocationList({ issuer: root, args: ['-crlhours', hours] }))[0]?.der ?? new Uint8Array(),
  ) as [Uint8Array, Uint8Array]
  // By either of the two it is clear, so the later one counts.
  assert.equal(believedUntil([ann], { crls: [short, long] }), parseCrl(long).nextUpdate.getTime())
  assert.equal(believedUntil([eve]), undefined)
  assert.equal(believedUntil([eve], { mode: 'Observe' }), 0)
})

function believedUntil(presented: readonly Issued[], over: Partial<SnapshotClientAuth> = {}): number | undefined {
  const asked = store([], { ...require, ...over })(undefined)
  assert.ok(asked)
  const { verdict } = judgeClient(presented.map(der), asked, { now: new Date(), crypto: native })
  return typeof verdict === 'object' && 'untilMs' in verdict ? verdict.untilMs : undefined
}

function endOf(issued: Issued): number {
  return parseCertificate(der(issued)).notAfter.getTime()
}

test('a host that asks something else than the policy asks that, and nothing of the policy', () => {
  const ask = store([{ names: ['a.test'], clientAuth: { ...require, mode: 'Request' } }], require)
  assert.deepEqual([ask('a.test')?.mode, ask('other.test')?.mode], ['Request', 'Require'])
})

test('whatever a client is judged by has a part in what a session depends on', () => {
  const list = parsePem(revocationList({ issuer: root }))[0]?.der ?? new Uint8Array()
  const other = parsePem(revocationList({ issuer: root, serials: ['01'] }))[0]?.der ?? new Uint8Array()
  const ways: readonly Partial<SnapshotClientAuth>[] = [
    {},
    { mode: 'Request' },
    { mode: 'Observe' },
    { maxIntermediates: 0 },
    { authorities: [der(middle)] },
    { authorities: [der(root), der(middle)] },
    { crls: [] },
    { crls: [list] },
    { crls: [other] },
  ]
  const ids = [...ways, ...ways].map((over) =>
    Buffer.from(store([], { ...require, ...over })(undefined)?.id ?? []).toString('hex'),
  )
  assert.deepEqual(ids.slice(ways.length), ids.slice(0, ways.length))
  assert.equal(new Set(ids).size, ways.length)
})

test('a client with two common names has none', () => {
  assert.deepEqual(judge([client('/CN=ann/CN=root', root)]), [0, undefined, undefined])
})

test('garbage in the place of a certificate has no name', () => {
  const asked = store([], require)(undefined)
  assert.ok(asked)
  const { client, verdict } = judgeClient([Uint8Array.of(1, 2, 3)], asked, { now: new Date(), crypto: native })
  assert.deepEqual([client.commonName, reasonOf(verdict)], [undefined, 'malformed'])
})
