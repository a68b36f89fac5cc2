/** Numbers of RSA's kernel: no column overflows at any size of key, and what enters a product below 4m leaves it below 2m. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { limbsOf } from '../../../src/crypto/wasm/rsa.ts'
import { compiled } from './compiled.ts'
import { RangeMachine } from './range-machine.ts'
import { exactly, range, type Range } from './ranges.ts'
import { readWat } from './wat.ts'

const { exports, memory, text } = compiled('montgomery')
const module = readWat(text)
const limbBits = 29n
const fullLimb = 2n ** limbBits - 1n
/** Behind whatever the source reserves: rows, each with room for zeros before and behind. */
const [o, a, b, m, c] = [0, 1, 2, 3, 4].map((i) => 0xc000 + 16 + 0x600 * i) as [number, number, number, number, number]
const keySizes = [2048, 3072, 4096]
/** Of primes and moduli. */
const sizes = [...new Set(keySizes.flatMap((bits) => [limbsOf(bits / 2), 2 * limbsOf(bits / 2), limbsOf(bits)]))]

/** What may be too large for where it goes, and why it may. */
const accepted = {
  'montgomery/multiply: i32.mul, 2 times': 'a digit is what clears the lowest 29 bits, modulo 2^29',
  'montgomery/square: i32.mul, 4 times': 'the same',
  'montgomery/negativeInverse: i32.mul, 2 times': 'an inverse modulo 2^29',
  'montgomery/negativeInverse: i32.sub, 2 times': 'the same',
}

describe('numbers of RSA, whatever their limbs', () => {
  for (const limbs of sizes)
    test(`of ${limbs} limbs overflow nowhere, and leave every operation with limbs of 29 bits`, () => {
      const machine = new RangeMachine(module)
      machine.call('montgomery/negativeInverse', rows(machine, limbs))
      for (const [name, size, ...args] of operations(limbs)) {
        rows(machine, limbs)
        machine.call(`montgomery/${name}`, ...args)
        for (let i = 0; i < size; i++) {
          const { least, most } = machine.read((name === 'canonical' ? a : o) + 4 * i, 32)
          assert.ok(least >= 0n && most <= fullLimb, `${name}: limb ${i} from ${least} to ${most}`)
        }
      }
      assert.deepEqual(machine.lost, Object.keys(accepted).toSorted())
    })

  test('the bounds are real: columns overflow for limbs of 30 bits, and those of a square for a few more than 29', () => {
    for (const [most, name] of [
      [2n ** 30n - 1n, 'multiply'],
      [2n ** 29n + 2n ** 25n, 'square'],
    ] as const) {
      const machine = new RangeMachine(module)
      rows(machine, 72, most)
      const [, , ...args] = operations(72).find(([each]) => each === name) as Call
      machine.call(`montgomery/${name}`, ...args)
      assert.ok(
        machine.lost.some((what) => what.startsWith(`montgomery/${name}: i64x2.add`)),
        machine.lost.join(),
      )
    }
  })
})

