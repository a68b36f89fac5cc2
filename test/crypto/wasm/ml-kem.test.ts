/** The parts of ML-KEM's kernel, compiled by themselves, against what FIPS 203 defines, written as it is defined. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { seededRandom } from '../keys.ts'
import { compiled, type Compiled } from './compiled.ts'
import { RangeMachine } from './range-machine.ts'
import { largest, range, signed } from './ranges.ts'
import { readWat } from './wat.ts'

const q = 3329
const random = seededRandom('ml-kem parts')
/** Where no part keeps anything of its own. */
const [first, second, third] = [0x8000, 0x9000, 0xa000]

describe('polynomials of ML-KEM', () => {
  const { exports, coefficients, write, text } = part('ml-kem-polynomial')
  exports.makeRoots?.()
  /** Every 16-bit number. */
  const all = Array.from({ length: 256 }, (_, high) =>
    Array.from({ length: 256 }, (_, low) => 256 * high + low - 0x8000),
  )

  test('multiply as in the ring, for coefficients at the edges and between', () => {
    const zero = every(0)
    const patterns = [
      every(q),
      every(-q),
      zero.map((_, i) => (i % 2 === 0 ? q : -q)),
      zero.map((_, i) => (i % 3 === 0 ? -q : q - 1)),
      zero.with(0, 1),
      zero.with(255, q - 1),
      zero.map((_, i) => ((random(2)[0] as number) * 13 + i) % q),
    ]
    for (const a of patterns)
      for (const b of patterns) {
        write(first, [...a, ...zero, ...zero])
        write(second, [...b, ...zero, ...zero])
        for (const at of [first, second]) exports.ntt?.(at)
        exports.dotProduct?.(third, first, second)
        exports.inverseNtt?.(third)
        exports.canonical?.(third)
        assert.deepEqual(coefficients(third), product(a, b))
      }
  })

  test('add up three products, each of the largest coefficients', () => {
    const largest = every(-q)
    for (const at of [first, second]) {
      write(at, [...largest, ...largest, ...largest])
      for (const each of [0, 512, 1024]) exports.ntt?.(at + each)
    }
    exports.dotProduct?.(third, first, second)
    exports.inverseNtt?.(third)
    exports.canonical?.(third)
    assert.deepEqual(
      coefficients(third),
      product(largest, largest).map((x) => (3 * x) % q),
    )
  })

  test('stay short, and overflow nowhere but where it is meant so, whatever short coefficients they begin with', () => {
    const { machine, longest } = transformed(q)
    for (const [name, most] of Object.entries(longest)) assert.ok(most <= q, `${name} ends with ${most}`)
    const lost = machine.lost.map((what) => what.replace(/,.*/, ''))
    assert.deepEqual(lost, Object.keys(acceptedInPolynomials).toSorted())
    // Seven short numbers are added up on the way, and no more than 16 bits have room for.
    assert.ok(machine.extent('ml-kem-polynomial/ntt: i16x8.add').result <= 8n * BigInt(q))
  })

  test('that bound is real: coefficients that are too long are noticed, in a sum and at the end', () => {
    assert.ok(transformed(0x7000).machine.lost.some((what) => what.startsWith('ml-kem-polynomial/ntt: i16x8.add')))
    assert.ok(transformed(2 * q).longest.dotProduct > q)
  })

  test('products with constants are right and as short as the paper says, for every 16-bit number', () => {
    // What `scale` is given in the kernel, and powers of 17, in the middle of their residues.
    const roots = Array.from({ length: 256 }, (_, i) => centred(power(17, i)))
    for (const z of [512, 2285, ...roots.filter((_, i) => i % 8 === 1)])
      for (const block of all) {
        write(first, block)
        exports.scale?.(first, z)
        for (const [i, x] of coefficients(first).entries()) {
          const a = block[i] as number
          if ((x - a * z) % q !== 0 || Math.abs(x) > q * (1 / 2 + Math.abs(a) / 2 ** 16))
            assert.fail(`${a} times ${z} is ${x}`)
        }
      }
  })

  test('become canonical, from every 16-bit number', () => {
    for (const block of all) {
      write(first, block)
      exports.canonical?.(first)
      assert.deepEqual(
        coefficients(first),
        block.map((x) => ((x % q) + q) % q),
      )
    }
  })

  /** All that is done to polynomials, each time begun with coefficients up to `most`; and how long they are behind it. */
  function transformed(most: number): { machine: RangeMachine; longest: Record<(typeof steps)[number][0], number> } {
    const machine = new RangeMachine(readWat(text))
    machine.call('ml-kem-polynomial/makeRoots')
    const longest = steps.map(([name, ...args]) => {
      for (const at of [first, second, third])
        machine.set(at, ...Array.from({ length: 3 * 256 }, () => range(16, BigInt(-most), BigInt(most))))
      machine.call(`ml-kem-polynomial/${name}`, ...args)
      const ends = Array.from({ length: 256 }, (_, i) => Number(largest(signed(machine.read(args[0] + 2 * i, 16)))))
      return [name, Math.max(...ends)] as const
    })
    return { machine, longest: Object.fromEntries(longest) as Record<(typeof steps)[number][0], number> }
  }
})

