import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineSplitter } from '../../src/kube/line-splitter.ts'

const text = '{"a":1}\n{"b":"Größe 二 🦀"}\r\n\n{"c":"\\n"}\n'
const bytes = new TextEncoder().encode(text)
const whole = ['{"a":1}', '{"b":"Größe 二 🦀"}\r', '{"c":"\\n"}']

test('cut at any byte, the lines are the same', () => {
  for (let cut = 0; cut <= bytes.length; cut++) {
    const splitter = new LineSplitter()
    assert.deepEqual([...splitter.push(bytes.subarray(0, cut)), ...splitter.push(bytes.subarray(cut))], whole)
    assert.equal(splitter.held, 0)
  }
})

test('byte by byte, the lines are the same', () => {
  const splitter = new LineSplitter()
  assert.deepEqual(
    [...bytes].flatMap((byte) => splitter.push(Uint8Array.of(byte))),
    whole,
  )
})

test('a line that has not ended is held, and can be seen', () => {
  const splitter = new LineSplitter()
  assert.deepEqual(splitter.push(bytes.subarray(0, 10)), ['{"a":1}'])
  assert.equal(splitter.held, 2)
})

test('keeps nothing of a chunk that its owner overwrites later', () => {
  const splitter = new LineSplitter()
  const chunk = new TextEncoder().encode('abc')
  splitter.push(chunk)
  chunk.fill(0x78)
  assert.deepEqual(splitter.push(new TextEncoder().encode('d\n')), ['abcd'])
})

test('a line longer than the limit is refused, however it comes', () => {
  const long = new Uint8Array(11).fill(0x61)
  assert.throws(() => new LineSplitter(10).push(long), /longer than 10 bytes/)
  const splitter = new LineSplitter(10)
  splitter.push(long.subarray(0, 6))
  assert.throws(() => splitter.push(long.subarray(0, 5)), RangeError)
  assert.deepEqual(new LineSplitter(10).push(new TextEncoder().encode('aaaaaaaaaa\nbbbbbbbbbb\n')), [
    'aaaaaaaaaa',
    'bbbbbbbbbb',
  ])
})

test('what is not UTF-8 is refused', () => {
  assert.throws(() => new LineSplitter().push(Uint8Array.of(0xc3, 0x0a)), TypeError)
})
