import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordPool } from '../../src/terminator/record-pool.ts'

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
