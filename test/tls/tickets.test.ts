import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { concat } from '../../src/bytes/arrays.ts'
import { native } from '../../src/crypto/native/provider.ts'
import { noble } from '../../src/crypto/noble/provider.ts'
import { TicketKeys, type TicketKey } from '../../src/tls/tickets.ts'
import { seededRandom } from '../support/random.ts'

const random = seededRandom(1)
const session = Buffer.from('a session')

function makeKey(): TicketKey {
  return { name: random(16), key: random(32) }
}

function seal(keys: TicketKeys, version: 'TLSv1.2' | 'TLSv1.3' = 'TLSv1.3'): Uint8Array {
  const ticket = keys.seal(version, session, random)
  assert.ok(ticket !== undefined)
  return ticket
}

suite('ticket keys', () => {
  test('open what they sealed, whichever provider does it', () => {
    const key = makeKey()
    const [one, two] = [new TicketKeys(native, [key]), new TicketKeys(noble, [key])]
    assert.deepEqual(Buffer.from(two.open('TLSv1.3', seal(one)) ?? []), session)
    assert.deepEqual(Buffer.from(one.open('TLSv1.3', seal(two)) ?? []), session)
  })

  test('the first key seals and all of them open, until one is taken away', () => {
    const [older, old, fresh] = [makeKey(), makeKey(), makeKey()]
    const before = new TicketKeys(native, [old, older])
    const ticket = seal(before)
    assert.deepEqual(Buffer.from(ticket.subarray(0, 16)), Buffer.from(old.name))
    const after = new TicketKeys(native, [fresh, old, older])
    assert.deepEqual(Buffer.from(after.open('TLSv1.3', ticket) ?? []), session)
    assert.deepEqual(Buffer.from(seal(after).subarray(0, 16)), Buffer.from(fresh.name))
    assert.equal(before.open('TLSv1.3', seal(after)), undefined, 'a key that it does not have yet')
    assert.equal(new TicketKeys(native, [fresh]).open('TLSv1.3', ticket), undefined, 'a key that it has no more')
  })

  test('a key under a name that was another’s opens nothing of it', () => {
    const [one, other] = [makeKey(), makeKey()]
    const ticket = seal(new TicketKeys(native, [one]))
    assert.equal(new TicketKeys(native, [{ ...other, name: one.name }]).open('TLSv1.3', ticket), undefined)
  })

  test('a ticket of one version does not open as one of the other', () => {
    const keys = new TicketKeys(native, [makeKey()])
    assert.equal(keys.open('TLSv1.2', seal(keys, 'TLSv1.3')), undefined)
    assert.equal(keys.open('TLSv1.3', seal(keys, 'TLSv1.2')), undefined)
  })

  test('refuse a ticket cut short at every byte, one byte longer, or with any bit flipped', () => {
    const keys = new TicketKeys(native, [makeKey()])
    const ticket = seal(keys)
    for (let length = 0; length < ticket.length; length++)
      assert.equal(keys.open('TLSv1.3', ticket.slice(0, length)), undefined, `${length} bytes`)
    assert.equal(keys.open('TLSv1.3', concat(ticket, Uint8Array.of(0))), undefined)
    for (let bit = 0; bit < ticket.length * 8; bit++) {
      const flipped = Uint8Array.from(ticket)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      assert.equal(keys.open('TLSv1.3', flipped), undefined, `bit ${bit}`)
    }
    assert.ok(keys.open('TLSv1.3', ticket) !== undefined)
  })

  test('never seal the same session alike', () => {
    const keys = new TicketKeys(native, [makeKey()])
    assert.notDeepEqual(seal(keys), seal(keys))
  })

  test('seal and open nothing once wiped, nor where there is no key; and keep copies of their own', () => {
    const key = makeKey()
    const kept = { name: key.name.slice(), key: key.key.slice() }
    const keys = new TicketKeys(native, [key])
    key.key.fill(0)
    key.name.fill(0)
    const ticket = seal(keys)
    assert.ok(new TicketKeys(native, [kept]).open('TLSv1.3', ticket) !== undefined)
    keys.wipe()
    const none = new TicketKeys(native, [])
    for (const wiped of [keys, none]) {
      assert.equal(wiped.seal('TLSv1.3', session, random), undefined)
      assert.equal(wiped.open('TLSv1.3', ticket), undefined)
    }
  })

  test('refuse names and keys of other lengths, and two keys of one name', () => {
    const key = makeKey()
    assert.throws(() => new TicketKeys(native, [{ ...key, name: random(15) }]), /name of 15 bytes/)
    assert.throws(() => new TicketKeys(native, [{ ...key, key: random(31) }]), /key of 31 bytes/)
    assert.throws(() => new TicketKeys(native, [key, { ...makeKey(), name: key.name }]), /same name/)
  })
})
