import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { native } from '../../../src/crypto/native/provider.ts'
import { defaultLimits } from '../../../src/tls/limits.ts'
import { Incoming } from '../../../src/tls/record/incoming.ts'
import type { RecordProtection } from '../../../src/tls/record/protection.ts'
import type { RecordMemory } from '../../../src/tls/record/record-queue.ts'
import { Tls13Protection } from '../../../src/tls/record/tls13-protection.ts'
import { suites } from '../../../src/tls/suites.ts'
import { Tls12Protection } from '../../../src/tls/tls12/protection.ts'
import { seededRandom } from '../../support/random.ts'

const random = seededRandom(5)
const [secret, key] = [random(32), random(16)]
const protections: Readonly<Record<string, () => RecordProtection>> = {
  'TLS 1.3': () => new Tls13Protection(native, suites.TLS_AES_128_GCM_SHA256, secret),
  'TLS 1.2': () => new Tls12Protection(native, { aead: 'AES-128-GCM', key, iv: key.subarray(4, 8) }),
}

/** Pieces full of what somebody left there, as long as is asked for or longer; it counts those that are out. */
class Lent implements RecordMemory {
  readonly #longer: number
  readonly out = new Set<ArrayBufferLike>()

  constructor(longer = 0) {
    this.#longer = longer
  }

  take(length: number): Uint8Array {
    const piece = new Uint8Array(length + this.#longer).fill(0xa5)
    this.out.add(piece.buffer)
    return piece
  }

  giveBack(pieces: readonly Uint8Array[]): void {
    for (const { buffer } of pieces) assert.ok(this.out.delete(buffer), 'it is out, and is given back once')
  }
}

for (const [name, protection] of Object.entries(protections))
  suite(`contents of records of ${name}`, () => {
    const contents = [1, 0, 2, 1000, 16_384, 16_384, 77, 16_383].map((length) => random(length))

    test('that come at once stand in one piece, and those of every push in one of their own', () => {
      for (const longer of [0, 1, 100_000]) {
        const memory = new Lent(longer)
        const incoming = new Incoming(defaultLimits, memory)
        incoming.use(protection())
        const records = sealed(protection(), contents)
        const pieces: Uint8Array[] = []
        // Whole, then cut in the middle of a record.
        for (const push of [concat(...records), ...cutInTwo(concat(...sealed(protection(), contents, records.length)))])
          pieces.push(...heard(incoming, push))
        assert.equal(pieces.length, 3)
        assert.equal(memory.out.size, 3, 'one piece for each')
        assert.deepEqual(concat(...pieces), concat(...contents, ...contents))
      }
    })

    test('that nobody holds leave their memory to whoever comes next', () => {
      const memory = new Lent()
      const incoming = new Incoming(defaultLimits, memory)
      incoming.use(protection())
      incoming.push(concat(...sealed(protection(), contents)))
      for (const content of contents) assert.deepEqual(incoming.next()?.content, content)
      assert.deepEqual(incoming.takeHeld(), [])
      assert.equal(memory.out.size, 0)
    })

    test('are not held where they do not stand in lent memory, nor twice', () => {
      const incoming = new Incoming(defaultLimits, new Lent(1000))
      incoming.use(protection())
      incoming.push(concat(...sealed(protection(), [random(10)])))
      const received = incoming.next()
      assert.ok(received)
      assert.throws(() => incoming.hold({ ...received, content: random(10) }), /does not stand in the room/)
      incoming.hold(received)
      assert.throws(() => incoming.hold(received), /does not stand in the room/)
      assert.deepEqual(concat(...incoming.takeHeld()), received.content)
    })
  })

/** Records of application data; the `skip` before them were sealed and sent already. */
function sealed(protection: RecordProtection, contents: readonly Uint8Array[], skip = 0): Uint8Array[] {
  for (let i = 0; i < skip; i++) protection.seal(23, Uint8Array.of(0))
  return contents.map((content, i) => protection.seal(23, content, i % 2 === 0 && content.length < 16_000 ? 99 : 0))
}

function heard(incoming: Incoming, bytes: Uint8Array): Uint8Array[] {
  incoming.push(bytes)
  for (let received = incoming.next(); received !== undefined; received = incoming.next())
    if (received.content.length > 0) incoming.hold(received)
  return incoming.takeHeld()
}

function cutInTwo(bytes: Uint8Array): [Uint8Array, Uint8Array] {
  return [bytes.subarray(0, 30_000), bytes.subarray(30_000)]
}
