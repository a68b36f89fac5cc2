/**
 * What every field needs and no product is. An element takes SLOT bytes: LIMBS signed limbs of 29 bits, one i32 each, then
 * lanes that mean nothing. Sums do not carry; which formula may add how often is told, and tested, where formulas are.
 *
 * "Canonical" limbs are those of the one value from 0 to m-1, each 0 to 2^29-1.
 */
import { LIMBS, SLOT } from 'curve/field'

export function add(o: usize, a: usize, b: usize): void {
  v128.store(o, i32x4.add(v128.load(a), v128.load(b)))
  v128.store(o, i32x4.add(v128.load(a, 16), v128.load(b, 16)), 16)
  v128.store(o, i32x4.add(v128.load(a, 32), v128.load(b, 32)), 32)
  if (SLOT > 48) v128.store(o, i32x4.add(v128.load(a, 48), v128.load(b, 48)), 48)
}

export function sub(o: usize, a: usize, b: usize): void {
  v128.store(o, i32x4.sub(v128.load(a), v128.load(b)))
  v128.store(o, i32x4.sub(v128.load(a, 16), v128.load(b, 16)), 16)
  v128.store(o, i32x4.sub(v128.load(a, 32), v128.load(b, 32)), 32)
  if (SLOT > 48) v128.store(o, i32x4.sub(v128.load(a, 48), v128.load(b, 48)), 48)
}

/** o = 2^bits a, 0 <= bits <= 2. */
export function double(o: usize, a: usize, bits: i32): void {
  v128.store(o, i32x4.shl(v128.load(a), bits))
  v128.store(o, i32x4.shl(v128.load(a, 16), bits), 16)
  v128.store(o, i32x4.shl(v128.load(a, 32), bits), 32)
  if (SLOT > 48) v128.store(o, i32x4.shl(v128.load(a, 48), bits), 48)
}

export function copy(o: usize, a: usize): void {
  memory.copy(o, a, SLOT)
}

/** Sets the element to a small number. */
export function setNumber(o: usize, value: i32): void {
  memory.fill(o, 0, SLOT)
  store<i32>(o, value)
}

/** o = -o where mask is -1; unchanged where it is 0. */
export function negateIf(o: usize, mask: i32): void {
  const m = i32x4.splat(mask)
  for (let i: usize = 0; i < SLOT; i += 16)
    v128.store(o + i, i32x4.sub(v128.xor(v128.load(o + i), m), m))
}

/** Exchanges the two where mask is -1. */
export function swapIf(a: usize, b: usize, mask: i32): void {
  const m = i32x4.splat(mask)
  for (let i: usize = 0; i < SLOT; i += 16) {
    const x = v128.load(a + i), y = v128.load(b + i)
    const difference = v128.and(v128.xor(x, y), m)
    v128.store(a + i, v128.xor(x, difference))
    v128.store(b + i, v128.xor(y, difference))
  }
}

/** o = a where mask is -1; unchanged where it is 0. */
export function copyIf(o: usize, a: usize, mask: i32): void {
  const m = i32x4.splat(mask)
  for (let i: usize = 0; i < SLOT; i += 16)
    v128.store(o + i, v128.bitselect(v128.load(a + i), v128.load(o + i), m))
}

