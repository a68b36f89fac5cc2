/** The parts of ML-KEM's kernel, compiled by themselves, against what FIPS 203 defines, written as it is defined. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { seededRandom } from '../keys.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const folder = mkdtempSync(join(tmpdir(), 'chitin-ml-kem-'))
after(() => rmSync(folder, { recursive: true }))

const q = 3329
const random = seededRandom('ml-kem parts')
/** Where no part keeps anything of its own. */
const [first, second, third] = [0x8000, 0x9000, 0xa000]

describe('polynomials of ML-KEM', () => {
  const { exports, coefficients, write } = compile('ml-kem-polynomial')
  exports.makeRoots?.()

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

  test('stay short: every coefficient of a transform is within q, whatever it began with', () => {
    for (let i = 0; i < 50; i++) {
      write(
        first,
        Array.from({ length: 256 }, () => (i < 2 ? (i * 2 - 1) * q : ((random(1)[0] as number) % 2) * 2 * q - q)),
      )
      for (const transform of [exports.ntt, exports.inverseNtt]) {
        transform?.(first)
        assert.ok(coefficients(first).every((x) => Math.abs(x) <= q))
      }
    }
  })
})

describe('encodings of ML-KEM', () => {
  const { exports, memory, coefficients, write } = compile('ml-kem-encoding')
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

function compile(name: string): {
  exports: Readonly<Record<string, (...addresses: number[]) => number>>
  memory: Uint8Array
  coefficients: (at: number) => number[]
  write: (at: number, values: readonly number[]) => void
} {
  const module = join(folder, `${name}.wasm`)
  // prettier-ignore
  execFileSync(process.execPath, [join(root, 'node_modules', 'assemblyscript', 'bin', 'asc.js'),
    join(root, 'src', 'crypto', 'wasm', 'assembly', `${name}.ts`), '--outFile', module,
    '-O3', '--runtime', 'stub', '--noAssert', '--enable', 'simd', '--initialMemory', '1'])
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(module)))
  const { memory } = exports as { readonly memory: WebAssembly.Memory }
  const view = new DataView(memory.buffer)
  return {
    exports: exports as Readonly<Record<string, (...addresses: number[]) => number>>,
    memory: new Uint8Array(memory.buffer),
    coefficients: (at) => Array.from({ length: 256 }, (_, i) => view.getInt16(at + 2 * i, true)),
    write: (at, values) => values.forEach((value, i) => view.setInt16(at + 2 * i, value, true)),
  }
}
