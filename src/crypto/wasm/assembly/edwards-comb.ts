/**
 * Multiples of the base point of edwards25519: the sum of one entry of each row of a table, with four products at a time,
 * as build/print-four.ts makes them. The sum is X, Y, T, Z in the four lanes, in the coordinates of edwards.ts, where the
 * formulas come from. An entry is y + x, y - x, 2dxy of an affine point: two limbs of each, then the next two, …
 *
 * Comments show the four lanes. Bounds are in units of 2^12, as the products have them: a product and an entry have 1, a sum
 * those of what it adds; a test runs the additions on intervals.
 */
import { COMB, COMB_ENTRIES, COMB_WINDOWS, SLOT } from 'curve/field'
import { TURNED, TURNED_BYTES, mul4 } from 'curve/four'
import { digit, writeDigits } from './edwards-digits'
import { FOUR, exchange, sumsAndDifferences, takeLane } from './four'
import { POINT } from './layout'
import { zero } from './vector'

/** POINT = k B. */
export function mulBase(k: usize): void {
  writeDigits(k)
  start()
  for (let i = 0; i < COMB_WINDOWS; i++) {
    choose(COMB + ENTRY * COMB_ENTRIES * i, digit(i))
    addPrepared(CHOSEN)
  }
  takeLane(POINT, SUM, 0)
  takeLane(POINT + SLOT, SUM, 1)
  takeLane(POINT + 2 * SLOT, SUM, 3)
  takeLane(POINT + 3 * SLOT, SUM, 2)
  memory.fill(WORK, 0, WORK_BYTES)
  memory.fill(TURNED, 0, TURNED_BYTES)
}

/** The point at infinity: 0, 1, 0, 1. */
export function start(): void {
  memory.fill(WORK, 0, WORK_BYTES)
  store<i32>(SUM, 1, 4)
  store<i32>(SUM, 1, 12)
}

/** Adds the point at q: y + x, y - x, 2, 2dxy. */
export function addPrepared(q: usize): void {
  const firstSigns = i16x8(1, 1, -1, -1, 0, 0, 0, 0)
  for (let i: usize = 0; i < FOUR; i += 16) {
    const p = v128.load(SUM + i)
    // Y + X, X - Y, Z, T
    v128.store(LEFT + i, i16x8.add(exchange(p), i16x8.mul(p, firstSigns)))
  }
  // B, -A, D, C in the names of those who found the formulas: A = (Y - X) (y - x), D = 2 Z.
  mul4(SUM, LEFT, q)
  for (let i: usize = 0; i < FOUR; i += 16) {
    const p = v128.load(SUM + i)
    // E = B - A, H = B + A, G = D + C, F = D - C
    const s = sumsAndDifferences(p, exchange(p))
    v128.store(LEFT + i, v128.shuffle<i32>(s, s, 0, 2, 0, 3))
    v128.store(RIGHT + i, v128.shuffle<i32>(s, s, 3, 1, 1, 2))
  }
  // X = E F, Y = G H, T = E H, Z = F G
  mul4(SUM, LEFT, RIGHT)
}

/**
 * CHOSEN = the first point of a row times `digit`; the point at infinity, 1, 1, 2, 0, where that is 0. Reads the row whole,
 * with the ten vectors of an entry in locals.
 */
function choose(row: usize, digit: i32): void {
  const negative = digit >> 31
  const size = (digit ^ negative) - negative
  const wanted = i32x4.splat(size)
  const none = i32x4.replace_lane(zero, 0, (size - 1) >>> 31)
  let q0 = v128.shuffle<i32>(none, none, 0, 0, 1, 1)
  let q1 = zero, q2 = zero, q3 = zero, q4 = zero, q5 = zero, q6 = zero, q7 = zero, q8 = zero, q9 = zero
  for (let j = 1; j <= COMB_ENTRIES; j++, row += ENTRY) {
    const m = i32x4.eq(i32x4.splat(j), wanted)
    q0 = v128.or(q0, v128.and(m, v128.load(row)))
    q1 = v128.or(q1, v128.and(m, v128.load(row, 12)))
    q2 = v128.or(q2, v128.and(m, v128.load(row, 24)))
    q3 = v128.or(q3, v128.and(m, v128.load(row, 36)))
    q4 = v128.or(q4, v128.and(m, v128.load(row, 48)))
    q5 = v128.or(q5, v128.and(m, v128.load(row, 60)))
    q6 = v128.or(q6, v128.and(m, v128.load(row, 72)))
    q7 = v128.or(q7, v128.and(m, v128.load(row, 84)))
    q8 = v128.or(q8, v128.and(m, v128.load(row, 96)))
    q9 = v128.or(q9, v128.and(m, v128.load(row, 108)))
  }
  const sign = i32x4.splat(negative)
  place(0, q0, sign, i32x4(2, 0, 0, 0))
  place(1, q1, sign, zero)
  place(2, q2, sign, zero)
  place(3, q3, sign, zero)
  place(4, q4, sign, zero)
  place(5, q5, sign, zero)
  place(6, q6, sign, zero)
  place(7, q7, sign, zero)
  place(8, q8, sign, zero)
  place(9, q9, sign, zero)
}

/**
 * Vector i of CHOSEN: in q, whose last lane belongs to the vector behind it, `two` is missing. The negative of a point has
 * y + x and y - x exchanged, and -2dxy.
 */
// @ts-ignore: a decorator of AssemblyScript
@inline
function place(i: usize, q: v128, sign: v128, two: v128): void {
  const p = v128.bitselect(v128.shuffle<i32>(q, two, 1, 0, 4, 2), v128.shuffle<i32>(q, two, 0, 1, 4, 2), sign)
  const signs = v128.or(v128.and(sign, i32x4(0, 0, 0, -1)), i16x8.splat(1))
  v128.store(CHOSEN + 16 * i, i16x8.mul(p, signs))
}

/** Bytes of an entry: ten times three lanes. */
const ENTRY: usize = 120
const WORK_BYTES: i32 = 4 * 160
const WORK: usize = memory.data(WORK_BYTES, 16)
const SUM: usize = WORK
const CHOSEN: usize = WORK + FOUR
const LEFT: usize = WORK + 2 * FOUR
const RIGHT: usize = WORK + 3 * FOUR
