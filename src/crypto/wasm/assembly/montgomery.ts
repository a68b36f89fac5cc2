/**
 * Numbers modulo an odd m, of as many limbs as the caller says: rows of 29 bits in u32 lanes, a multiple of 4 limbs, with
 * zeros before and behind. Times and addresses depend on lengths only.
 *
 * R is 2^(29 limbs), and at least 16 m. Numbers below 4m may enter any product, and come out below 2m: nothing is reduced
 * further until `canonical` is asked for it.
 *
 * A product of two limbs has 58 bits, so that a column of 64 has room for 64 of them. In a turn of two digits a column takes
 * four; in a square two of those are doubled, which makes six, and two more come once. Columns are settled after ten turns.
 */

export const MOST_LIMBS: i32 = 320
/** Bytes from row to row. A row's address is that of its lowest limb; 16 bytes of zeros stand before it. */
export const ROW: usize = 16 + 4 * 320 + 48

/** o = a b / R modulo m, below 2m. `inverse` is -1 / m mod 2^29. */
export function multiply(o: usize, a: usize, b: usize, m: usize, inverse: u32, limbs: i32): void {
  for (let at = SUMS, end = SUMS + 16 * limbs; at < end; at += 16) v128.store(at, i64x2.splat(0))
  const a0 = <u64>load<u32>(a), a1 = <u64>load<u32>(a, 4)
  const m0 = <u64>load<u32>(m), m1 = <u64>load<u32>(m, 4)
  let carry: u64 = 0
  // Two digits of b in a turn, and the two multiples of m that clear the two lowest columns.
  for (let i = 0; i < limbs; i += 2) {
    if (i > 0 && i % DIGITS == 0) settle(i, limbs)
    const b0 = load<u32>(b + 4 * i), b1 = load<u32>(b + 4 * i + 4)
    let column = carry + load<u64>(SUMS + 8 * i) + a0 * b0
    const q0 = (<u32>column * inverse) & MASK
    column = ((column + m0 * q0) >> 29) + load<u64>(SUMS + 8 * i + 8) + a1 * b0 + a0 * b1 + m1 * q0
    const q1 = (<u32>column * inverse) & MASK
    carry = (column + m0 * q1) >> 29
    addBoth(SUMS + 8 * i, a, m, b0, b1, q0, q1, 0, 4 * limbs)
  }
  takeUpper(o, carry, limbs)
}

/** o = a^2 / R modulo m, below 2m: as `multiply`, but of products that stand twice only one is made, of a doubled limb. */
export function square(o: usize, a: usize, m: usize, inverse: u32, limbs: i32): void {
  for (let i = 0; i < limbs; i += 4) v128.store(DOUBLED + 4 * i, i32x4.shl(v128.load(a + 4 * i), 1))
  store<u64>(DOUBLED + 4 * limbs, 0)
  // What two digits make among themselves; what they make with those above them comes turn by turn.
  for (let i = 0; i < limbs; i += 2) {
    const b0 = <u64>load<u32>(a + 4 * i), b1 = <u64>load<u32>(a + 4 * i + 4)
    store<u64>(SUMS + 16 * i, b0 * b0)
    store<u64>(SUMS + 16 * i, 2 * b0 * b1, 8)
    store<u64>(SUMS + 16 * i, b1 * b1, 16)
    store<u64>(SUMS + 16 * i, 0, 24)
  }
  let carry: u64 = 0
  for (let i = 0; i < limbs; i += 4) {
    if (i > 0 && i % DIGITS == 0) settle(i, limbs)
    carry = squareTurn(carry, a, m, inverse, i, i, i32x4(-1, -1, -1, -1), i32x4(0, -1, -1, -1), limbs)
    carry = squareTurn(carry, a, m, inverse, i + 2, i, i32x4(0, 0, -1, -1), i32x4(0, 0, 0, -1), limbs)
  }
  takeUpper(o, carry, limbs)
}

/** Two digits of a square. Of the four limbs at `left` the masks keep those above both digits. */
@inline function squareTurn(
  carry: u64, a: usize, m: usize, inverse: u32, i: i32, left: i32, mask0: v128, mask1: v128, limbs: i32,
): u64 {
  const m0 = <u64>load<u32>(m), m1 = <u64>load<u32>(m, 4)
  const b0 = load<u32>(a + 4 * i), b1 = load<u32>(a + 4 * i + 4)
  let column = carry + load<u64>(SUMS + 8 * i)
  const q0 = (<u32>column * inverse) & MASK
  column = ((column + m0 * q0) >> 29) + load<u64>(SUMS + 8 * i + 8) + m1 * q0
  const q1 = (<u32>column * inverse) & MASK
  const sums = SUMS + 8 * i
  addOne(sums, m, q0, q1, 4 * left)
  const x0 = v128.and(v128.load(DOUBLED + 4 * left, 8), mask0), x1 = v128.and(v128.load(DOUBLED + 4 * left, 4), mask1)
  addGroup(sums + 16 + 8 * left, x0, x1, m + 4 * left, i32x4.splat(b0), i32x4.splat(b1), i32x4.splat(q0), i32x4.splat(q1))
  addBoth(sums, DOUBLED, m, b0, b1, q0, q1, 4 * left + 16, 4 * limbs)
  return (column + m0 * q1) >> 29
}

