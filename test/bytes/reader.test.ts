import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DecodeError } from '../../src/bytes/decode-error.ts'
import { Reader } from '../../src/bytes/reader.ts'
import { Writer } from '../../src/bytes/writer.ts'

test('reads what the writer wrote, for every width', () => {
  const out = new Writer(1)
  out.u8(1)
  out.u16(0x0203)
  out.u24(0x040506)
  out.u32(0xfffefdfc)
  out.u64(0xfffefdfcfbfaf9f8n)
  out.prefixed8((inner) => inner.raw(Uint8Array.of(9)))
  out.prefixed16((inner) => inner.prefixed24((innermost) => innermost.u8(7)))
  const from = new Reader(out.finish())
  assert.equal(from.u8('a'), 1)
  assert.equal(from.u16('b'), 0x0203)
  assert.equal(from.u24('c'), 0x040506)
  assert.equal(from.u32('d'), 0xfffefdfc)
  assert.equal(from.u64('e'), 0xfffefdfcfbfaf9f8n)
  assert.deepEqual(from.sub8('f').rest(), Uint8Array.of(9))
  assert.equal(from.sub16('g').sub24('h').u8('i'), 7)
  from.end()
})

test('says what it was reading, where, and why it could not', () => {
  const from = new Reader(Uint8Array.of(0, 5, 1, 2))
  assert.throws(
    () => from.sub16('cipher_suites'),
    (error: unknown) =>
      error instanceof DecodeError && error.message === 'cipher_suites at byte 2: needs 5 bytes, 2 left',
  )
})

test('counts offsets from the start of the whole input in a sub-reader', () => {
  const outer = new Reader(Uint8Array.of(9, 2, 1, 1))
  outer.u8('x')
  const inner = outer.sub8('y')
  inner.u8('z')
  assert.throws(() => inner.u16('w'), /w at byte 3: needs 2 bytes, 1 left/)
})

test('refuses bytes left over', () => {
  const from = new Reader(Uint8Array.of(1, 2))
  from.u8('a')
  assert.throws(() => from.end(), DecodeError)
})

test('a writer refuses numbers and vectors that do not fit', () => {
  assert.throws(() => new Writer().u8(256), RangeError)
  assert.throws(() => new Writer().u16(-1), RangeError)
  assert.throws(() => new Writer().u8(1.5), RangeError)
  assert.throws(() => new Writer().prefixed8((out) => out.raw(new Uint8Array(256))), RangeError)
})
