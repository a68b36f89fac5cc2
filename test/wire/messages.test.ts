import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { DecodeError } from '../../src/bytes/decode-error.ts'
import { fromHex, toHex } from '../../src/bytes/hex.ts'
import { Reader } from '../../src/bytes/reader.ts'
import { Writer } from '../../src/bytes/writer.ts'
import { readAlert, writeAlert } from '../../src/wire/alert.ts'
import { readCertificateVerify, writeCertificateVerify } from '../../src/wire/certificate-verify.ts'
import { readCertificateRequest, writeCertificateRequest } from '../../src/wire/certificate-request.ts'
import { readCertificate, writeCertificate } from '../../src/wire/certificate.ts'
import { alertDescription, alertName } from '../../src/wire/code-points.ts'
import { readCompressedCertificate, writeCompressedCertificate } from '../../src/wire/compressed-certificate.ts'
import { readEncryptedExtensions, writeEncryptedExtensions } from '../../src/wire/encrypted-extensions.ts'
import { readExtensions, writeExtensions } from '../../src/wire/extension.ts'
import { readKeyUpdate, writeKeyUpdate } from '../../src/wire/key-update.ts'
import { writeMaxEarlyData } from '../../src/wire/extensions/early-data.ts'
import { readNewSessionTicket, writeNewSessionTicket } from '../../src/wire/new-session-ticket.ts'
import { refusesOtherLengths } from '../support/codec.ts'

suite('the other messages', () => {
  test('Certificate comes back as it was written, and is refused cut short', () => {
    const chain = [Uint8Array.of(1, 2, 3), new Uint8Array(300).fill(7)]
    const bytes = written((out) => writeCertificate(out, chain))
    const { context, entries } = readCertificate(bytes)
    assert.equal(context.length, 0)
    assert.deepEqual(
      entries.map(({ data }) => toHex(data)),
      chain.map((der) => toHex(der)),
    )
    refusesOtherLengths(readCertificate, bytes)
  })

  test('Certificate carries the context of its request, and the extensions of each entry', () => {
    const { context, entries } = readCertificate(fromHex('02 0102 00000e 000003 aabbcc 0006 0005 0002 0102'))
    assert.equal(toHex(context), '0102')
    assert.deepEqual(entries, [{ data: fromHex('aabbcc'), extensions: [{ type: 5, body: fromHex('0102') }] }])
    assert.equal(toHex(written((out) => writeCertificate(out, [], context))), '020102000000')
    assert.throws(() => readCertificate(fromHex('00 000005 000000 0000')), DecodeError, 'an empty certificate')
  })

  test('CompressedCertificate comes back as it was written, and is refused cut short, or empty', () => {
    const message = { algorithm: 2, uncompressedLength: 70_000, compressed: Uint8Array.of(1, 2, 3) }
    const bytes = written((out) => writeCompressedCertificate(out, message))
    assert.equal(toHex(bytes), '0002011170000003010203')
    assert.deepEqual(readCompressedCertificate(bytes), message)
    refusesOtherLengths(readCompressedCertificate, bytes)
    assert.throws(() => readCompressedCertificate(fromHex('0002 000001 000000')), DecodeError)
  })

  test('CertificateRequest comes back as it was written, and is refused cut short', () => {
    const request = { context: Uint8Array.of(7), extensions: [{ type: 13, body: fromHex('00020403') }] }
    const bytes = written((out) => writeCertificateRequest(out, request))
    assert.equal(toHex(bytes), '01070008000d000400020403')
    assert.deepEqual(readCertificateRequest(bytes), request)
    refusesOtherLengths(readCertificateRequest, bytes)
  })

  test('NewSessionTicket comes back as it was written, and is refused cut short or without a ticket', () => {
    const message = {
      lifetime: 604_800,
      ageAdd: 0xfffffffe,
      nonce: Uint8Array.of(0, 1),
      ticket: new Uint8Array(5).fill(9),
      extensions: [{ type: 42, body: writeMaxEarlyData(16_384) }],
    }
    const bytes = written((out) => writeNewSessionTicket(out, message))
    assert.equal(toHex(bytes), '00093a80fffffffe02000100050909090909 0008 002a 0004 00004000'.replaceAll(' ', ''))
    assert.deepEqual(readNewSessionTicket(bytes), message)
    refusesOtherLengths(readNewSessionTicket, bytes)
    assert.throws(() => readNewSessionTicket(fromHex('00000001 00000002 00 0000 0000')), DecodeError)
  })

  test('EncryptedExtensions may be empty, and is refused cut short', () => {
    assert.deepEqual(readEncryptedExtensions(written((out) => writeEncryptedExtensions(out, []))), [])
    const extensions = [{ type: 0, body: new Uint8Array(0) }]
    const bytes = written((out) => writeEncryptedExtensions(out, extensions))
    assert.deepEqual(readEncryptedExtensions(bytes), extensions)
    refusesOtherLengths(readEncryptedExtensions, bytes)
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

  test('the alerts that RFC 5246 §7.2.2 gave up are none of ours', () => {
    const numbers = new Set<number>(Object.values(alertDescription))
    for (const retired of [21, 41, 60]) assert(!numbers.has(retired), `${retired}`)
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
