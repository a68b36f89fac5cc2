import assert from 'node:assert/strict'
import { test } from 'node:test'
import { native } from '../../src/crypto/native/provider.ts'
import { lentMemory, readBytes, RecordPool } from '../../src/terminator/record-pool.ts'
import { Outgoing } from '../../src/tls/record/outgoing.ts'
import { Tls12Protection } from '../../src/tls/tls12/protection.ts'

test('a piece that was given back is the next one that is taken', () => {
  const pool = new RecordPool(66 * 1024)
  const piece = pool.take(100)
  pool.giveBack([piece.subarray(0, 20)])
  const next = pool.take(100)
  assert.equal(next.buffer, piece.buffer)
  assert.equal(next.length, piece.length)
})

test('a piece that was not given back is nobody else’s', () => {
  const pool = new RecordPool(66 * 1024)
  assert.notEqual(pool.take(100).buffer, pool.take(100).buffer)
})

test('a piece that is given back twice is lent once', () => {
  const pool = new RecordPool(66 * 1024)
  const piece = pool.take(100)
  pool.giveBack([piece, piece.subarray(5)])
  pool.giveBack([piece])
  assert.notEqual(pool.take(100).buffer, pool.take(100).buffer)
})

test('every length gets a piece that is long enough', () => {
  const pool = new RecordPool(66 * 1024)
  for (const length of [1, 4096, 4097, 65_536, 70_000, 1_000_000]) {
    const piece = pool.take(length)
    assert.ok(piece.length >= length)
    pool.giveBack([piece])
  }
})

test('what is kept for later has a bound, and nothing of strange length is kept', () => {
  const pool = new RecordPool(66 * 1024)
  const pieces = Array.from({ length: 50 }, () => pool.take(5000))
  const long = pool.take(1_000_000)
  pool.giveBack([...pieces, long])
  const again = new Set(Array.from({ length: 50 }, () => pool.take(5000).buffer))
  const kept = pieces.filter(({ buffer }) => again.has(buffer))
  assert.ok(kept.length > 0 && kept.length < 10)
  assert.notEqual(pool.take(1_000_000).buffer, long.buffer)
})

test('all that is made of one read stands in one piece, which is lent again', () => {
  const { records, contents } = lentMemory()
  const outgoing = new Outgoing(undefined, records)
  // No record is longer than one of TLS 1.2 under AES-GCM.
  outgoing.use(new Tls12Protection(native, { aead: 'AES-128-GCM', key: new Uint8Array(16), iv: new Uint8Array(4) }))
  outgoing.send(23, new Uint8Array(readBytes))
  const pieces = outgoing.take()
  assert.equal(pieces.length, 1)
  records.giveBack(pieces)
  assert.equal(records.take(readBytes).buffer, pieces[0]?.buffer)
  // The longest record, of which all but a byte was there; and behind that byte nothing but others.
  const opened = contents.take(2 ** 14 + 1024 + readBytes - 1)
  contents.giveBack([opened])
  assert.equal(contents.take(5000).buffer, opened.buffer)
})
