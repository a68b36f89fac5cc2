import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DecodeError } from '../../src/bytes/decode-error.ts'
import { Reader } from '../../src/bytes/reader.ts'
import { Writer } from '../../src/bytes/writer.ts'

test('reads what the writer wrote, for every width', () => {
  const out = new Writer()
  out.u8(1)
  out.u16(0x0203)
  out.u24(0x040506)
  out.u32(0xfffefdfc)
  out.u64(2 ** 53 - 1)
  out.prefixed8((inner) => inner.raw(Uint8Array.of(9)))
  out.prefixed16((inner) => inner.prefixed24((innermost) => innermost.u8(7)))
  const from = new Reader(out.finish())
  assert.equal(from.u8('a'), 1)
  assert.equal(from.u16('b'), 0x0203)
  assert.equal(from.u24('c'), 0x040506)
  assert.equal(from.u32('d'), 0xfffefdfc)
  assert.equal(from.u64('e'), 2 ** 53 - 1)
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

test('refuses a number that is not exact, and one that is cut short', () => {
  assert.throws(
    () => new Reader(Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0)).u64('time'),
    /time at byte 4: above 2\^53 - 1/,
  )
  assert.throws(() => new Reader(new Uint8Array(7)).u64('time'), DecodeError)
  assert.throws(() => new Writer().u64(2 ** 53 * 2 ** 12), RangeError)
})

test('a sub-reader ends where its vector ends, though more bytes stand behind it', () => {
  const outer = new Reader(Uint8Array.of(2, 7, 8, 9))
  const inner = outer.sub8('y')
  assert.equal(inner.remaining, 2)
  assert.deepEqual(inner.rest(), Uint8Array.of(7, 8))
  assert.throws(() => inner.u8('z'), /z at byte 3: needs 1 bytes, 0 left/)
  assert.equal(outer.u8('w'), 9)
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

test('writers that are open at the same time, or one after the other, do not see what others wrote', () => {
  const outer = new Writer()
  outer.raw(new Uint8Array(3).fill(1))
  const inner = new Writer()
  inner.raw(new Uint8Array(5).fill(2))
  const written = inner.finish()
  outer.raw(written)
  assert.deepEqual(outer.finish(), Uint8Array.of(1, 1, 1, 2, 2, 2, 2, 2))
  const later = new Writer()
  later.prefixed8(() => undefined)
  assert.deepEqual(later.finish(), Uint8Array.of(0))
  assert.deepEqual(written, new Uint8Array(5).fill(2))
})

test('a writer grows as far as it has to', () => {
  const out = new Writer()
  const long = Uint8Array.from({ length: 10_000 }, (_, i) => i)
  out.prefixed24((body) => {
    for (let at = 0; at < long.length; at += 999) body.raw(long.subarray(at, at + 999))
  })
  const from = new Reader(out.finish())
  assert.deepEqual(from.sub24('long').rest(), long)
  from.end()
})
