/** The other way to a credential: it takes the public half from the certificate, and has a provider judge. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadCrypto } from '../../src/crypto/load.ts'
import { parseCredential } from '../../src/x509/credential.ts'
import { IssueError } from '../../src/x509/issue.ts'
import { parsePem } from '../../src/x509/pem.ts'
import { encodePkcs8 } from '../../src/x509/private-key.ts'
import { servedCredential, servedCredentialPem } from '../../src/x509/served-credential.ts'
import { vectorPem } from '../support/bundle-directory.ts'

const kinds = ['p256', 'p384', 'ed25519', 'rsa'] as const
const providers = [await loadCrypto('noble'), await loadCrypto('wasm'), await loadCrypto('native')]

for (const crypto of providers) {
  test(`${crypto.name}: finds what computing finds, from PEM and from the operator's DER`, () => {
    for (const kind of kinds) {
      const { certificate, key } = vectorPem(kind)
      const computed = parseCredential(certificate, key)
      assert.deepEqual(servedCredentialPem(certificate, key, crypto), computed, kind)
      const pkcs8 = encodePkcs8(computed.privateKey)
      assert.deepEqual(servedCredential(computed.chain, pkcs8, crypto), computed, kind)
    }
  })

  test(`${crypto.name}: refuses the key of another certificate, of its kind or of another`, () => {
    for (const kind of kinds)
      for (const other of kinds.filter((one) => one !== kind))
        assert.throws(
          () => servedCredentialPem(vectorPem(kind).certificate, vectorPem(other).key, crypto),
          (error) => error instanceof IssueError && error.reason === 'KeyMismatch',
          `${other} key for ${kind}`,
        )
    for (const kind of ['p256', 'p384', 'ed25519'] as const) {
      const { certificate, key } = vectorPem(kind)
      const { privateKey } = parseCredential(certificate, key)
      const spoilt = structuredClone(privateKey)
      assert.ok(spoilt.kind !== 'rsa')
      const secret = spoilt.kind === 'ecdsa' ? spoilt.scalar : spoilt.seed
      secret[secret.length - 1] = (secret.at(-1) ?? 0) ^ 1
      const chain = parsePem(certificate).map(({ der }) => der)
      assert.throws(
        () => servedCredential(chain, encodePkcs8(spoilt), crypto),
        (error) => error instanceof IssueError && error.reason === 'KeyMismatch',
        `${kind}, one bit flipped`,
      )
    }
  })
}

test('a key that is garbage is malformed, and not quoted', () => {
  const { certificate } = vectorPem('p256')
  const chain = parsePem(certificate).map(({ der }) => der)
  for (const crypto of providers)
    assert.throws(
      () => servedCredential(chain, Buffer.from('secret garbage'), crypto),
      (error) => error instanceof IssueError && !error.message.includes('secret garbage'),
    )
})
