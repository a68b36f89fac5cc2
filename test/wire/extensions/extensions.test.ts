/** Each extension: it comes back as it was written, and neither a prefix of it nor a byte more is taken for it. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { DecodeError } from '../../../src/bytes/decode-error.ts'
import { toHex } from '../../../src/bytes/hex.ts'
import { readProtocolNames, writeProtocolNames } from '../../../src/wire/extensions/alpn.ts'
import {
  readCertificateAuthorities,
  writeCertificateAuthorities,
} from '../../../src/wire/extensions/certificate-authorities.ts'
import { readCookie, writeCookie } from '../../../src/wire/extensions/cookie.ts'
import { readEarlyData, readMaxEarlyData, writeMaxEarlyData } from '../../../src/wire/extensions/early-data.ts'
import {
  readClientShares,
  readServerShare,
  writeClientShares,
  writeServerShare,
} from '../../../src/wire/extensions/key-share.ts'
import { readMaxFragmentLength, writeMaxFragmentLength } from '../../../src/wire/extensions/max-fragment-length.ts'
import {
  readNumber,
  readNumbers16,
  readNumbers8,
  writeNumber,
  writeNumbers16,
  writeNumbers8,
} from '../../../src/wire/extensions/number-list.ts'
import { bindersLength, readOfferedPsks, writeOfferedPsks } from '../../../src/wire/extensions/pre-shared-key.ts'
import { readPskModes, writePskModes } from '../../../src/wire/extensions/psk-key-exchange-modes.ts'
import { readRecordSizeLimit, writeRecordSizeLimit } from '../../../src/wire/extensions/record-size-limit.ts'
import { readServerNames, writeServerNames } from '../../../src/wire/extensions/server-name.ts'
import { refusesOtherLengths } from '../../support/codec.ts'

interface Case<Value> {
  readonly name: string
  readonly value: Value
  readonly hex: string
  readonly read: (body: Uint8Array) => Value
  readonly write: (value: Value) => Uint8Array
  /** Bodies of the right length that break a bound. */
  readonly refused?: readonly (readonly number[])[]
}

