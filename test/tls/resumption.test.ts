import assert from 'node:assert/strict'
import { test } from 'node:test'
import { native } from '../../src/crypto/native/provider.ts'
import { credentialOf, sealSession } from '../../src/tls/resumption.ts'
import { publicKeyHash, type Session } from '../../src/tls/session.ts'
import { suites, type Suite } from '../../src/tls/suites.ts'
import { testCredential } from '../support/credentials.ts'
import { noon, serverConfig, ticketSettings } from '../support/tls-server.ts'

const credential = testCredential('ed25519', native)
const day = 86_400_000

const session: Session<Suite> = {
  suite: suites.TLS_AES_128_GCM_SHA256,
  secret: new Uint8Array(32),
  issuedAtMs: noon,
  lifetimeSeconds: 3600,
  authenticatedAtMs: noon,
  serverName: undefined,
  credentialKey: publicKeyHash(native, credential.publicKey),
  clientAuth: new Uint8Array(0),
  client: undefined,
}

test('a session whose server proved itself too long ago is over, whatever its ticket says', () => {
  assert.equal(found('TLSv1.3', 7 * day - 1), credential)
  assert.equal(found('TLSv1.3', 7 * day), undefined)
  assert.equal(found('TLSv1.2', day - 1), credential)
  assert.equal(found('TLSv1.2', day), undefined)
})

function found(version: 'TLSv1.2' | 'TLSv1.3', ageMs: number) {
  return credentialOf(version, { ...session, authenticatedAtMs: noon - ageMs }, undefined, [credential], serverConfig())
}

test('a ticket holds a certificate of 4096 bytes, and none that is greater', () => {
  assert.equal(sealed(4096)?.lifetimeSeconds, 3600)
  assert.equal(sealed(4097), undefined)
})

function sealed(leafLength: number) {
  const client = { leaf: new Uint8Array(leafLength), notAfterMs: noon + day }
  return sealSession('TLSv1.3', { ...session, client }, serverConfig({ tickets: ticketSettings() }))
}