/** Adds a (b0 + b1 2^29) + m (q0 + q1 2^29) but for the two lowest columns, from one byte of the rows to another. */
@inline function addBoth(
  sums: usize, a: usize, m: usize, b0: u32, b1: u32, q0: u32, q1: u32, from: usize, end: usize,
): void {
  const b0s = i32x4.splat(b0), b1s = i32x4.splat(b1), q0s = i32x4.splat(q0), q1s = i32x4.splat(q1)
  for (let i = from, to = sums + 16 + 2 * from; i < end; i += 16, to += 32)
    addGroup(to, v128.load(a + i, 8), v128.load(a + i, 4), m + i, b0s, b1s, q0s, q1s)
}

@inline function addGroup(to: usize, x0: v128, x1: v128, m: usize, b0s: v128, b1s: v128, q0s: v128, q1s: v128): void {
  const y0 = v128.load(m, 8), y1 = v128.load(m, 4)
  const low = i64x2.add(
    i64x2.add(i64x2.extmul_low_i32x4_u(x0, b0s), i64x2.extmul_low_i32x4_u(x1, b1s)),
    i64x2.add(i64x2.extmul_low_i32x4_u(y0, q0s), i64x2.extmul_low_i32x4_u(y1, q1s)),
  )
  const high = i64x2.add(
    i64x2.add(i64x2.extmul_high_i32x4_u(x0, b0s), i64x2.extmul_high_i32x4_u(x1, b1s)),
    i64x2.add(i64x2.extmul_high_i32x4_u(y0, q0s), i64x2.extmul_high_i32x4_u(y1, q1s)),
  )
  v128.store(to, i64x2.add(v128.load(to), low))
  v128.store(to, i64x2.add(v128.load(to, 16), high), 16)
}

/** The same of m alone, from its beginning. */
@inline function addOne(sums: usize, m: usize, q0: u32, q1: u32, end: usize): void {
  const q0s = i32x4.splat(q0), q1s = i32x4.splat(q1)
  for (let i: usize = 0, to = sums + 16; i < end; i += 16, to += 32) {
    const y0 = v128.load(m + i, 8), y1 = v128.load(m + i, 4)
    const low = i64x2.add(i64x2.extmul_low_i32x4_u(y0, q0s), i64x2.extmul_low_i32x4_u(y1, q1s))
    const high = i64x2.add(i64x2.extmul_high_i32x4_u(y0, q0s), i64x2.extmul_high_i32x4_u(y1, q1s))
    v128.store(to, i64x2.add(v128.load(to), low))
    v128.store(to, i64x2.add(v128.load(to, 16), high), 16)
  }
}

/** Carries the columns from the i-th on into their neighbours, once, which makes room in all of them. */
function settle(i: i32, limbs: i32): void {
  const mask = i64x2.splat(MASK)
  // The one below was carried when it was cleared.
  store<u64>(SUMS + 8 * i - 8, 0)
  for (let at = SUMS + 16 * limbs - 16; at >= SUMS + 8 * i; at -= 16)
    v128.store(at, i64x2.add(v128.and(v128.load(at), mask), i64x2.shr_u(v128.load(at - 8), 29)))
}

/** o = the columns above the lowest `limbs`, and the carry from those, carried. */
function takeUpper(o: usize, carry: u64, limbs: i32): void {
  for (let i = 0; i < limbs; i++) {
    carry += load<u64>(SUMS + 8 * (limbs + i))
    store<u32>(o + 4 * i, <u32>carry & MASK)
    carry >>= 29
  }
}

/** o = a^exponent for a secret exponent of so many bytes, big-endian. All in form, a R. `one` is R mod m; uses POWERS. */
export function power(
  o: usize, a: usize, one: usize, exponent: usize, bytes: i32, m: usize, inverse: u32, limbs: i32,
): void {
  copy(POWERS, one, limbs)
  for (let i: usize = 1; i < 16; i++) multiply(POWERS + ROW * i, POWERS + ROW * (i - 1), a, m, inverse, limbs)
  copy(o, one, limbs)
  for (let i = 0; i < 2 * bytes; i++) {
    const digit = (load<u8>(exponent + (i >> 1)) >> <u8>(4 * (~i & 1))) & 15
    for (let j = 0; j < 4; j++) square(o, o, m, inverse, limbs)
    choose(CHOSEN, digit, limbs)
    multiply(o, o, CHOSEN, m, inverse, limbs)
  }
}

