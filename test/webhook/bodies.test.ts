import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { Bodies, maxBody } from '../../src/webhook/bodies.ts'

test('a body comes whole, in whatever pieces', async () => {
  const bodies = new Bodies()
  const request = new PassThrough()
  const read = bodies.read(request)
  for (const byte of Buffer.from('größer')) request.write(Buffer.of(byte))
  request.end()
  assert.equal(await read, 'größer')
})

test('one that is too long is not read to its end', async () => {
  const request = new PassThrough()
  const read = new Bodies().read(request)
  request.write(Buffer.alloc(maxBody))
  request.write(Buffer.of(1))
  assert.equal(await read, undefined)
})

test('where all together hold too much, the oldest is broken off, and its room is free again', async () => {
  const bodies = new Bodies()
  const requests = Array.from({ length: 12 }, () => new PassThrough({ highWaterMark: maxBody * 2 }))
  const ends = requests.map((request) =>
    bodies.read(request).then(
      (text) => text?.length,
      (error: Error) => error.message,
    ),
  )
  for (const request of requests) request.write(Buffer.alloc(maxBody))
  // Eight have room; for each of the four others one goes.
  const oldest = await Promise.all(ends.slice(0, 4))
  for (const end of oldest) assert.match(String(end), /more than 33554432 bytes of requests are under way/)
  for (const request of requests.slice(4)) request.end()
  assert.deepEqual(
    await Promise.all(ends.slice(4)),
    Array.from({ length: 8 }, () => maxBody),
  )
  const next = new PassThrough()
  const read = bodies.read(next)
  next.end('x')
  assert.equal(await read, 'x')
})
