import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matches, normalize, wildcardOf } from '../../src/x509/host-name.ts'

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
