/**
 * The compression functions of SHA-2 (FIPS 180-4 §6.2.2, §6.4.2).
 *
 * One text serves both widths: T is u32 for SHA-256, u64 for the other two. The message schedules of several blocks (four of
 * SHA-256, two of SHA-512) are expanded together, one block in each lane of a vector. A shorter run does the same, and does
 * not look at the lanes that it has no block for. The rounds of one message's blocks come one after the other; those of
 * messages that do not know each other come together, in the lanes again. The text of the rounds is one as well: V is T for a
 * block alone, v128 for a block in each lane. Vectors cannot rotate, so four lanes take one and a half times what one block takes.
 */

/** One row of 16 bytes for each word of the message schedule: lane l of row w is word w of block l, and in the end its constant too. */
export const schedule: usize = memory.data(80 * 16, 16)

/** Takes `blocks` successive blocks into a chaining value. */
export function compressBlocks<T>(state: usize, from: usize, blocks: i32): void {
  const lanes = <i32>(16 / sizeof<T>())
  while (blocks > 0) {
    const together = min(blocks, lanes)
    expandSchedules<T>(from, together)
    for (let lane = 0; lane < together; lane++) rounds<T, T>(state, schedule + lane * sizeof<T>())
    from += together * 16 * sizeof<T>()
    blocks -= together
  }
}

/** Takes `count` blocks, up to a vector of them, each into a chaining value of its own: row w of `states` has word w of each. */
export function compressLanes<T>(states: usize, from: usize, count: i32): void {
  expandSchedules<T>(from, count)
  rounds<T, v128>(states, schedule)
}

/**
 * FIPS 180-4 §6.2.2 and §6.4.2, step 1, for up to a vector of blocks at once. A word that no other needs any more is stored with
 * the constant that its round adds: here one addition serves all the blocks.
 */
function expandSchedules<T>(from: usize, blocks: i32): void {
  for (let lane = 0; lane < blocks; lane++) readBlock<T>(from + lane * 16 * sizeof<T>(), schedule + lane * sizeof<T>())
  const last = schedule + (roundCount<T>() - 16) * 16
  let k = constants
  let word = v128.load(schedule)
  // The last two words made: the next but one needs what has hardly left for memory.
  let before = v128.load(schedule, 14 * 16)
  let made = v128.load(schedule, 15 * 16)
  for (let row = schedule; row < last; row += 16, k += 8) {
    const next = v128.load(row, 16)
    const sum = v128.add<T>(v128.add<T>(word, v128.load(row, 9 * 16)), smallSigma0<T>(next))
    const newest = v128.add<T>(sum, smallSigma1<T>(before))
    v128.store(row, newest, 16 * 16)
    v128.store(row, v128.add<T>(word, constant<T>(k)))
    word = next
    before = made
    made = newest
  }
  for (let row = last; row < last + 16 * 16; row += 16, k += 8) v128.store(row, v128.add<T>(v128.load(row), constant<T>(k)))
}

/** FIPS 180-4 §4.2.2: the constants of SHA-256 are the upper halves of the first 64 of SHA-512. */
@inline function constant<T>(k: usize): v128 {
  return v128.load_splat<T>(k + (8 - sizeof<T>()))
}

/** The words of a block, which are big-endian, down one lane of the first 16 rows. */
function readBlock<T>(block: usize, column: usize): void {
  for (const end = block + 16 * sizeof<T>(); block < end; block += 16) {
    if (sizeof<T>() == 4) {
      const words = i8x16.swizzle(v128.load(block), i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12))
      v128.store_lane<u32>(column, words, 0, 0)
      v128.store_lane<u32>(column, words, 1, 16)
      v128.store_lane<u32>(column, words, 2, 32)
      v128.store_lane<u32>(column, words, 3, 48)
      column += 64
    } else {
      const words = i8x16.swizzle(v128.load(block), i8x16(7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8))
      v128.store_lane<u64>(column, words, 0, 0)
      v128.store_lane<u64>(column, words, 1, 16)
      column += 32
    }
  }
}

