import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { native } from '../../../src/crypto/native/provider.ts'
import { maxPlaintext } from '../../../src/tls/record/framer.ts'
import { Outgoing } from '../../../src/tls/record/outgoing.ts'
import type { RecordProtection } from '../../../src/tls/record/protection.ts'
import { freshMemory, type RecordMemory } from '../../../src/tls/record/record-queue.ts'
import { Tls13Protection } from '../../../src/tls/record/tls13-protection.ts'
import { suites } from '../../../src/tls/suites.ts'
import { Tls12Protection } from '../../../src/tls/tls12/protection.ts'
import { seededRandom } from '../../support/random.ts'

const secret = seededRandom(4)(32)
const protections: Readonly<Record<string, () => RecordProtection | undefined>> = {
  'no protection': () => undefined,
  'TLS 1.3': () => new Tls13Protection(native, suites.TLS_AES_128_GCM_SHA256, secret),
  'TLS 1.2': () =>
    new Tls12Protection(native, { aead: 'AES-128-GCM', key: secret.slice(0, 16), iv: secret.slice(0, 4) }),
}
const contents = [1, 0, 30, maxPlaintext, 5 * maxPlaintext + 7, 200].map((length) => seededRandom(length)(length))

suite('Outgoing', () => {
  for (const [name, protection] of Object.entries(protections))
    test(`with ${name}, makes the same records in memory that was used before as in fresh one`, () => {
      assert.deepEqual(send(protection(), used(70_000)), send(protection(), undefined))
    })

  test('puts records one behind the other while there is room, and the next ones in another piece', () => {
    const outgoing = new Outgoing(undefined, used(50))
    for (const length of [20, 20, 20]) outgoing.send(22, new Uint8Array(length))
    outgoing.sendChangeCipherSpec()
    assert.deepEqual(
      outgoing.take().map((piece) => piece.length),
      [50, 31],
    )
    assert.deepEqual(outgoing.take(), [])
  })

  test('says whether any of what is queued is waited for', () => {
    const outgoing = new Outgoing()
    assert.equal(outgoing.queued, 'nothing')
    outgoing.sendAlong(22, new Uint8Array(20))
    assert.equal(outgoing.queued, 'patient')
    outgoing.send(23, new Uint8Array(1))
    outgoing.sendAlong(22, new Uint8Array(20))
    assert.equal(outgoing.queued, 'urgent')
    assert.equal(concat(...outgoing.take()).length, 5 + 20 + 5 + 1 + 5 + 20)
    assert.equal(outgoing.queued, 'nothing')
    outgoing.sendChangeCipherSpec()
    assert.equal(outgoing.queued, 'urgent')
  })

  test('queues nothing of a record that could not be sealed', () => {
    const sealing = protections['TLS 1.3']?.() as RecordProtection // it is in the table
    const outgoing = new Outgoing(undefined, used(1000))
    outgoing.use(sealing)
    outgoing.send(23, Uint8Array.of(1))
    sealing.wipe()
    assert.throws(() => outgoing.send(23, new Uint8Array(40).fill(0x5a)), /wiped/)
    const [piece, ...more] = outgoing.take()
    assert.equal(piece?.length, 5 + 1 + 1 + 16)
    assert.deepEqual(more, [])
  })
})

function send(protection: RecordProtection | undefined, memory: RecordMemory | undefined): Uint8Array {
  const outgoing = new Outgoing((length) => 40 - (length % 32), memory)
  if (protection !== undefined) outgoing.use(protection)
  for (const content of contents) outgoing.send(23, content)
  return concat(...outgoing.take())
}

/** Pieces of this many bytes, full of what somebody left there. */
function used(size: number): RecordMemory {
  return { ...freshMemory, take: (length) => new Uint8Array(Math.max(length, size)).fill(0xa5) }
}
