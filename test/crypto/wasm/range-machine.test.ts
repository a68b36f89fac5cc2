/** The machine that the proofs of bounds run on: it computes as the engine does, and notices what it is there to notice. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fromInteger } from '../../../src/crypto/key-check.ts'
import type { ChaCha20Poly1305 } from '../../../src/crypto/wasm/chacha20-poly1305.ts'
import { instantiate, type Kernel, type Pointer } from '../../../src/crypto/wasm/kernel.ts'
import { readKernels } from '../../../src/crypto/wasm/load.ts'
import type { MlKem } from '../../../src/crypto/wasm/ml-kem.ts'
import type { Rsa } from '../../../src/crypto/wasm/rsa.ts'
import { Random } from '../../support/random.ts'
import { seededRandom } from '../keys.ts'
import { RangeMachine } from './range-machine.ts'
import { anything, arithmetic, exactly, range, type Range } from './ranges.ts'
import { kernelText, readWat } from './wat.ts'

const modules = readKernels()
const random = seededRandom('range machine')

describe('on numbers that are known, the machine computes what the engine computes', () => {
  test('a sealed message', () => {
    const kernel = instantiate<ChaCha20Poly1305>(modules, 'chacha20-poly1305')
    const machine = new RangeMachine(readWat(kernelText('chacha20-poly1305')))
    const { key, nonce, text } = kernel.exports
    for (const length of [0, 5, 64, 300]) {
      put(kernel, machine, key, random(32))
      put(kernel, machine, nonce, random(12))
      put(kernel, machine, text, random(30))
      put(kernel, machine, text + 32, random(length))
      kernel.exports.seal(30, length)
      machine.call('chacha20-poly1305/seal', 30, length)
      same(kernel, machine, text, 32 + length + 16)
    }
  })

  test('a signature that is verified', () => {
    const kernel = instantiate<Rsa>(modules, 'rsa')
    const machine = new RangeMachine(readWat(kernelText('rsa')))
    const n = 2n ** 512n - 569n
    put(kernel, machine, kernel.exports.n, fromInteger(n, 64))
    put(kernel, machine, kernel.exports.nSquare, fromInteger(2n ** BigInt(2 * 29 * 20) % n, 64))
    put(kernel, machine, kernel.exports.message, random(64))
    kernel.exports.publicOperation(64, 20, 3n)
    machine.call('rsa/publicOperation', 64, 20, exactly(64, 3))
    same(kernel, machine, kernel.exports.result, 64)
  })

  test('an encapsulation key', () => {
    const kernel = instantiate<MlKem>(modules, 'ml-kem')
    const machine = new RangeMachine(readWat(kernelText('ml-kem')))
    kernel.exports.init()
    machine.call('ml-kem/init')
    put(kernel, machine, kernel.exports.seed, random(64))
    kernel.exports.keyPair()
    machine.call('ml-kem/keyPair')
    same(kernel, machine, kernel.exports.encapsulationKey, 1184)
  })
})

describe('on ranges, the machine', () => {
  const most = range(32, 0n, 2n ** 31n)
  const signs = range(32, -1n, 5n)
  for (const [what, body, args] of [
    ['a sum', 'i32.add', [most, most]],
    ['a difference', 'i32.sub', [range(32, -(2n ** 31n), 0n), exactly(32, 1)]],
    ['a product', 'i32.mul', [most, exactly(32, 2)]],
    ['bits that are shifted out', 'i32.shl', [most, exactly(32, 1)]],
    ['a sign that is taken for a bit', 'i32.shr_u', [signs, exactly(32, 1)]],
    ['a bit that is taken for a sign', 'i32.shr_s', [range(32, 0n, 2n ** 31n), exactly(32, 1)]],
    ['a number below zero that is compared as one above', 'i32.lt_u', [signs, exactly(32, 1)]],
  ] as const)
    test(`notices ${what}`, () => {
      assert.deepEqual(run([`local.get $0`, `local.get $1`, body, 'drop'], args).lost, [`f: ${body}`])
    })

  test('says nothing that is not so: what comes of two numbers is within what comes of their ranges', () => {
    const draw = new Random(7)
    for (let i = 0; i < 20_000; i++) {
      const name = draw.pick(Object.keys(engine) as (keyof typeof engine)[])
      const [a, b] = [randomRange(draw), name.startsWith('sh') ? exactly(32, draw.below(32)) : randomRange(draw)]
      const { least, most } = arithmetic[name](a, b)
      for (let j = 0; j < 5; j++) {
        const [x, y] = [member(draw, a), member(draw, b)]
        const result = BigInt(engine[name](Number(BigInt.asIntN(32, x)), Number(BigInt.asIntN(32, y))))
        const fits = [-1n, 0n, 1n].some(
          (turn) => result + turn * 2n ** 32n >= least && result + turn * 2n ** 32n <= most,
        )
        assert.ok(fits, `${x} ${name} ${y} is ${result}, not from ${least} to ${most}`)
      }
    }
  })

  test('notices it in one lane of four', () => {
    const lanes = ['local.get $0', 'i32x4.splat', 'v128.const i32x4 0 0 1 0', 'i32x4.add', 'drop']
    assert.deepEqual(run(lanes, [range(32, 0n, 2n ** 32n - 1n)]).lost, ['f: i32x4.add'])
    assert.deepEqual(run(lanes, [range(32, 0n, 2n ** 32n - 2n)]).lost, [])
  })

  test('follows a number through memory, whole, in part and put together', () => {
    const x = range(32, 3n, 70_000n)
    const machine = run(['i32.const 8', 'local.get $0', 'i32.store', 'i32.const 12', 'local.get $0', 'i32.store'], [x])
    assert.deepEqual(machine.read(8, 32), x)
    assert.deepEqual(machine.read(8, 16), anything(16))
    assert.deepEqual(machine.read(10, 16), range(16, 0n, 1n))
    assert.deepEqual(machine.read(8, 64), range(64, 3n + 3n * 2n ** 32n, 70_000n + 70_000n * 2n ** 32n))
  })

  test('refuses to branch, to address, or to count by what is not known', () => {
    for (const body of [
      ['if', 'end'],
      ['i32.load', 'drop'],
      ['i32.const 1', 'i32.rem_u', 'drop'],
    ])
      assert.throws(() => run(['local.get $0', ...body], [most]), /not known/)
    assert.throws(() => run(['local.get $0', 'i32.frobnicate', 'drop'], [most]), /i32\.frobnicate/)
  })
})

/** What JavaScript, and with it the engine, makes of two i32. */
const engine = {
  add: (x, y) => (x + y) | 0,
  sub: (x, y) => (x - y) | 0,
  mul: Math.imul,
  and: (x, y) => x & y,
  or: (x, y) => x | y,
  xor: (x, y) => x ^ y,
  shl: (x, y) => x << y,
  shr_u: (x, y) => x >>> y,
  shr_s: (x, y) => x >> y,
} as const satisfies Record<string, (x: number, y: number) => number>

