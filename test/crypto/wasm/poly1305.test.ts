/** Poly1305 within ChaCha20-Poly1305's kernel: no sum of products overflows, and every hash is reduced. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compiled } from './compiled.ts'
import { RangeMachine, type Extent } from './range-machine.ts'
import { anything } from './ranges.ts'
import { kernelText, readWat } from './wat.ts'

const module = readWat(kernelText('chacha20-poly1305'))
const takeBlocks = 'poly1305/takeBlocks'
const hashLanes = 'poly1305-lanes/hashLanes'

/** What may be too large for where it goes, and why it may. */
const accepted = {
  'chacha20/addKeystream: i32x4.add, 48 times': 'ChaCha20 adds modulo 2^32',
  'chacha20/addKeystream: i32x4.shl, 16 times': 'and rotates',
  'poly1305/expandPowers: i64.shl': 'a limb that begins in one word and ends in the next',
  'poly1305/takeBlocks: i64.shl': 'the same',
  'poly1305-lanes/hashLanes: i32x4.shl, 3 times': 'the same',
  'chacha20-poly1305/tag: i64.shl, 2 times': 'limbs are put together to words again',
  'chacha20-poly1305/tag: i64.add, 3 times': 'the hash and s are added modulo 2^128',
}

describe('Poly1305 whatever key and message are', () => {
  const machine = new RangeMachine(module)
  for (const blocks of [0, 1, 2, 3, 4, 7, 8, 20]) seal(machine, blocks)

  test('takes no result that may not fit for one that does, but where it is meant so', () => {
    assert.deepEqual(machine.lost, Object.keys(accepted).toSorted())
  })

  test('four blocks at once: factors under 2^28, times five under 2^28.5, sums of twenty products under 2^61', () => {
    const { operands, result } = machine.extent(`${takeBlocks}: i64.mul`)
    const [factor, power] = operands as [bigint, bigint]
    assert.ok(factor < 2n ** 28n && power < exponential(28.5), `${factor} ${power}`)
    assert.ok(machine.extent(`${takeBlocks}: i64.add`).result < 2n ** 61n)
    assert.ok(result > 2n ** 54n, 'limbs were multiplied')
  })

  test('four lanes: factors under 2^27.1, times five under 2^28.5, sums of five products under 2^58', () => {
    for (const half of ['low', 'high']) {
      const [factor, power] = machine.extent(`${hashLanes}: i64x2.extmul_${half}_i32x4_u`).operands as [bigint, bigint]
      assert.ok(factor < exponential(27.1) && power < exponential(28.5), `${factor} ${power}`)
      assert.ok(power > 2n ** 28n, 'five times a limb is among them')
    }
    assert.ok(machine.extent(`${hashLanes}: i64x2.add`).result < 2n ** 58n)
  })

  test('more blocks make nothing larger: what four turns of the lanes may come to, all turns may', () => {
    const sizes = (): readonly Extent[] => machine.extents.filter(({ what }) => what.startsWith('poly1305'))
    const before = sizes()
    seal(machine, 36)
    assert.deepEqual(sizes(), before)
  })

  test('the bounds are real: limbs that are longer are noticed, in a lane and in a sum of products', () => {
    const text = kernelText('chacha20-poly1305')
    for (const [longer, where] of [
      [text.replaceAll(/\\ff\\ff\\ff\\03/g, '\\ff\\ff\\ff\\ff'), 'hashLanes: i32x4.add'],
      [text.replaceAll('i64.const 67108863', 'i64.const 4294967295'), 'takeBlocks: i64.add'],
    ] as const) {
      const wider = new RangeMachine(readWat(longer))
      seal(wider, 20)
      assert.ok(
        wider.lost.some((what) => what.includes(where)),
        `${where}: ${wider.lost.join()}`,
      )
    }
  })
})

describe('Poly1305 at its edges', () => {
  const { exports, memory } = compiled('poly1305')
  const { polyKey, polyTag } = exports as unknown as Readonly<Record<string, WebAssembly.Global>>
  const from = 0x8000

  test('reduces every hash about 2^130 - 5 and 2^130, and adds s modulo 2^128', () => {
    for (const s of [0n, 1n, 2n ** 64n - 1n, 2n ** 128n - 1n])
      for (let sum = 2n ** 130n - 12n; sum < 2n ** 130n + 12n; sum++) {
        // r = 1: the hash is the sum of the blocks, each with a one above its sixteen bytes.
        const rest = sum - 3n * 2n ** 128n
        const blocks = [rest / 2n, rest - rest / 2n, 0n]
        assert.equal(tag(1n, s, blocks), expected(1n, s, blocks), `${sum}`)
      }
  })

  test('is right where all bits are set, for every number of blocks up to forty, in key and message', () => {
    const most = 2n ** 128n - 1n
    const clamped = 0x0ffffffc0ffffffc0ffffffc0fffffffn
    for (let count = 1; count <= 40; count++)
      for (const r of [clamped, 1n, 2n ** 123n, (clamped >> 64n) << 64n, 0n])
        for (const block of [most, most - 1n, 0n, 2n ** 127n]) {
          const blocks = Array.from({ length: count }, () => block)
          assert.equal(tag(r, most, blocks), expected(r, most, blocks), `${count} blocks of ${block} by ${r}`)
        }
  })

  function tag(r: bigint, s: bigint, blocks: readonly bigint[]): bigint {
    put(polyKey?.value as number, r, s)
    put(from, ...blocks)
    exports.poly1305?.(from, blocks.length)
    const view = new DataView(memory.buffer)
    return (
      view.getBigUint64(polyTag?.value as number, true) +
      (view.getBigUint64((polyTag?.value as number) + 8, true) << 64n)
    )
  }

  function put(at: number, ...numbers: readonly bigint[]): void {
    const view = new DataView(memory.buffer)
    for (const [i, number] of numbers.entries()) {
      view.setBigUint64(at + 16 * i, BigInt.asUintN(64, number), true)
      view.setBigUint64(at + 16 * i + 8, number >> 64n, true)
    }
  }
})

/** RFC 8439 §2.5.1. */
function expected(r: bigint, s: bigint, blocks: readonly bigint[]): bigint {
  const hash = blocks.reduce((sum, block) => ((sum + block + 2n ** 128n) * r) % (2n ** 130n - 5n), 0n)
  return (hash + s) % 2n ** 128n
}

/** Under a key, a nonce and a text that may be anything. */
function seal(machine: RangeMachine, blocks: number): void {
  const put = (name: string, bytes: number): void =>
    machine.set(machine.global(`chacha20-poly1305/${name}`), ...Array.from({ length: bytes / 4 }, () => anything(32)))
  put('key', 32)
  put('nonce', 12)
  put('text', 16 * blocks)
  machine.call('chacha20-poly1305/seal', 0, 16 * blocks)
}

function exponential(bits: number): bigint {
  return BigInt(Math.floor(2 ** bits))
}