describe('numbers of RSA, at the edges of what they may be', () => {
  test('R is at least 16 m, of every size', () => {
    for (let bits = 1; bits <= 8192; bits++) {
      const limbs = limbsOf(bits)
      assert.ok(limbs % 4 === 0 && 29 * limbs >= bits + 4 && limbs <= 320)
    }
  })

  // Of 112 bits R is 16 m and no more.
  for (const bits of [112, 1024, 1536, 2048, 3072, 4096])
    test(`products modulo m of ${bits} bits, of numbers below 4m, are right and below 2m`, () => {
      const limbs = limbsOf(bits)
      const R = 2n ** BigInt(29 * limbs)
      for (const modulus of [2n ** BigInt(bits) - 1n, 2n ** BigInt(bits - 1) + 1n])
        for (const x of edges(modulus))
          for (const y of x === 4n * modulus - 1n ? edges(modulus) : [x]) {
            const product = multiplied(x, y, modulus, limbs)
            assert.ok(product < 2n * modulus && (product * R - x * y) % modulus === 0n)
            if (x === y) assert.equal(squared(x, modulus, limbs), product)
          }
    })

  test('that bound is real: where R is only 8m, a product of two of the largest is not below 2m', () => {
    const modulus = 2n ** 113n - 1n
    assert.ok(multiplied(4n * modulus - 1n, 4n * modulus - 1n, modulus, 4) >= 2n * modulus)
  })

  test('a difference of numbers below 2m is that and 2m, a sum that, and canonical takes m away once', () => {
    for (const bits of [1024, 1536, 2048, 4096]) {
      const limbs = limbsOf(bits)
      const modulus = 2n ** BigInt(bits) - 1n
      write(m, modulus, limbs)
      const below = [0n, 1n, modulus - 1n, modulus, modulus + 1n, 2n * modulus - 1n]
      for (const x of below) {
        for (const y of below) {
          write(a, x, limbs)
          write(b, y, limbs)
          exports.subtract?.(o, a, b, m, limbs)
          assert.equal(read(o, limbs), x - y + 2n * modulus)
          exports.add?.(o, a, b, limbs)
          assert.equal(read(o, limbs), x + y)
        }
        exports.canonical?.(a, m, limbs)
        assert.equal(read(a, limbs), x % modulus)
      }
      // 2m is too large.
      write(a, 2n * modulus, limbs)
      exports.canonical?.(a, m, limbs)
      assert.equal(read(a, limbs), modulus)
    }
  })

  test('a + b c over the integers is right where all limbs are full', () => {
    for (const bits of keySizes) {
      const limbs = limbsOf(bits / 2)
      const full = 2n ** BigInt(29 * limbs) - 1n
      for (const [x, y, z] of [
        [full, full, full],
        [0n, full, full],
        [full, full, 1n],
        [full, 0n, full],
      ] as const) {
        write(a, x, 2 * limbs)
        write(b, y, limbs)
        write(c, z, limbs)
        exports.multiplyAdd?.(o, a, b, c, limbs)
        assert.equal(read(o, 2 * limbs), x + y * z)
      }
    }
  })
})

type Call = readonly [name: string, limbsOfResult: number, ...args: (number | Range)[]]

function operations(limbs: number): Call[] {
  const inverse = range(32, 0n, fullLimb)
  return [
    ['multiply', limbs, o, a, b, m, inverse, limbs],
    ['square', limbs, o, a, m, inverse, limbs],
    ['subtract', limbs, o, a, b, m, limbs],
    ['add', limbs, o, a, b, limbs],
    ['canonical', limbs, a, m, limbs],
    ['multiplyAdd', limbs, o, a, b, m, limbs / 2],
  ]
}

/** Three numbers of which nothing is known but how large their limbs are; returns where the modulus is. */
function rows(machine: RangeMachine, limbs: number, most = fullLimb): number {
  for (const row of [a, b, m])
    machine.set(row, ...Array.from({ length: limbs }, () => range(32, 0n, most)), exactly(64, 0))
  return m
}

function edges(modulus: bigint): bigint[] {
  return [0n, 1n, modulus - 1n, modulus, 2n * modulus - 1n, 4n * modulus - 1n]
}

function multiplied(x: bigint, y: bigint, modulus: bigint, limbs: number): bigint {
  for (const [row, value] of [
    [a, x],
    [b, y],
    [m, modulus],
  ] as const)
    write(row, value, limbs)
  exports.multiply?.(o, a, b, m, exports.negativeInverse?.(m) as number, limbs)
  return read(o, limbs)
}

function squared(x: bigint, modulus: bigint, limbs: number): bigint {
  write(a, x, limbs)
  write(m, modulus, limbs)
  exports.square?.(o, a, m, exports.negativeInverse?.(m) as number, limbs)
  return read(o, limbs)
}

function write(row: number, value: bigint, limbs: number): void {
  const view = new DataView(memory.buffer)
  assert.ok(value < 2n ** BigInt(29 * limbs))
  memory.fill(0, row - 16, row + 4 * limbs + 16)
  for (let i = 0; i < limbs; i++)
    view.setUint32(row + 4 * i, Number((value >> (limbBits * BigInt(i))) & fullLimb), true)
}

function read(row: number, limbs: number): bigint {
  const view = new DataView(memory.buffer)
  const digits = Array.from({ length: limbs }, (_, i) => BigInt(view.getUint32(row + 4 * i, true)))
  return digits.reduceRight((value, digit) => (value << limbBits) + digit, 0n)
}
