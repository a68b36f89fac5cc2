import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { concat } from '../../src/bytes/arrays.ts'
import { DecodeError } from '../../src/bytes/decode-error.ts'
import { fromHex, toHex } from '../../src/bytes/hex.ts'
import { parseAddress } from '../../src/bytes/ip-address.ts'
import type { PeerAddress, ProxyClient } from '../../src/terminator/proxy-protocol.ts'
import { crc32c, longestHeader, readProxyHeader } from '../../src/terminator/read-proxy-header.ts'
import { writeLocalHeader, writeProxyHeader } from '../../src/terminator/write-proxy-header.ts'
import { chainFaults } from '../../src/x509/chain-fault.ts'

const signature = '0d0a0d0a000d0a515549540a'
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

function peer(address: string, port: number): PeerAddress {
  const bytes = parseAddress(address)
  assert.ok(bytes)
  return { address: bytes, port }
}

const four = { source: peer('192.0.2.7', 51_000), destination: peer('198.51.100.1', 443) }
const six = { source: peer('2001:db8::7', 51_000), destination: peer('2001:db8::1', 443) }
const mixed = { source: peer('192.0.2.7', 51_000), destination: peer('2001:db8::1', 443) }

test('writes TCP over IPv4 byte for byte', () => {
  assert.equal(toHex(writeProxyHeader(four)), `${signature}2111000cc0000207c6336401c73801bb`)
})

test('writes TCP over IPv6 byte for byte', () => {
  assert.equal(
    toHex(writeProxyHeader(six)),
    `${signature}2121002420010db800000000000000000000000720010db8000000000000000000000001c73801bb`,
  )
})

test('writes two families as IPv6, the other one mapped', () => {
  assert.equal(
    toHex(writeProxyHeader(mixed)),
    `${signature}2121002400000000000000000000ffffc000020720010db8000000000000000000000001c73801bb`,
  )
})

test('writes a mapped client as the IPv4 client it is', () => {
  const source = peer('::ffff:192.0.2.7', 51_000)
  const destination = peer('::ffff:198.51.100.1', 443)
  assert.deepEqual(writeProxyHeader({ source, destination }), writeProxyHeader(four))
})

test('tells ALPN, server name, version and suite in TLVs', () => {
  const tls = { version: 'TLSv1.3', suite: 'TLS_AES_128_GCM_SHA256', serverName: 'a.example', alpn: 'h2' }
  const header = toHex(writeProxyHeader(four, tls))
  const tlvs = [
    '010002' + toHex(ascii('h2')),
    '020009' + toHex(ascii('a.example')),
    // 1 + 4 + (3 + 7) + (3 + 22)
    '2000280100000001210007' + toHex(ascii('TLSv1.3')) + '230016' + toHex(ascii('TLS_AES_128_GCM_SHA256')),
  ].join('')
  assert.equal(
    header,
    `${signature}2111${(12 + tlvs.length / 2).toString(16).padStart(4, '0')}c0000207c6336401c73801bb${tlvs}`,
  )
  assert.deepEqual(readProxyHeader(fromHex(header))?.addresses, four)
})

test('leaves out what the client did not say', () => {
  const tls = { version: 'TLSv1.3', suite: 'S', serverName: undefined, alpn: undefined }
  const tlvs = toHex(writeProxyHeader(four, tls)).slice(2 * 28)
  assert.ok(tlvs.startsWith('20'), tlvs)
})

/** The TLVs of a header for this client, in hex. */
const ssl = (client: ProxyClient | undefined): string => {
  const tls = { version: 'TLSv1.3', suite: 'S', serverName: undefined, alpn: undefined }
  return toHex(writeProxyHeader(four, client === undefined ? tls : { ...tls, client })).slice(2 * 28)
}
const version = '210007' + toHex(ascii('TLSv1.3'))
const suite = '230001' + toHex(ascii('S'))
const name = (text: string): string => '2200' + text.length.toString(16).padStart(2, '0') + toHex(ascii(text))
const value = (flags: string, verify: string, ...parts: readonly string[]): string => {
  const body = flags + verify + parts.join('')
  return `20${(body.length / 2).toString(16).padStart(4, '0')}${body}`
}