/** Narrow or wide, about zero or far from it. */
function randomRange(draw: Random): Range {
  const bound = (): bigint =>
    BigInt(draw.below(2 ** (1 + draw.below(31)))) - (draw.chance(0.3) ? BigInt(draw.below(2 ** 20)) : 0n)
  const [a, b] = [bound(), draw.chance(0.2) ? 0n : bound()]
  return draw.chance(0.1) ? exactly(32, a) : range(32, a < b ? a : b, a < b ? b : a)
}

function member(draw: Random, { least, most }: Range): bigint {
  return draw.pick([least, most, least + BigInt(draw.below(Number(most - least) + 1))])
}

/** A function of two parameters. */
function run(body: readonly string[], args: readonly Range[]): RangeMachine {
  const machine = new RangeMachine(readWat(['(func $f (param $0 i32) (param $1 i32)', ...body, ')'].join('\n')))
  machine.call('f', ...args)
  return machine
}

function put(kernel: Kernel<object>, machine: RangeMachine, at: Pointer, bytes: Uint8Array): void {
  kernel.write(at, bytes)
  machine.set(at, ...[...bytes].map((byte) => exactly(8, byte)))
}

function same(kernel: Kernel<object>, machine: RangeMachine, at: Pointer, length: number): void {
  const read = Uint8Array.from({ length }, (_, i) => Number(BigInt.asUintN(8, machine.read(at + i, 8).least)))
  assert.deepEqual(read, kernel.read(at, length))
}