suite('extensions', () => {
  check({
    name: 'server_name',
    value: [{ type: 0, name: Buffer.from('a.b') }],
    hex: '0006 00 0003 612e62',
    read: (body) => readServerNames(body).map(({ type, name }) => ({ type, name: Buffer.from(name) })),
    write: writeServerNames,
    refused: [
      [0, 0],
      [0, 3, 0, 0, 0],
      [0, 4, 0, 0, 2, 65],
    ],
  })
  check({
    name: 'record_size_limit',
    value: 16_385,
    hex: '4001',
    read: readRecordSizeLimit,
    write: writeRecordSizeLimit,
  })
  check({
    name: 'max_fragment_length',
    value: 4,
    hex: '04',
    read: readMaxFragmentLength,
    write: writeMaxFragmentLength,
  })
  check({
    name: 'certificate_authorities',
    value: [Buffer.from([0x30, 0x00]), Buffer.from([0x30, 0x01, 0x05])],
    hex: '0009 0002 3000 0003 300105',
    read: (body) => readCertificateAuthorities(body).map((name) => Buffer.from(name)),
    write: writeCertificateAuthorities,
    refused: [
      [0, 0],
      [0, 2, 0, 0],
      [0, 3, 0, 2, 48],
    ],
  })
  check({
    name: 'supported_groups',
    value: [0x001d, 0x0017, 0xaaaa],
    hex: '0006 001d 0017 aaaa',
    read: (body) => readNumbers16(body, 'supported_groups'),
    write: writeNumbers16,
    refused: [
      [0, 0],
      [0, 1, 0],
      [0, 3, 0, 29, 0],
    ],
  })
  check({
    name: 'supported_versions',
    value: [0x0304, 0x0303],
    hex: '04 0304 0303',
    read: (body) => readNumbers8(body, 'supported_versions'),
    write: writeNumbers8,
    refused: [[0], [1, 3], [3, 3, 4, 3]],
  })
  check({
    name: 'application_layer_protocol_negotiation',
    value: [Buffer.from('h2'), Buffer.from('http/1.1')],
    hex: '000c 02 6832 08 687474702f312e31',
    read: (body) => readProtocolNames(body).map((name) => Buffer.from(name)),
    write: writeProtocolNames,
    refused: [
      [0, 0],
      [0, 1, 0],
      [0, 3, 1, 65, 0],
    ],
  })
  check({
    name: 'key_share of a client',
    value: [
      { group: 0x001d, share: Uint8Array.of(1, 2) },
      { group: 0x0017, share: Uint8Array.of(4) },
    ],
    hex: '000b 001d 0002 0102 0017 0001 04',
    read: readClientShares,
    write: writeClientShares,
    refused: [[0, 4, 0, 29, 0, 0]],
  })
  check({
    name: 'key_share of a server',
    value: { group: 0x001d, share: Uint8Array.of(1, 2) },
    hex: '001d 0002 0102',
    read: readServerShare,
    write: writeServerShare,
  })
  check({
    name: 'pre_shared_key',
    value: {
      identities: [{ identity: Uint8Array.of(7), obfuscatedTicketAge: 0xffff_ffff }],
      binders: [new Uint8Array(32)],
    },
    hex: `0007 0001 07 ffffffff 0021 20 ${'00'.repeat(32)}`,
    read: readOfferedPsks,
    write: writeOfferedPsks,
    refused: [
      [0, 0, 0, 33, 32, ...new Uint8Array(32)],
      [0, 6, 0, 0, 0, 0, 0, 0, 0, 33, 32, ...new Uint8Array(32)],
      [0, 7, 0, 1, 7, 0, 0, 0, 0, 0, 0],
    ],
  })
  check({
    name: 'psk_key_exchange_modes',
    value: Uint8Array.of(1, 0),
    hex: '02 01 00',
    read: readPskModes,
    write: writePskModes,
    refused: [[0]],
  })
  check({
    name: 'cookie',
    value: Uint8Array.of(5, 6),
    hex: '0002 0506',
    read: readCookie,
    write: writeCookie,
    refused: [[0, 0]],
  })

  check({
    name: 'one number alone, as in supported_versions of a ServerHello',
    value: 0x0304,
    hex: '0304',
    read: (body) => readNumber(body, 'selected_version'),
    write: writeNumber,
  })
  check({
    name: 'early_data of a NewSessionTicket',
    value: 0xffff_ffff,
    hex: 'ffffffff',
    read: readMaxEarlyData,
    write: writeMaxEarlyData,
  })

  test('binders end the hello, and their length is known before they are', () => {
    const binders = [new Uint8Array(32), new Uint8Array(48)]
    const identities = [{ identity: Uint8Array.of(1), obfuscatedTicketAge: 0 }]
    const without = writeOfferedPsks({ identities, binders: [] }).length - bindersLength([])
    assert.equal(writeOfferedPsks({ identities, binders }).length, without + bindersLength(binders))
  })

  test('a client may send no key share at all, to be asked', () => {
    assert.deepEqual(readClientShares(Uint8Array.of(0, 0)), [])
  })

  test('early_data has no body', () => {
    readEarlyData(new Uint8Array(0))
    assert.throws(() => readEarlyData(Uint8Array.of(0)), DecodeError)
  })
})

function check<Value>({ name, value, hex, read, write, refused = [] }: Case<Value>): void {
  test(`${name} is written and read as the standard draws it`, () => {
    const bytes = write(value)
    assert.equal(toHex(bytes), hex.replaceAll(' ', ''))
    assert.deepEqual(read(bytes), value)
  })

  test(`${name} cut short or too long is refused`, () => {
    refusesOtherLengths(read, write(value))
    for (const body of refused) assert.throws(() => read(Uint8Array.from(body)), DecodeError, `[${body.join()}]`)
  })
}
