/**
 * ChaCha20 (RFC 8439 §2.3), four blocks at a time: vector x holds word x of four states, whose counters follow each other.
 * Additions, rotations and exclusive-ors only.
 */
import { clear, pick, xor } from './vector'

/** In: constants, key, counter, nonce, as in RFC 8439 §2.3; the counter here is not looked at. */
export const chachaState: usize = memory.data<u32>([
  0x61707865, 0x3320646e, 0x79622d32, 0x6b206574, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
], 16)
/** Out: four blocks. Secret. */
export const stream: usize = memory.data(256, 16)
// In memory, and loaded before the rounds: V8 makes a constant anew at each use, which takes four instructions.
const by16: usize = memory.data<u8>([2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13], 16)
const by8: usize = memory.data<u8>([3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14], 16)

/** Writes the keystream of the counters `counter` to `counter` + 3 to `stream`. */
export function keystream(counter: i32): void {
  clear(stream, 256)
  addKeystream(stream, stream + 256, counter)
}

/** Adds the keystream from `counter` on to a multiple of 256 bytes. */
export function addKeystream(at: usize, end: usize, counter: i32): void {
  const left16 = v128.load(by16), left8 = v128.load(by8)
  for (; at < end; at += 256, counter += 4) {
    const counters = add(i32x4.splat(counter), i32x4(0, 1, 2, 3))
    let x0 = word(0), x1 = word(1), x2 = word(2), x3 = word(3)
    let x4 = word(4), x5 = word(5), x6 = word(6), x7 = word(7)
    let x8 = word(8), x9 = word(9), x10 = word(10), x11 = word(11)
    let x12 = counters, x13 = word(13), x14 = word(14), x15 = word(15)
    for (let i = 0; i < 10; i++) {
      // §2.1: a quarter round on each column,
      x0 = add(x0, x4); x12 = pick(xor(x12, x0), left16); x8 = add(x8, x12); x4 = rotate(xor(x4, x8), 12)
      x0 = add(x0, x4); x12 = pick(xor(x12, x0), left8); x8 = add(x8, x12); x4 = rotate(xor(x4, x8), 7)
      x1 = add(x1, x5); x13 = pick(xor(x13, x1), left16); x9 = add(x9, x13); x5 = rotate(xor(x5, x9), 12)
      x1 = add(x1, x5); x13 = pick(xor(x13, x1), left8); x9 = add(x9, x13); x5 = rotate(xor(x5, x9), 7)
      x2 = add(x2, x6); x14 = pick(xor(x14, x2), left16); x10 = add(x10, x14); x6 = rotate(xor(x6, x10), 12)
      x2 = add(x2, x6); x14 = pick(xor(x14, x2), left8); x10 = add(x10, x14); x6 = rotate(xor(x6, x10), 7)
      x3 = add(x3, x7); x15 = pick(xor(x15, x3), left16); x11 = add(x11, x15); x7 = rotate(xor(x7, x11), 12)
      x3 = add(x3, x7); x15 = pick(xor(x15, x3), left8); x11 = add(x11, x15); x7 = rotate(xor(x7, x11), 7)
      // and on each diagonal.
      x0 = add(x0, x5); x15 = pick(xor(x15, x0), left16); x10 = add(x10, x15); x5 = rotate(xor(x5, x10), 12)
      x0 = add(x0, x5); x15 = pick(xor(x15, x0), left8); x10 = add(x10, x15); x5 = rotate(xor(x5, x10), 7)
      x1 = add(x1, x6); x12 = pick(xor(x12, x1), left16); x11 = add(x11, x12); x6 = rotate(xor(x6, x11), 12)
      x1 = add(x1, x6); x12 = pick(xor(x12, x1), left8); x11 = add(x11, x12); x6 = rotate(xor(x6, x11), 7)
      x2 = add(x2, x7); x13 = pick(xor(x13, x2), left16); x8 = add(x8, x13); x7 = rotate(xor(x7, x8), 12)
      x2 = add(x2, x7); x13 = pick(xor(x13, x2), left8); x8 = add(x8, x13); x7 = rotate(xor(x7, x8), 7)
      x3 = add(x3, x4); x14 = pick(xor(x14, x3), left16); x9 = add(x9, x14); x4 = rotate(xor(x4, x9), 12)
      x3 = add(x3, x4); x14 = pick(xor(x14, x3), left8); x9 = add(x9, x14); x4 = rotate(xor(x4, x9), 7)
    }
    addWords(at, add(x0, word(0)), add(x1, word(1)), add(x2, word(2)), add(x3, word(3)))
    addWords(at + 16, add(x4, word(4)), add(x5, word(5)), add(x6, word(6)), add(x7, word(7)))
    addWords(at + 32, add(x8, word(8)), add(x9, word(9)), add(x10, word(10)), add(x11, word(11)))
    addWords(at + 48, add(x12, counters), add(x13, word(13)), add(x14, word(14)), add(x15, word(15)))
  }
}

/** Overwrites key, nonce and keystream. */
export function wipeChacha(): void {
  clear(chachaState + 16, 48)
  clear(stream, 256)
}

@inline function word(i: usize): v128 {
  return v128.load_splat<u32>(chachaState + 4 * i)
}

/** Four words of each block, from vectors of four blocks each: a 4 by 4 matrix is transposed. */
@inline function addWords(at: usize, a: v128, b: v128, c: v128, d: v128): void {
  const lowAb = v128.shuffle<i32>(a, b, 0, 4, 1, 5), lowCd = v128.shuffle<i32>(c, d, 0, 4, 1, 5)
  const highAb = v128.shuffle<i32>(a, b, 2, 6, 3, 7), highCd = v128.shuffle<i32>(c, d, 2, 6, 3, 7)
  addTo(at, v128.shuffle<i64>(lowAb, lowCd, 0, 2))
  addTo(at + 64, v128.shuffle<i64>(lowAb, lowCd, 1, 3))
  addTo(at + 128, v128.shuffle<i64>(highAb, highCd, 0, 2))
  addTo(at + 192, v128.shuffle<i64>(highAb, highCd, 1, 3))
}

@inline function addTo(at: usize, bytes: v128): void {
  v128.store(at, xor(v128.load(at), bytes))
}

@inline function add(a: v128, b: v128): v128 {
  return i32x4.add(a, b)
}

@inline function rotate(a: v128, left: i32): v128 {
  return v128.or(i32x4.shl(a, left), i32x4.shr_u(a, 32 - left))
}