const steps = [
  ['ntt', first],
  ['inverseNtt', first],
  ['dotProduct', third, first, second],
  ['scale', first, 2285],
  ['addTo', first, second],
  ['subtractFrom', first, second],
] as const

/** What may be too large for where it goes, and why it may. */
const acceptedInPolynomials = {
  'ml-kem-polynomial/dotProduct: i16x8.mul': "both halves of Barrett's products, whose difference is short",
  'ml-kem-polynomial/inverseNtt: i16x8.mul': 'the same',
  'ml-kem-polynomial/ntt: i16x8.mul': 'the same',
  'ml-kem-polynomial/scale: i16x8.mul': 'the same',
  'ml-kem-polynomial/dotProduct: i32x4.mul': "Montgomery's digit, modulo 2^16",
  'ml-kem-polynomial/dotProduct: i32x4.shl': 'the same',
}

describe('encodings of ML-KEM', () => {
  const { exports, memory, coefficients, write } = part('ml-kem-encoding')
  const blocks = Array.from({ length: 13 }, (_, block) => Array.from({ length: 256 }, (_, i) => (256 * block + i) % q))

  test('compress every coefficient to ten, four and one bit as FIPS 203 §4.2.1 rounds it, and back', () => {
    for (const block of blocks) {
      const compressed = (bits: number): number[] => block.map((x) => Math.floor((x * 2 ** bits) / q + 0.5) % 2 ** bits)
      const decompressed = (bits: number): number[] =>
        compressed(bits).map((y) => Math.floor((y * q) / 2 ** bits + 0.5))
      for (const [bits, compress, decompress] of [
        [10, exports.compress10, exports.decompress10],
        [4, exports.compress4, exports.decompress4],
      ] as const) {
        write(first, block)
        compress?.(second, first)
        assert.deepEqual(bitsOf(memory.subarray(second, second + 32 * bits), bits), compressed(bits))
        decompress?.(third, second)
        assert.deepEqual(coefficients(third), decompressed(bits))
      }
      write(first, block)
      exports.toMessage?.(second, first)
      assert.deepEqual(bitsOf(memory.subarray(second, second + 32), 1), compressed(1))
      exports.fromMessage?.(third, second)
      assert.deepEqual(coefficients(third), decompressed(1))
    }
  })

  test('write coefficients in twelve bits and read them back', () => {
    for (const block of blocks) {
      write(first, block)
      exports.pack12?.(second, first)
      assert.deepEqual(bitsOf(memory.subarray(second, second + 384), 12), block)
      assert.equal(exports.unpack12?.(third, second), 1)
      assert.deepEqual(coefficients(third), block)
    }
  })

  test('read no coefficient of q or more, in whichever of the 256 places it stands', () => {
    for (let at = 0; at < 256; at++)
      for (const [value, fits] of [
        [q - 1, 1],
        [q, 0],
        [0xfff, 0],
      ] as const) {
        write(first, every(0).with(at, value))
        exports.pack12?.(second, first)
        assert.equal(exports.unpack12?.(third, second), fits, `${value} at ${at}`)
      }
  })
})

/** 256 coefficients of the same value. */
function every(value: number): number[] {
  return Array.from({ length: 256 }, () => value)
}

/** Modulo X^256 + 1 and q, coefficient by coefficient, from 0 to q-1. */
function product(a: readonly number[], b: readonly number[]): number[] {
  const result = every(0)
  for (const [i, x] of a.entries())
    for (const [j, y] of b.entries()) {
      const at = (i + j) % 256
      result[at] = ((result[at] as number) + (i + j < 256 ? x * y : -x * y)) % q
    }
  return result.map((x) => (x + q) % q)
}

/** Numbers of so many bits, the lowest bit of a byte first (FIPS 203 Algorithm 5). */
function bitsOf(bytes: Uint8Array, bits: number): number[] {
  const all = [...bytes].flatMap((byte) => Array.from({ length: 8 }, (_, i) => (byte >> i) & 1))
  return Array.from({ length: all.length / bits }, (_, i) =>
    all.slice(i * bits, (i + 1) * bits).reduce((value, bit, j) => value + bit * 2 ** j, 0),
  )
}

function power(base: number, exponent: number): number {
  let result = 1
  for (let i = 0; i < exponent; i++) result = (result * base) % q
  return result
}

/** The residue nearest to 0. */
function centred(x: number): number {
  return x > q / 2 ? x - q : x
}

function part(name: string): {
  exports: Compiled['exports']
  memory: Uint8Array
  coefficients: (at: number) => number[]
  write: (at: number, values: readonly number[]) => void
  text: string
} {
  const { exports, memory, text } = compiled(name)
  const view = new DataView(memory.buffer)
  return {
    exports,
    memory,
    text,
    coefficients: (at) => Array.from({ length: 256 }, (_, i) => view.getInt16(at + 2 * i, true)),
    write: (at, values) => values.forEach((value, i) => view.setInt16(at + 2 * i, value, true)),
  }
}
