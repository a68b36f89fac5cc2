/**
 * Shows RFC 5280 §4.1.2.5.
 */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { native } from '../../src/crypto/native/provider.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { check, parseCredential, parseCredentialDer, type Credential } from '../../src/x509/credential.ts'
import { IssueError } from '../../src/x509/issue.ts'
import { encodePkcs8, parsePkcs8, parsePrivateKeyPem } from '../../src/x509/private-key.ts'
import { algorithms, convert, issue, type Issued } from '../support/openssl.ts'
import { providers } from '../support/providers.ts'

const hosts = ['shop.example.test']
const day = 86_400_000
const reasons = (credential: Credential, over: Partial<Parameters<typeof check>[1]> = {}) =>
  check(credential, { hosts, now: new Date(), crypto: native, ...over }).map(
    ({ reason, severity }) => `${severity} ${reason}`,
  )
const parse = ({ certificate, key }: Issued) => parseCredential(certificate, key)

for (const [type, algorithm] of Object.entries(algorithms))
  describe(`a certificate of ${type}`, () => {
    const issued = issue({ algorithm })
    const credential = parse(issued)

    test('is read as node:crypto reads it', () => {
      const theirs = new X509Certificate(issued.certificate)
      assert.equal(credential.fingerprint, theirs.fingerprint256.replaceAll(':', '').toLowerCase())
      assert.equal(credential.notAfter.getTime(), new Date(theirs.validTo).getTime())
      assert.equal(credential.notBefore.getTime(), new Date(theirs.validFrom).getTime())
      assert.deepEqual(credential.names, ['shop.example.test'])
      assert.ok(theirs.checkHost('shop.example.test') !== undefined)
    })

    test('signs what its own public key verifies, with both providers', () => {
      const message = new TextEncoder().encode('message')
      for (const crypto of providers)
        for (const scheme of crypto.signingKey(credential.privateKey).schemes) {
          const signature = crypto
            .signingKey(credential.privateKey)
            .sign(scheme, message, (length) => new Uint8Array(length).fill(7))
          for (const other of providers) assert.ok(other.verify(scheme, credential.publicKey, message, signature))
        }
    })

    test('has its key survive PKCS#8 and back', () => {
      const der = encodePkcs8(credential.privateKey)
      assert.deepEqual(parsePkcs8(der), credential.privateKey)
      assert.equal(parseCredentialDer(credential.chain, der).fingerprint, credential.fingerprint)
    })

    test('is refused, and nothing else is thrown, for any cut and any flipped bit', () => {
      const der = credential.chain[0] as Uint8Array
      for (let length = 0; length < der.length; length++)
        assert.throws(() => parseCertificate(der.slice(0, length)), IssueError, `cut at ${length}`)
      for (let bit = 0; bit < der.length * 8; bit++) {
        const flipped = der.slice()
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
        try {
          parseCertificate(flipped)
        } catch (error) {
          assert.ok(error instanceof IssueError, `bit ${bit}: ${String(error)}`)
        }
      }
    })

    test('has a key that is refused by name at any cut, without a byte of it in the message', () => {
      const der = encodePkcs8(credential.privateKey)
      for (let length = 0; length < der.length; length++)
        assert.throws(() => parsePkcs8(der.slice(0, length)), IssueError, `cut at ${length}`)
    })
  })

test('reads keys in every form that Secrets have them', () => {
  const ec = issue({ algorithm: algorithms['ecdsa-p256'] })
  const rsa = issue({ algorithm: algorithms.rsa })
  assert.deepEqual(parsePrivateKeyPem(convert(ec.key, ['ec'])), parsePrivateKeyPem(ec.key))
  assert.deepEqual(parsePrivateKeyPem(convert(rsa.key, ['rsa', '-traditional'])), parsePrivateKeyPem(rsa.key))
})

test('refuses encrypted keys, and says what to do', () => {
  const { key } = issue({})
  const encrypted = convert(key, ['pkcs8', '-topk8', '-passout', 'pass:x'])
  assert.throws(() => parsePrivateKeyPem(encrypted), { reason: 'UnsupportedKey' })
  const old = convert(issue({ algorithm: algorithms.rsa }).key, [
    'rsa',
    '-traditional',
    '-aes128',
    '-passout',
    'pass:x',
  ])
  assert.throws(() => parsePrivateKeyPem(old), { reason: 'UnsupportedKey', message: /encrypted; store it without/ })
})

test('says KeyMismatch for the key of another certificate', () => {
  const one = issue({})
  assert.throws(() => parseCredential(one.certificate, issue({}).key), { reason: 'KeyMismatch' })
  assert.throws(() => parseCredential(one.certificate, issue({ algorithm: algorithms.rsa }).key), {
    reason: 'KeyMismatch',
  })
})

