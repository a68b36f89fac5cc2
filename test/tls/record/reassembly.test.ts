import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { Fault } from '../../../src/tls/fault.ts'
import { Reassembly } from '../../../src/tls/record/reassembly.ts'
import { writeHandshake } from '../../../src/wire/handshake.ts'
import { seededRandom } from '../../support/random.ts'

const messages = [0, 1, 300, 5_000].map((length, type) =>
  writeHandshake(type, (out) => out.raw(seededRandom(1)(length))),
)

const limits = { clientHelloBytes: 100, handshakeMessageBytes: 50 }

suite('Reassembly', () => {
  test('puts messages together, however records cut or join them', () => {
    const stream = concat(...messages)
    for (const size of [1, 3, 4, 5, 100, stream.length]) {
      const reassembly = new Reassembly({ clientHelloBytes: 5_000, handshakeMessageBytes: 5_000 })
      const seen: Uint8Array[] = []
      for (let at = 0; at < stream.length; at += size) {
        reassembly.push(stream.subarray(at, at + size))
        for (let message = reassembly.next(); message !== undefined; message = reassembly.next()) seen.push(message.raw)
      }
      assert.deepEqual(
        seen.map((raw) => Buffer.from(raw)),
        messages.map((raw) => Buffer.from(raw)),
      )
      assert(reassembly.empty)
    }
  })

  test('tells the type of a message before it is whole', () => {
    const reassembly = new Reassembly(limits)
    reassembly.push(Uint8Array.of(7, 0, 0))
    assert.equal(reassembly.type(), undefined)
    reassembly.push(Uint8Array.of(9))
    assert.equal(reassembly.type(), 7)
    assert.equal(reassembly.next(), undefined)
    assert.equal(reassembly.empty, false)
  })

  test('refuses a message over its limit at the header, a ClientHello beyond a greater one', () => {
    for (const [type, limit] of [
      [1, limits.clientHelloBytes],
      [2, limits.handshakeMessageBytes],
      [20, limits.handshakeMessageBytes],
    ] as const) {
      const longest = new Reassembly(limits)
      longest.push(Uint8Array.of(type, 0, 0, limit))
      assert.equal(longest.type(), type)
      const longer = new Reassembly(limits)
      longer.push(Uint8Array.of(type, 0, 0, limit + 1))
      assert.throws(
        () => longer.type(),
        (error) => error instanceof Fault && error.reason === 'message-too-long',
      )
    }
  })
})
