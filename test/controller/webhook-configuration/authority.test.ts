import assert from 'node:assert/strict'
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { connect, createServer } from 'node:tls'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import {
  createCertificates,
  fromSecretData,
  leafNotAfter,
  renewalTime,
  renewCertificates,
  toSecretData,
} from '../../../src/controller/webhook-configuration/authority.ts'

const names = ['chitin.chitin-system.svc', 'chitin.chitin-system.svc.cluster.local', '127.0.0.1']
const start = new Date('2026-06-01T00:00:00Z')
const day = 86_400_000

test('a fresh pair is a CA and a leaf that it signed, for the names asked', async () => {
  const made = await createCertificates(names, start)
  const leaf = new X509Certificate(made.leaf)
  const signer = new X509Certificate(made.signer)
  assert.ok(signer.ca)
  assert.ok(!leaf.ca)
  assert.ok(leaf.verify(signer.publicKey))
  assert.ok(leaf.checkPrivateKey(createPrivateKey(made.leafKey)))
  assert.equal(leaf.checkHost('chitin.chitin-system.svc'), 'chitin.chitin-system.svc')
  assert.equal(leaf.checkIP('127.0.0.1'), '127.0.0.1')
  assert.equal(made.trusted, made.signer)
  assert.equal(leafNotAfter(made).getTime(), start.getTime() + 7 * day)
})

test('a TLS client that trusts the CA accepts the leaf', async () => {
  const made = await createCertificates(names, new Date())
  const server = createServer({ cert: made.leaf, key: made.leafKey }, (socket) => socket.end('well met')).listen(
    0,
    '127.0.0.1',
  )
  await once(server, 'listening')
  const socket = connect({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    servername: names[0] ?? '',
    ca: made.trusted,
  })
  await once(socket, 'secureConnect')
  assert.ok(socket.authorized)
  socket.destroy()
  server.close()
})

test('nothing is renewed before two thirds of a life', async () => {
  const made = await createCertificates(names, start)
  assert.equal(await renewCertificates(made, names, new Date(start.getTime() + 4 * day)), made)
  assert.ok(renewalTime(made).getTime() > start.getTime() + 4 * day)
  assert.ok(renewalTime(made).getTime() < start.getTime() + 5 * day)
})

test('the leaf is renewed under the same CA at two thirds of its life', async () => {
  const made = await createCertificates(names, start)
  const later = await renewCertificates(made, names, new Date(start.getTime() + 5 * day))
  assert.notEqual(later.leaf, made.leaf)
  assert.equal(later.trusted, made.trusted)
  assert.ok(new X509Certificate(later.leaf).verify(new X509Certificate(made.signer).publicKey))
})

test('a name that is not in the leaf makes a new leaf', async () => {
  const made = await createCertificates(names, start)
  const later = await renewCertificates(made, [...names, 'other.ns.svc'], start)
  assert.equal(new X509Certificate(later.leaf).checkHost('other.ns.svc'), 'other.ns.svc')
})

test('a new CA is trusted before it signs', async () => {
  const made = await createCertificates(names, start)
  const due = new Date(start.getTime() + 250 * day)
  const withFreshLeaf = { ...(await createCertificates(names, due)), signer: made.signer, signerKey: made.signerKey }
  const step = await renewCertificates({ ...withFreshLeaf, trusted: made.signer }, names, due)
  assert.equal(step.leaf, withFreshLeaf.leaf)
  assert.notEqual(step.signer, made.signer)
  assert.ok(step.trusted.includes(made.signer.trim()))
  assert.ok(step.trusted.includes(step.signer.trim()))
  const next = await renewCertificates(step, names, new Date(due.getTime() + 5 * day))
  assert.ok(new X509Certificate(next.leaf).verify(new X509Certificate(step.signer).publicKey))
})

test('after a year without an operator everything is made anew at once', async () => {
  const made = await createCertificates(names, start)
  const late = await renewCertificates(made, names, new Date(start.getTime() + 400 * day))
  assert.ok(new X509Certificate(late.leaf).verify(new X509Certificate(late.signer).publicKey))
  assert.equal(late.trusted, late.signer)
})

test('a Secret gives back what was put in', async () => {
  const made = await createCertificates(names, start)
  assert.deepEqual(fromSecretData(toSecretData(made)), made)
})

test('a Secret with a part missing, damaged or of another set reads as none', async () => {
  const data = toSecretData(await createCertificates(names, start))
  const others = toSecretData(await createCertificates(names, start))
  for (const [key, value = ''] of Object.entries(others))
    assert.equal(fromSecretData({ ...data, [key]: value }), undefined, key)
  for (const key of Object.keys(data))
    assert.equal(fromSecretData({ ...data, [key]: Buffer.from('rubbish').toString('base64') }), undefined, key)
  const withKey = ['ca.crt', 'signer.key'].map((key) => Buffer.from(data[key] ?? '', 'base64').toString()).join('\n')
  assert.equal(fromSecretData({ ...data, 'ca.crt': Buffer.from(withKey).toString('base64') }), undefined)
  for (const key of Object.keys(data)) {
    const rest = Object.fromEntries(Object.entries(data).filter(([name]) => name !== key))
    assert.equal(fromSecretData(rest), undefined, key)
  }
  assert.equal(fromSecretData(undefined), undefined)
})