describe('who the client is', () => {
  test('is said with the common name and that it was verified, in this connection or an earlier one', () => {
    const ann = { verify: 0, commonName: 'ann', resumed: false }
    assert.equal(ssl(ann), value('07', '00000000', version, name('ann'), suite))
    assert.equal(ssl({ ...ann, resumed: true }), value('05', '00000000', version, name('ann'), suite))
  })

  test('is said to be unverified, with the number why', () => {
    const expired = { verify: chainFaults.expired.code, commonName: 'ann', resumed: false }
    assert.equal(ssl(expired), value('07', '0000000a', version, name('ann'), suite))
    assert.equal(ssl(undefined), value('01', '00000001', version, suite))
  })

  test('is left out where nginx would put something else into a header than a name', () => {
    for (const commonName of ['', 'a\r\nx: y', 'a\0', 'a\u007f', 'a\u0085', 'a\ufffd', 'a'.repeat(65), undefined])
      assert.equal(ssl({ verify: 0, commonName, resumed: false }), value('07', '00000000', version, suite))
  })

  test('fits into what nginx reads, with the longest names there can be', () => {
    const client = { verify: 0, commonName: '\u{1f980}'.repeat(32), resumed: false }
    const tls = {
      version: 'TLSv1.3',
      suite: 's'.repeat(50),
      serverName: 'n'.repeat(255),
      alpn: 'a'.repeat(255),
      client,
    }
    assert.ok(writeProxyHeader(six, tls).length < longestHeader)
  })
})

test('every reason not to believe a certificate has a number that is not that of success', () => {
  for (const { code } of Object.values(chainFaults)) assert.ok(Number.isInteger(code) && code > 0)
})

test('a local header has no addresses', () => {
  assert.equal(toHex(writeLocalHeader()), `${signature}20000000`)
  assert.deepEqual(readProxyHeader(writeLocalHeader()), { length: 16, addresses: undefined })
})

const withChecksum = (sum: (header: Uint8Array) => number): Uint8Array => {
  const header = fromHex(`${signature}21110013c0000207c6336401c73801bb03000400000000`)
  const value = sum(header)
  header.set([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255], header.length - 4)
  return header
}

const good: Readonly<Record<string, readonly [Uint8Array, unknown]>> = {
  'version 2 over IPv4': [writeProxyHeader(four), four],
  'version 2 over IPv6': [writeProxyHeader(six), six],
  'version 2 over both': [writeProxyHeader(mixed), mixed],
  'version 2 with TLVs': [
    writeProxyHeader(six, { version: 'TLSv1.3', suite: 'S', serverName: 'x.example', alpn: 'h2' }),
    six,
  ],
  'version 2, LOCAL with a body': [fromHex(`${signature}2011000cc0000207c6336401c73801bb`), undefined],
  'version 2, UNSPEC with a body': [fromHex(`${signature}21000003aabbcc`), undefined],
  'version 2, a UNIX stream': [concat(fromHex(`${signature}213100d8`), new Uint8Array(216)), undefined],
  'version 2 with a right checksum': [withChecksum(crc32c), four],
  'version 1 over IPv4': [ascii('PROXY TCP4 192.0.2.7 198.51.100.1 51000 443\r\n'), four],
  'version 1 over IPv6': [ascii('PROXY TCP6 2001:db8::7 2001:db8::1 51000 443\r\n'), six],
  'version 1, a mapped address': [ascii('PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 51000 443\r\n'), four],
  'version 1, UNKNOWN': [ascii('PROXY UNKNOWN\r\n'), undefined],
  'version 1, UNKNOWN with the longest line': [ascii(`PROXY UNKNOWN ${'f'.repeat(91)}\r\n`), undefined],
}