/** Steps 2 to 4, of the schedule at `w`. Eight rounds bring the names back to where they were. */
function rounds<T, V>(state: usize, w: usize): void {
  const end = w + roundCount<T>() * 16
  let a = load<V>(state)
  let b = load<V>(state + 1 * sizeof<V>())
  let c = load<V>(state + 2 * sizeof<V>())
  let d = load<V>(state + 3 * sizeof<V>())
  let e = load<V>(state + 4 * sizeof<V>())
  let f = load<V>(state + 5 * sizeof<V>())
  let g = load<V>(state + 6 * sizeof<V>())
  let h = load<V>(state + 7 * sizeof<V>())
  // Maj(a, b, c) = b ^ ((a ^ b) & (b ^ c)), and this round's a ^ b is the next one's b ^ c.
  let even: V
  let odd = xor<V>(b, c)
  for (; w < end; w += 8 * 16) {
    h = stir<T, V>(h, e, f, g, w, 0); d = add<T, V>(d, h); even = xor<V>(a, b); h = mix<T, V>(h, a, b, even, odd)
    g = stir<T, V>(g, d, e, f, w, 1); c = add<T, V>(c, g); odd = xor<V>(h, a); g = mix<T, V>(g, h, a, odd, even)
    f = stir<T, V>(f, c, d, e, w, 2); b = add<T, V>(b, f); even = xor<V>(g, h); f = mix<T, V>(f, g, h, even, odd)
    e = stir<T, V>(e, b, c, d, w, 3); a = add<T, V>(a, e); odd = xor<V>(f, g); e = mix<T, V>(e, f, g, odd, even)
    d = stir<T, V>(d, a, b, c, w, 4); h = add<T, V>(h, d); even = xor<V>(e, f); d = mix<T, V>(d, e, f, even, odd)
    c = stir<T, V>(c, h, a, b, w, 5); g = add<T, V>(g, c); odd = xor<V>(d, e); c = mix<T, V>(c, d, e, odd, even)
    b = stir<T, V>(b, g, h, a, w, 6); f = add<T, V>(f, b); even = xor<V>(c, d); b = mix<T, V>(b, c, d, even, odd)
    a = stir<T, V>(a, f, g, h, w, 7); e = add<T, V>(e, a); odd = xor<V>(b, c); a = mix<T, V>(a, b, c, odd, even)
  }
  addTo<T, V>(state, a)
  addTo<T, V>(state + 1 * sizeof<V>(), b)
  addTo<T, V>(state + 2 * sizeof<V>(), c)
  addTo<T, V>(state + 3 * sizeof<V>(), d)
  addTo<T, V>(state + 4 * sizeof<V>(), e)
  addTo<T, V>(state + 5 * sizeof<V>(), f)
  addTo<T, V>(state + 6 * sizeof<V>(), g)
  addTo<T, V>(state + 7 * sizeof<V>(), h)
}

function addTo<T, V>(at: usize, value: V): void {
  store<V>(at, add<T, V>(load<V>(at), value))
}

/** T1, by round `i` of the eight: the old h, Σ1(e), the word and its constant, and Ch(e, f, g) = g ^ (e & (f ^ g)). */
@inline function stir<T, V>(h: V, e: V, f: V, g: V, w: usize, i: usize): V {
  const choice = xor<V>(g, and<V>(e, xor<V>(f, g)))
  return add<T, V>(h, add<T, V>(add<T, V>(bigSigma1<T, V>(e), choice), load<V>(w + 16 * i)))
}

/** T1 + T2, that is with Σ0(a) and Maj(a, b, c); `one` and `other` are the differences that Maj is made of. */
@inline function mix<T, V>(h: V, a: V, b: V, one: V, other: V): V {
  return add<T, V>(h, add<T, V>(bigSigma0<T, V>(a), xor<V>(b, and<V>(one, other))))
}

@inline function roundCount<T>(): i32 {
  return sizeof<T>() == 4 ? 64 : 80
}

// The functions of FIPS 180-4 §4.1.2 (SHA-256) and §4.1.3 (the other two).

@inline function bigSigma0<T, V>(x: V): V {
  if (sizeof<T>() == 4) return xor<V>(xor<V>(rotate<T, V>(x, 2), rotate<T, V>(x, 13)), rotate<T, V>(x, 22))
  return xor<V>(xor<V>(rotate<T, V>(x, 28), rotate<T, V>(x, 34)), rotate<T, V>(x, 39))
}

@inline function bigSigma1<T, V>(x: V): V {
  if (sizeof<T>() == 4) return xor<V>(xor<V>(rotate<T, V>(x, 6), rotate<T, V>(x, 11)), rotate<T, V>(x, 25))
  return xor<V>(xor<V>(rotate<T, V>(x, 14), rotate<T, V>(x, 18)), rotate<T, V>(x, 41))
}

@inline function smallSigma0<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return v128.xor(v128.xor(rotate<T, v128>(x, 7), rotate<T, v128>(x, 18)), v128.shr<T>(x, 3))
  return v128.xor(v128.xor(rotate<T, v128>(x, 1), rotate<T, v128>(x, 8)), v128.shr<T>(x, 7))
}

@inline function smallSigma1<T>(x: v128): v128 {
  if (sizeof<T>() == 4) return v128.xor(v128.xor(rotate<T, v128>(x, 17), rotate<T, v128>(x, 19)), v128.shr<T>(x, 10))
  return v128.xor(v128.xor(rotate<T, v128>(x, 19), rotate<T, v128>(x, 61)), v128.shr<T>(x, 6))
}

@inline function rotate<T, V>(x: V, right: i32): V {
  if (isVector<V>()) return v128.or(v128.shr<T>(x, right), v128.shl<T>(x, 8 * <i32>sizeof<T>() - right))
  return rotr<V>(x, <V>right)
}

@inline function add<T, V>(x: V, y: V): V {
  if (isVector<V>()) return v128.add<T>(x, y)
  return <V>(x + y)
}

@inline function xor<V>(x: V, y: V): V {
  if (isVector<V>()) return v128.xor(x, y)
  return <V>(x ^ y)
}

@inline function and<V>(x: V, y: V): V {
  if (isVector<V>()) return v128.and(x, y)
  return <V>(x & y)
}

/** FIPS 180-4 §4.2.3: the first 64 bits of the fractional parts of the cube roots of the first eighty primes. */
const constants: usize = memory.data<u64>([
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
  0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
  0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
  0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
  0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
  0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
  0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
  0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
  0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
  0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
  0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
  0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
  0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
  0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
  0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
  0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
  0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
  0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
  0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
], 16)
