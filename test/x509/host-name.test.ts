/**
 * Shows RFC 9525 §6, §6.3.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCertificate, type Certificate } from '../../src/x509/certificate.ts'
import { coversName, matches, normalize, wildcardOf } from '../../src/x509/host-name.ts'
import { parsePem } from '../../src/x509/pem.ts'
import { issue } from '../support/openssl.ts'

test('names are compared in lower case and without the trailing dot', () => {
  assert.equal(normalize('Shop.Example.TEST.'), 'shop.example.test')
  assert.ok(matches('SHOP.example.test', 'shop.example.test.'))
})

test('a wildcard stands for exactly one whole left-most label', () => {
  const covered = ['a.example.test', 'A.EXAMPLE.TEST', '*.example.test']
  const not = [
    'example.test',
    'a.b.example.test',
    '.example.test',
    'aexample.test',
    'a.example.test.evil',
    '*.a.example.test',
    '',
  ]
  for (const name of covered) assert.ok(matches('*.example.test', name), name)
  for (const name of not) assert.ok(!matches('*.example.test', name), name)
})

test('a wildcard elsewhere, in part of a label, or for a whole registry covers nothing', () => {
  for (const pattern of ['a.*.test', 'f*.example.test', '*a.example.test', '*.test', '*', '*.'])
    for (const name of ['a.b.test', 'foo.example.test', 'a.test', 'test']) assert.ok(!matches(pattern, name), pattern)
})

test('the wildcard of a name takes the place of its first label', () => {
  assert.equal(wildcardOf('a.example.test'), '*.example.test')
  assert.equal(wildcardOf('localhost'), undefined)
})

test('a certificate carries the names of its subjectAltName, by name or by address, and no other (RFC 9525)', () => {
  const carries = certificate('DNS:shop.example.test', 'DNS:*.example.test', 'IP:192.0.2.1', 'IP:2001:db8::1')
  for (const name of [
    'shop.example.test',
    'Shop.Example.TEST.',
    'any.example.test',
    'xn--bcher-kva.example.test',
    '192.0.2.1',
    '2001:db8::1',
    '2001:DB8:0::1',
  ])
    assert.ok(coversName(carries, name), name)
  for (const name of [
    'example.test',
    'a.b.example.test',
    'commonname.test',
    '192.0.2.2',
    '2001:db8::2',
    '*.example.test',
    '.example.test',
    'bücher.example.test',
    'any.example.test\0.evil.test',
    '',
  ])
    assert.ok(!coversName(carries, name), name)
})

test('an address is no host name, and a host name that looks like one is no address', () => {
  assert.ok(!coversName(certificate('DNS:192.0.2.1'), '192.0.2.1'))
  assert.ok(!coversName(certificate('DNS:*.0.2.1'), '192.0.2.1'))
  assert.ok(!coversName(certificate('IP:192.0.2.1'), '192.0.2.1.example.test'))
})

function certificate(...names: readonly string[]): Certificate {
  const { certificate } = issue({
    subject: '/CN=commonname.test',
    extensions: [`subjectAltName=${names.join()}`],
  })
  return parseCertificate(parsePem(certificate)[0]?.der ?? new Uint8Array())
}
