import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import { toHex } from '../../src/bytes/hex.ts'
import { formatAddress, parseAddress } from '../../src/bytes/ip-address.ts'

const pairs: readonly (readonly [string, string, string])[] = [
  ['127.0.0.1', '7f000001', '127.0.0.1'],
  ['::1', '00000000000000000000000000000001', '::1'],
  ['::', '00000000000000000000000000000000', '::'],
  ['2001:DB8::1:0:0:1', '20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
  ['fe80::1%eth0', 'fe800000000000000000000000000001', 'fe80::1'],
  ['::ffff:192.0.2.1', 'c0000201', '192.0.2.1'],
  ['::ffff:c000:201', 'c0000201', '192.0.2.1'],
  ['64:ff9b::192.0.2.1', '0064ff9b0000000000000000c0000201', '64:ff9b::c000:201'],
  ['1:2:3:4:5:6:7::', '00010002000300040005000600070000', '1:2:3:4:5:6:7:0'],
]
for (const [text, bytes, canonical] of pairs) {
  test(`reads and writes ${text}`, () => {
    const address = parseAddress(text)
    assert.ok(address)
    assert.equal(toHex(address), bytes)
    assert.equal(formatAddress(address), canonical)
  })
}

test('has the same opinion as Node of what an address is', () => {
  const texts = [
    '',
    '1',
    '1.2.3',
    '1.2.3.4',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1..2.3',
    'a.b.c.d',
    ':',
    ':::',
    '::1',
    '1::',
    '1::2::3',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::',
    '::1.2.3.4',
    '::1.2.3',
    '1:2:3:4:5:6:1.2.3.4',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::ffff:1.2.3.256',
    '::ffff:1.2.3.4',
    '::FFFF:1.2.3.4',
    '::ffff:01.2.3.4',
    '::ffff:1.2.3',
    '::ffff:1.2.3.4.5',
    '::ffff:1.2.3.4%eth0',
    '::ffff:1.2.3.4%eth0%',
    '::ffff:',
    '::ffff:::',
    '1.2.3.4%',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '1.2.3.4::',
    '1.2.3.4%eth0',
    'localhost',
  ]
  for (const text of texts) assert.equal(parseAddress(text) !== undefined, isIP(text) !== 0, JSON.stringify(text))
})

test('reads each number that an octet can have, and none beyond, on its own and mapped', () => {
  for (let octet = 0; octet < 1100; octet++) {
    const bytes = octet < 256 ? Uint8Array.of(octet, 0, 255, octet) : undefined
    const text = `${octet}.0.255.${octet}`
    assert.deepEqual(parseAddress(text), bytes)
    assert.deepEqual(parseAddress(`::ffff:${text}`), bytes)
  }
})