/** One round of carries, all limbs at once: those left are little more than 2^28. The top limb keeps what it has. */
export function carry(o: usize, a: usize): void {
  const zero = i32x4.splat(0)
  const c0 = carryOf(v128.load(a)), c1 = carryOf(v128.load(a, 16))
  v128.store(o, i32x4.add(without(v128.load(a), c0), v128.shuffle<i32>(zero, c0, 0, 4, 5, 6)))
  v128.store(o, i32x4.add(without(v128.load(a, 16), c1), v128.shuffle<i32>(c0, c1, 3, 4, 5, 6)), 16)
  if (SLOT == 48) {
    // Lane 8 is the top limb of 9.
    v128.store(o, i32x4.add(v128.load(a, 32), v128.shuffle<i32>(c1, zero, 3, 4, 4, 4)), 32)
  } else {
    // Lane 13 is the top limb of 14: only lane 12 carries.
    const c2 = carryOf(v128.load(a, 32))
    const c3 = v128.and(carryOf(v128.load(a, 48)), i32x4(-1, 0, 0, 0))
    v128.store(o, i32x4.add(without(v128.load(a, 32), c2), v128.shuffle<i32>(c1, c2, 3, 4, 5, 6)), 32)
    v128.store(o, i32x4.add(without(v128.load(a, 48), c3), v128.shuffle<i32>(c2, c3, 3, 4, 5, 6)), 48)
  }
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function carryOf(x: v128): v128 {
  return i32x4.shr_s(i32x4.add(x, i32x4.splat(1 << 28)), 29)
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function without(x: v128, c: v128): v128 {
  return i32x4.sub(x, i32x4.shl(c, 29))
}

/** o = a - m in limbs of 0 to 2^29-1, for canonical or smaller-than-radix a; -1 where a < m, else 0. */
export function subtract(o: usize, a: usize, m: usize): i32 {
  let c: i32 = 0
  for (let i: usize = 0; i < 4 * (LIMBS as usize); i += 4) {
    c += load<i32>(a + i) - load<i32>(m + i)
    store<i32>(o + i, c & MASK)
    c >>= 29
  }
  return c
}

/** Makes canonical, in place, a value between -m and m. */
export function canonical(a: usize, m: usize): void {
  const negative = carryThrough(a, a, 0) >> 31
  carryThrough(a, m, negative)
}

/** a + (b & mask) with carries from limb to limb, where a and b may be the same; returns the top limb, which keeps its sign. */
function carryThrough(a: usize, b: usize, mask: i32): i32 {
  const top: usize = 4 * (LIMBS - 1)
  let c: i32 = 0
  for (let i: usize = 0; i < top; i += 4) {
    c += load<i32>(a + i) + (load<i32>(b + i) & mask)
    store<i32>(a + i, c & MASK)
    c >>= 29
  }
  c += load<i32>(a + top) + (load<i32>(b + top) & mask)
  store<i32>(a + top, c)
  return c
}

/** Whether canonical limbs are all 0: -1 or 0, without a branch. */
export function isZero(a: usize): i32 {
  let bits: i32 = 0
  for (let i: usize = 0; i < 4 * (LIMBS as usize); i += 4) bits |= load<i32>(a + i)
  return ((bits | -bits) >> 31) ^ -1
}

/** Whether two rows of canonical limbs are the same: -1 or 0, without a branch. */
export function isEqual(a: usize, b: usize): i32 {
  let bits: i32 = 0
  for (let i: usize = 0; i < 4 * (LIMBS as usize); i += 4) bits |= load<i32>(a + i) ^ load<i32>(b + i)
  return ((bits | -bits) >> 31) ^ -1
}

/** `bytes` little-endian bytes as limbs of 0 to 2^29-1. Reads up to 8 bytes beyond the number and ignores them. */
export function fromBytes(o: usize, a: usize, bytes: i32): void {
  memory.fill(o, 0, SLOT)
  const bits = 8 * bytes
  for (let i = 0; 29 * i < bits; i++) {
    const word = load<u64>(a + ((29 * i) >> 3)) >> ((29 * i) & 7)
    const known = bits - 29 * i
    const limb = (word & ((1 << u64(min(known, 29))) - 1)) as u32
    store<u32>(o + 4 * i, limb)
  }
}

/** Canonical limbs as `bytes` little-endian bytes. */
export function toBytes(o: usize, a: usize, bytes: i32): void {
  for (let j = 0; j < bytes; j++) {
    const i = (8 * j) / 29
    const here = load<u32>(a + 4 * i) as u64
    const next = i + 1 < LIMBS ? (load<u32>(a + 4 * i + 4) as u64) : 0
    store<u8>(o + j, ((here | (next << 29)) >> (8 * j - 29 * i)) as u8)
  }
}

/** Reverses bytes in place: SEC 1 writes numbers with their most significant byte first. */
export function reverse(a: usize, bytes: i32): void {
  for (let i = 0, j = bytes - 1; i < j; i++, j--) {
    const byte = load<u8>(a + i)
    store<u8>(a + i, load<u8>(a + j))
    store<u8>(a + j, byte)
  }
}

export const MASK: i32 = (1 << 29) - 1