test('says MalformedPEM for garbage, for nothing, and for a block without an end', () => {
  const { certificate, key } = issue({})
  for (const text of [
    '',
    'garbage',
    certificate.replace('-----END CERTIFICATE-----', ''),
    certificate.replace(/\n[A-Za-z]/, '\n!'),
  ])
    assert.throws(() => parseCredential(text, key), { reason: 'MalformedPEM' })
  assert.throws(() => parseCredential(certificate, ''), { reason: 'MalformedKey' })
})

test('finds nothing wrong with a self-signed certificate for its own name', () => {
  assert.deepEqual(reasons(parse(issue({}))), [])
})

test('holds validity against the time it is told', () => {
  const credential = parse(issue({}))
  assert.deepEqual(reasons(credential, { now: new Date(Date.now() + 31 * day) }), ['error Expired'])
  assert.deepEqual(reasons(credential, { now: new Date(Date.now() - day) }), ['error NotYetValid'])
  assert.deepEqual(reasons(credential, { now: credential.notAfter }), ['error Expired'])
  assert.deepEqual(reasons(credential, { now: credential.notBefore }), [])
})

test('covers hosts by name and by wildcard, and names those it does not cover', () => {
  const credential = parse(issue({ extensions: ['subjectAltName=DNS:*.example.test,DNS:example.test'] }))
  assert.deepEqual(reasons(credential, { hosts: ['a.example.test', 'EXAMPLE.test.', '*.example.test'] }), [])
  const [problem] = check(credential, { hosts: ['a.b.example.test', 'x.test'], now: new Date(), crypto: native })
  assert.equal(problem?.reason, 'SANMismatch')
  assert.match(problem?.message ?? '', /a\.b\.example\.test, x\.test/)
})

test('refuses a certificate that is not for servers, or may not sign', () => {
  const client = parse(issue({ extensions: ['subjectAltName=DNS:shop.example.test', 'extendedKeyUsage=clientAuth'] }))
  assert.deepEqual(reasons(client), ['error WrongUsage'])
  const encipher = parse(issue({ extensions: ['subjectAltName=DNS:shop.example.test', 'keyUsage=keyEncipherment'] }))
  assert.deepEqual(reasons(encipher), ['error WrongUsage'])
})

test('refuses an RSA key that is too short', () => {
  assert.deepEqual(reasons(parse(issue({ algorithm: ['-newkey', 'rsa:1024'] }))), ['error WeakKey'])
})

test('knows a chain in order from one that is not, or whose issuer did not sign', () => {
  const authority = { subject: '/CN=Root', extensions: ['basicConstraints=critical,CA:true'] }
  const root = issue(authority)
  const leaf = issue({ issuer: root })
  const impostor = issue(authority)
  const chain = (...parts: readonly Issued[]) =>
    parseCredential(parts.map(({ certificate }) => certificate).join(''), leaf.key)
  assert.deepEqual(reasons(chain(leaf, root)), [])
  assert.deepEqual(reasons(chain(leaf)), ['warning IncompleteChain'])
  assert.deepEqual(reasons(chain(leaf, impostor)), ['error ChainOrder'])
  assert.deepEqual(reasons(chain(leaf, issue({ subject: '/CN=Other' }), root)), ['error ChainOrder'])
  const rsaRoot = issue({ ...authority, algorithm: algorithms.rsa })
  const leafOfRsa = issue({ issuer: rsaRoot })
  const good = parseCredential(leafOfRsa.certificate + rsaRoot.certificate, leafOfRsa.key)
  for (const crypto of providers) assert.deepEqual(reasons(good, { crypto }), [])
})

test('checks the signatures of a chain whose issuers sign with the hash of another curve, or with RSA-PSS', () => {
  const pss = ['-sha256', '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32']
  for (const [algorithm, signing] of [
    [algorithms['ecdsa-p256'], ['-sha384']],
    [algorithms['ecdsa-p384'], ['-sha256']],
    [algorithms.rsa, pss],
  ] as const) {
    const authority = { subject: '/CN=Root', extensions: ['basicConstraints=critical,CA:true'], algorithm }
    const [root, impostor] = [issue(authority), issue(authority)]
    const leaf = issue({ issuer: root, signing })
    assert.deepEqual(reasons(parseCredential(leaf.certificate + root.certificate, leaf.key)), [])
    assert.deepEqual(reasons(parseCredential(leaf.certificate + impostor.certificate, leaf.key)), ['error ChainOrder'])
  }
})
