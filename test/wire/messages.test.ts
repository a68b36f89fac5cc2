import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { DecodeError } from '../../src/bytes/decode-error.ts'
import { toHex } from '../../src/bytes/hex.ts'
import { Reader } from '../../src/bytes/reader.ts'
import { Writer } from '../../src/bytes/writer.ts'
import { readAlert, writeAlert } from '../../src/wire/alert.ts'
import { readCertificateVerify, writeCertificateVerify } from '../../src/wire/certificate-verify.ts'
import { readCertificate, writeCertificate } from '../../src/wire/certificate.ts'
import { alertDescription, alertName } from '../../src/wire/code-points.ts'
import { readExtensions, writeExtensions } from '../../src/wire/extension.ts'
import { readKeyUpdate, writeKeyUpdate } from '../../src/wire/key-update.ts'
import { refusesOtherLengths } from '../support/codec.ts'

suite('the other messages', () => {
  test('Certificate comes back as it was written, and is refused cut short', () => {
    const chain = [Uint8Array.of(1, 2, 3), new Uint8Array(300).fill(7)]
    const bytes = written((out) => writeCertificate(out, chain))
    assert.deepEqual(readCertificate(bytes).map(toHex), chain.map(toHex))
    refusesOtherLengths(readCertificate, bytes)
  })

  test('CertificateVerify comes back as it was written, and is refused cut short', () => {
    const bytes = written((out) => writeCertificateVerify(out, { scheme: 0x0807, signature: Uint8Array.of(9, 8) }))
    assert.equal(toHex(bytes), '080700020908')
    assert.equal(readCertificateVerify(bytes).scheme, 0x0807)
    refusesOtherLengths(readCertificateVerify, bytes)
  })

  test('KeyUpdate is one byte, whatever it says', () => {
    for (const request of [0, 1, 2, 255]) {
      const bytes = written((out) => writeKeyUpdate(out, { request }))
      assert.deepEqual(readKeyUpdate(bytes), { request })
      refusesOtherLengths(readKeyUpdate, bytes)
    }
  })

  test('an alert is two bytes, and has the name that the standard gives it', () => {
    assert.equal(toHex(writeAlert({ level: 2, description: alertDescription.protocol_version })), '0246')
    refusesOtherLengths((bytes) => readAlert(new Reader(bytes)), Uint8Array.of(2, 70))
    assert.equal(alertName(112), 'unrecognized_name')
    assert.equal(alertName(200), 'alert_200')
  })

  test('extensions come back in their order, and are refused cut short', () => {
    const extensions = [
      { type: 43, body: Uint8Array.of(2, 3, 4) },
      { type: 0xfafa, body: new Uint8Array(0) },
      { type: 43, body: Uint8Array.of(1) },
    ]
    const bytes = written((out) => writeExtensions(out, extensions))
    assert.deepEqual(readExtensions(new Reader(bytes)), extensions)
    for (let length = 0; length < bytes.length; length++)
      assert.throws(() => readExtensions(new Reader(bytes.subarray(0, length))), DecodeError)
  })
})

function written(body: (out: Writer) => void): Uint8Array {
  const out = new Writer()
  body(out)
  return out.finish()
}