for (const [name, [bytes, addresses]] of Object.entries(good)) {
  test(`reads ${name}, and leaves what follows`, () => {
    assert.deepEqual(readProxyHeader(bytes), { length: bytes.length, addresses })
    assert.deepEqual(readProxyHeader(concat(bytes, ascii('GET / HTTP/1.1'))), { length: bytes.length, addresses })
  })

  test(`waits for more of ${name} at every byte`, () => {
    for (let length = 0; length < bytes.length; length++)
      assert.equal(readProxyHeader(bytes.subarray(0, length)), undefined, `${length} bytes`)
  })

  test(`survives every flipped bit of ${name}`, () => {
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      try {
        readProxyHeader(flipped)
      } catch (error) {
        assert.ok(error instanceof DecodeError, String(error))
      }
    }
  })
}

const bad: Readonly<Record<string, Uint8Array>> = {
  HTTP: ascii('GET / HTTP/1.1\r\n\r\n'),
  'a ClientHello': fromHex('16030100f8'),
  'one wrong byte': ascii('X'),
  'a signature that goes astray': fromHex('0d0a0d0a01'),
  'version 3': fromHex(`${signature}31`),
  'an unknown command': fromHex(`${signature}22`),
  'a datagram': fromHex(`${signature}2112000cc0000207c6336401c73801bb`),
  'an unassigned family': fromHex(`${signature}2141000cc0000207c6336401c73801bb`),
  'addresses that do not fit': fromHex(`${signature}2111000bc0000207c6336401c73801`),
  'IPv6 with the length of IPv4': fromHex(`${signature}2121000cc0000207c6336401c73801bb`),
  'a TLV that does not fit': fromHex(`${signature}21110010c0000207c6336401c73801bb01000261`),
  'half a TLV': fromHex(`${signature}2111000dc0000207c6336401c73801bb01`),
  'a wrong checksum': withChecksum((header) => crc32c(header) ^ 1),
  'a header over the limit': fromHex(`${signature}2111${(longestHeader - 15).toString(16).padStart(4, '0')}`),
  'a line that never ends': ascii(`PROXY UNKNOWN ${'f'.repeat(93)}`),
  'a line without CR': ascii('PROXY TCP4 192.0.2.7 198.51.100.1 51000 443\n'),
  'too few words': ascii('PROXY TCP4 192.0.2.7 198.51.100.1 51000\r\n'),
  'too many words': ascii('PROXY TCP4 192.0.2.7 198.51.100.1 51000 443 1\r\n'),
  'two spaces': ascii('PROXY TCP4  192.0.2.7 198.51.100.1 51000 443\r\n'),
  'a family nobody knows': ascii('PROXY UDP4 192.0.2.7 198.51.100.1 51000 443\r\n'),
  'UNKNOWN with a tail': ascii('PROXY UNKNOWNS\r\n'),
  'IPv6 as TCP4': ascii('PROXY TCP4 ::1 ::1 51000 443\r\n'),
  'IPv4 as TCP6': ascii('PROXY TCP6 192.0.2.7 198.51.100.1 51000 443\r\n'),
  'an octal address': ascii('PROXY TCP4 192.0.02.7 198.51.100.1 51000 443\r\n'),
  'a port too large': ascii('PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n'),
  'a port with a zero in front': ascii('PROXY TCP4 192.0.2.7 198.51.100.1 051000 443\r\n'),
  'a port with a sign': ascii('PROXY TCP4 192.0.2.7 198.51.100.1 +1 443\r\n'),
  'other than ASCII': concat(ascii('PROXY UNKNOWN '), Uint8Array.of(0xff), ascii('\r\n')),
}

for (const [name, bytes] of Object.entries(bad)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => readProxyHeader(bytes), DecodeError)
  })
}

test('refuses a second checksum, however right the first one is', () => {
  const header = fromHex(`${signature}2111001ac0000207c6336401c73801bb0300040000000003000400000000`)
  const value = crc32c(header)
  header.set([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255], 31)
  assert.throws(() => readProxyHeader(header), /a second checksum/)
})

test('computes the CRC32c that everybody computes', () => {
  assert.equal(crc32c(ascii('123456789')), 0xe306_9283) // the check value of the CRC catalogue
})
