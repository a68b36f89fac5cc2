/**
 * Which of several credentials a client gets, by what it says of signatures and authorities.
 *
 * Shows RFC 8446 §4.2.4.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { native } from '../../../src/crypto/native/provider.ts'
import type { ServerCredential } from '../../../src/tls/config.ts'
import { chooseCredential } from '../../../src/tls/handshake/choose-credential.ts'
import type { ChainWishes } from '../../../src/tls/chain-wishes.ts'
import { extensionType } from '../../../src/wire/code-points.ts'
import type { Extension } from '../../../src/wire/extension.ts'
import { writeCertificateAuthorities } from '../../../src/wire/extensions/certificate-authorities.ts'
import { writeNumbers16 } from '../../../src/wire/extensions/number-list.ts'
import { parseCertificate } from '../../../src/x509/certificate.ts'
import { parseCredential } from '../../../src/x509/credential.ts'
import { algorithms, issue, type Issued } from '../../support/openssl.ts'
import { seededRandom } from '../../support/random.ts'
import { TestClient } from '../../support/tls-client.ts'
import { TestTls12Client } from '../../support/tls12-client.ts'
import { established } from '../../support/tls-server.ts'

const authority = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign']
const rsaRoot = issue({ algorithm: algorithms.rsa, subject: '/CN=RSA root', extensions: authority })
const pssRoot = issue({
  algorithm: algorithms.rsa,
  subject: '/CN=PSS root',
  extensions: authority,
  signing: ['-sigopt', 'rsa_padding_mode:pss'],
})
const ecRoot = issue({ algorithm: algorithms['ecdsa-p384'], subject: '/CN=EC root', extensions: authority })

const byRsa = make(algorithms['ecdsa-p256'], rsaRoot)
const byPss = make(algorithms['ecdsa-p256'], pssRoot, [
  '-sigopt',
  'rsa_padding_mode:pss',
  '-sigopt',
  'rsa_pss_saltlen:32',
])
const byEc = make(algorithms['ecdsa-p256'], ecRoot, ['-sha384'])
const rsaKey = make(algorithms.rsa, rsaRoot)

const ecdsa256 = 0x0403
const ecdsa384 = 0x0503
const pss256 = 0x0804
const pkcs256 = 0x0401

function make(algorithm: readonly string[], issuer: Issued, signing?: readonly string[]): ServerCredential {
  const leaf = issue({ algorithm, issuer, ...(signing === undefined ? {} : { signing }) })
  const credential = parseCredential(leaf.certificate + issuer.certificate, leaf.key)
  return { ...credential, signingKey: native.signingKey(credential.privateKey) }
}

function choose(wishes: Partial<ChainWishes>, ...credentials: readonly ServerCredential[]): ServerCredential {
  const nothing = { signatureSchemes: undefined, certificateSchemes: undefined, authorities: [] }
  return chooseCredential({ wishes: { ...nothing, ...wishes }, serverName: undefined }, credentials).credential
}

function nameOf(root: Issued): Uint8Array {
  return parseCertificate(parseCredential(root.certificate, root.key).chain[0] as Uint8Array).subject.der
}

suite('the credential that a client gets', () => {
  test('is the first whose key it can verify', () => {
    assert.equal(choose({ signatureSchemes: [ecdsa256, pkcs256, ecdsa384, pss256] }, byRsa, rsaKey), byRsa)
    assert.equal(choose({ signatureSchemes: [pss256, pkcs256] }, byRsa, rsaKey), rsaKey)
  })

  test('is rather one whose chain it can verify too', () => {
    assert.equal(choose({ signatureSchemes: [ecdsa256, ecdsa384] }, byRsa, byEc), byEc)
    assert.equal(choose({ signatureSchemes: [ecdsa256, pss256] }, byRsa, byEc, byPss), byPss)
    assert.equal(choose({ signatureSchemes: [ecdsa256, pkcs256] }, byEc, byRsa), byRsa)
  })

  test('is found by signature_algorithms_cert where that is there', () => {
    const signatureSchemes = [ecdsa256, ecdsa384]
    assert.equal(choose({ signatureSchemes, certificateSchemes: [pkcs256] }, byEc, byRsa), byRsa)
    assert.equal(
      choose({ signatureSchemes: [...signatureSchemes, pkcs256], certificateSchemes: [ecdsa384] }, byRsa, byEc),
      byEc,
    )
  })

  test('is the first again where none has such a chain: the client may know better than it says', () => {
    assert.equal(choose({ signatureSchemes: [ecdsa256], certificateSchemes: [0x0603] }, byRsa, byEc), byRsa)
  })

  test('is rather one of an authority that it names, and the first where it names others', () => {
    const signatureSchemes = [ecdsa256, ecdsa384, pkcs256]
    assert.equal(choose({ signatureSchemes, authorities: [nameOf(ecRoot)] }, byRsa, byEc), byEc)
    assert.equal(choose({ signatureSchemes, authorities: [nameOf(pssRoot)] }, byRsa, byEc), byRsa)
  })

  for (const version of ['TLSv1.3', 'TLSv1.2'] as const)
    test(`is chosen so in a handshake of ${version}`, () => {
      const credentials = (): readonly ServerCredential[] => [byRsa, byEc]
      const fingerprint = (wish: Extension): string => {
        const common = { crypto: native, random: seededRandom(7) }
        const client =
          version === 'TLSv1.3'
            ? new TestClient({ ...common, extra: [wish] })
            : new TestTls12Client({ ...common, editExtensions: (extensions) => [...extensions, wish] })
        const complete = established(client, { credentials }).events.at(-1)
        return complete?.type === 'handshake-complete' ? complete.fingerprint : ''
      }
      const scheme = { type: extensionType.signatureAlgorithmsCert, body: writeNumbers16([ecdsa384]) }
      const named = {
        type: extensionType.certificateAuthorities,
        body: writeCertificateAuthorities([nameOf(ecRoot)]),
      }
      assert.deepEqual([scheme, named].map(fingerprint), [byEc.fingerprint, byEc.fingerprint])
    })
})