/** o = POWERS[digit], by reading all sixteen. */
function choose(o: usize, digit: i32, limbs: i32): void {
  const wanted = i32x4.splat(digit)
  for (let i: usize = 0; i < 4 * <usize>limbs; i += 16) {
    let chosen = i32x4.splat(0)
    for (let j = 0; j < 16; j++) {
      const entry = v128.load(POWERS + ROW * j + i)
      chosen = v128.or(chosen, v128.and(entry, i32x4.eq(i32x4.splat(j), wanted)))
    }
    v128.store(o + i, chosen)
  }
}

/** o = a - b + 2m, below 4m, for numbers below 2m. */
export function subtract(o: usize, a: usize, b: usize, m: usize, limbs: i32): void {
  let carry: i32 = 0
  for (let i: usize = 0; i < 4 * <usize>limbs; i += 4) {
    carry += load<i32>(a + i) - load<i32>(b + i) + 2 * load<i32>(m + i)
    store<i32>(o + i, carry & MASK)
    carry >>= 29
  }
}

/** o = a + b. */
export function add(o: usize, a: usize, b: usize, limbs: i32): void {
  let carry: i32 = 0
  for (let i: usize = 0; i < 4 * <usize>limbs; i += 4) {
    carry += load<i32>(a + i) + load<i32>(b + i)
    store<i32>(o + i, carry & MASK)
    carry >>= 29
  }
}

/** o = a + b c over the integers, where b and c have so many limbs each and o and a twice as many. */
export function multiplyAdd(o: usize, a: usize, b: usize, c: usize, limbs: i32): void {
  let column: u64 = 0
  for (let k = 0; k < 2 * limbs; k++) {
    column += load<u32>(a + 4 * k)
    let above: u64 = 0
    for (let i = max(0, k - limbs + 1); i <= min(k, limbs - 1); i++) {
      const product = <u64>load<u32>(b + 4 * i) * <u64>load<u32>(c + 4 * (k - i))
      column += product & MASK
      above += product >> 29
    }
    store<u32>(SUMS + 4 * k, <u32>column & MASK)
    column = (column >> 29) + above
  }
  copy(o, SUMS, 2 * limbs)
}

/** Reduces a number below 2m, in place: m is taken away, and what is left is chosen by a mask. */
export function canonical(a: usize, m: usize, limbs: i32): void {
  let borrow: i32 = 0
  for (let i: usize = 0; i < 4 * <usize>limbs; i += 4) {
    borrow += load<i32>(a + i) - load<i32>(m + i)
    store<i32>(SUMS + i, borrow & MASK)
    borrow >>= 29
  }
  for (let i: usize = 0; i < 4 * <usize>limbs; i += 4)
    store<i32>(a + i, (load<i32>(a + i) & borrow) | (load<i32>(SUMS + i) & ~borrow))
}

export function copy(o: usize, a: usize, limbs: i32): void {
  memory.copy(o, a, 4 * limbs)
}

/** The row of a number of so many big-endian bytes. */
export function fromBytes(o: usize, bytes: usize, length: i32, limbs: i32): void {
  memory.fill(o, 0, 4 * limbs)
  for (let i = 0; i < length; i++) {
    const bit = 8 * i
    const at = o + 4 * (bit / 29)
    const value = <u64>load<u8>(bytes + length - 1 - i) << (bit % 29)
    store<u32>(at, load<u32>(at) | (<u32>value & MASK))
    if (bit % 29 > 21) store<u32>(at, load<u32>(at, 4) | <u32>(value >> 29), 4)
  }
}

/** The lowest bytes of a canonical row, big-endian. */
export function toBytes(bytes: usize, a: usize, length: i32): void {
  for (let i = 0; i < length; i++) {
    const bit = 8 * i
    const at = a + 4 * (bit / 29)
    const two = <u64>load<u32>(at) | (<u64>load<u32>(at, 4) << 29)
    store<u8>(bytes + length - 1 - i, <u8>(two >> (bit % 29)))
  }
}

/** -1 / m mod 2^29: Newton's iteration doubles the bits that are right, from 3. */
export function negativeInverse(m: usize): u32 {
  const lowest = load<u32>(m)
  let inverse = lowest
  for (let i = 0; i < 4; i++) inverse *= 2 - lowest * inverse
  return -inverse & MASK
}

export function wipeSums(): void {
  memory.fill(SUMS, 0, 16 * MOST_LIMBS)
  memory.fill(POWERS - 16, 0, 18 * ROW)
}

const MASK: u32 = (1 << 29) - 1
/** How many go by until the columns are settled; a multiple of 4. */
const DIGITS: i32 = 20
/** Columns of a product, an i64 each; and rows for who needs one. */
const SUMS: usize = memory.data(16 * 320, 16)
const POWERS: usize = memory.data(18 * (16 + 4 * 320 + 48), 16) + 16
const CHOSEN: usize = POWERS + 16 * ROW
const DOUBLED: usize = POWERS + 17 * ROW
