/**
 * GHASH (NIST SP 800-38D §6.4) under one hash key, by integer multiplication instead of tables: no branch and no address
 * depends on the key or the data.
 *
 * An ordinary product adds up columns of bits, and carries; the carry-less product that GHASH wants must not. So each
 * word is split into four, which keep every fourth bit: their products have columns of at most eight ones, whose sums
 * stay in the three zero bits above and are masked away. That gives the lower half of a product. The upper half is the
 * lower half of the reversed factors' product, reversed. Three levels of halves by Karatsuba make 2 * 9 such products a
 * block. Thomas Pornin's BearSSL showed the way (https://www.bearssl.org/constanttime.html#ghash-for-gcm).
 */
export class HashKey {
  /** The nine words that Karatsuba multiplies by, then the same reversed, each split in four. */
  readonly #factors = new Int32Array(18 * 4)
  readonly #products = new Int32Array(18)
  readonly #columns = new Int32Array(14)
  /** The running value, its lowest word (in GHASH's order, the last four bytes) first. */
  readonly #state = new Int32Array(4)

  constructor(key: Uint8Array) {
    const words = [0, 1, 2, 3].map((i) => bigEndian(key, 12 - 4 * i))
    const plain = spread(words)
    const reversed = spread(words.map(reverse))
    for (const [i, word] of [...plain, ...reversed].entries())
      for (let j = 0; j < 4; j++) this.#factors[4 * i + j] = word & (0x1111_1111 << j)
  }

  /** The hash of both, each padded with zeros to whole blocks, and of their lengths. */
  hash(aad: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    const state = this.#state.fill(0)
    this.#absorb(aad)
    this.#absorb(ciphertext)
    // Lengths in bits, 64 bits each.
    this.#block(
      Math.floor(aad.length / 2 ** 29),
      aad.length << 3,
      Math.floor(ciphertext.length / 2 ** 29),
      ciphertext.length << 3,
    )
    const digest = new Uint8Array(16)
    for (let i = 0; i < 16; i++) digest[15 - i] = (state[i >> 2] as number) >>> (8 * (i & 3))
    return digest
  }

  wipe(): void {
    this.#factors.fill(0)
    this.#products.fill(0)
    this.#columns.fill(0)
    this.#state.fill(0)
  }

  #absorb(bytes: Uint8Array): void {
    const whole = bytes.length - (bytes.length % 16)
    for (let at = 0; at < whole; at += 16)
      this.#block(bigEndian(bytes, at), bigEndian(bytes, at + 4), bigEndian(bytes, at + 8), bigEndian(bytes, at + 12))
    if (whole === bytes.length) return
    const last = new Uint8Array(16)
    last.set(bytes.subarray(whole))
    this.#block(bigEndian(last, 0), bigEndian(last, 4), bigEndian(last, 8), bigEndian(last, 12))
  }

  /** state = (state xor block) * key. */
  #block(w3: number, w2: number, w1: number, w0: number): void {
    const state = this.#state
    const a0 = (state[0] as number) ^ w0
    const a1 = (state[1] as number) ^ w1
    const a2 = (state[2] as number) ^ w2
    const a3 = (state[3] as number) ^ w3
    const r0 = reverse(a0)
    const r1 = reverse(a1)
    const r2 = reverse(a2)
    const r3 = reverse(a3)

    const f = this.#factors
    const p = this.#products
    p[0] = multiply(a0, f, 0)
    p[1] = multiply(a1, f, 4)
    p[2] = multiply(a2, f, 8)
    p[3] = multiply(a3, f, 12)
    p[4] = multiply(a0 ^ a1, f, 16)
    p[5] = multiply(a2 ^ a3, f, 20)
    p[6] = multiply(a0 ^ a2, f, 24)
    p[7] = multiply(a1 ^ a3, f, 28)
    p[8] = multiply(a0 ^ a1 ^ a2 ^ a3, f, 32)
    p[9] = multiply(r0, f, 36)
    p[10] = multiply(r1, f, 40)
    p[11] = multiply(r2, f, 44)
    p[12] = multiply(r3, f, 48)
    p[13] = multiply(r0 ^ r1, f, 52)
    p[14] = multiply(r2 ^ r3, f, 56)
    p[15] = multiply(r0 ^ r2, f, 60)
    p[16] = multiply(r1 ^ r3, f, 64)
    p[17] = multiply(r0 ^ r1 ^ r2 ^ r3, f, 68)

    const c = this.#columns
    addUp(p, 0, c, 0)
    addUp(p, 9, c, 7)
    reduce(state, c)
  }
}

/**
 * From nine products to the seven columns of a product of four words by four: column k is the sum of a_i * b_j with
 * i + j = k. Karatsuba gives the mixed ones as (a_i + a_j)(b_i + b_j) less a_i * b_i and a_j * b_j.
 */
function addUp(p: Int32Array, from: number, columns: Int32Array, to: number): void {
  const p0 = p[from] as number
  const p1 = p[from + 1] as number
  const p2 = p[from + 2] as number
  const p3 = p[from + 3] as number
  const p01 = (p[from + 4] as number) ^ p0 ^ p1
  const p23 = (p[from + 5] as number) ^ p2 ^ p3
  const p02 = (p[from + 6] as number) ^ p0 ^ p2
  const p13 = (p[from + 7] as number) ^ p1 ^ p3
  columns[to] = p0
  columns[to + 1] = p01
  columns[to + 2] = p02 ^ p1
  // All sixteen, less those of the other columns.
  columns[to + 3] = (p[from + 8] as number) ^ p0 ^ p1 ^ p2 ^ p3 ^ p01 ^ p23 ^ p02 ^ p13
  columns[to + 4] = p13 ^ p2
  columns[to + 5] = p23
  columns[to + 6] = p3
}

/** The lower 32 bits of the carry-less product of `x` and a factor. */
function multiply(x: number, factors: Int32Array, at: number): number {
  const y0 = factors[at] as number
  const y1 = factors[at + 1] as number
  const y2 = factors[at + 2] as number
  const y3 = factors[at + 3] as number
  const x0 = x & 0x1111_1111
  const x1 = x & 0x2222_2222
  const x2 = x & 0x4444_4444
  const x3 = x & 0x8888_8888
  const z0 = Math.imul(x0, y0) ^ Math.imul(x1, y3) ^ Math.imul(x2, y2) ^ Math.imul(x3, y1)
  const z1 = Math.imul(x0, y1) ^ Math.imul(x1, y0) ^ Math.imul(x2, y3) ^ Math.imul(x3, y2)
  const z2 = Math.imul(x0, y2) ^ Math.imul(x1, y1) ^ Math.imul(x2, y0) ^ Math.imul(x3, y3)
  const z3 = Math.imul(x0, y3) ^ Math.imul(x1, y2) ^ Math.imul(x2, y1) ^ Math.imul(x3, y0)
  return (z0 & 0x1111_1111) | (z1 & 0x2222_2222) | (z2 & 0x4444_4444) | (z3 & 0x8888_8888)
}

/** The columns' lower and upper halves joined to eight words, modulo x^128 + x^7 + x^2 + x + 1. */
function reduce(state: Int32Array, columns: Int32Array): void {
  const z0 = columns[0] as number
  const z1 = (columns[1] as number) ^ upper(columns, 0)
  const z2 = (columns[2] as number) ^ upper(columns, 1)
  const z3 = (columns[3] as number) ^ upper(columns, 2)
  const z4 = (columns[4] as number) ^ upper(columns, 3)
  const z5 = (columns[5] as number) ^ upper(columns, 4)
  const z6 = (columns[6] as number) ^ upper(columns, 5)
  const z7 = upper(columns, 6)
  // GHASH writes bits backwards, so a product of 255 bits stands one place too low: everything is shifted up first.
  // Then each of the lower four words is folded into the word four above, and what that shifts out into the one below.
  const y0 = z0 << 1
  const y1 = (z1 << 1) | (z0 >>> 31)
  const y2 = (z2 << 1) | (z1 >>> 31)
  const y3 = (z3 << 1) | (z2 >>> 31)
  const v3 = y3 ^ shiftedOut(y0)
  state[0] = ((z4 << 1) | (z3 >>> 31)) ^ folded(y0) ^ shiftedOut(y1)
  state[1] = ((z5 << 1) | (z4 >>> 31)) ^ folded(y1) ^ shiftedOut(y2)
  state[2] = ((z6 << 1) | (z5 >>> 31)) ^ folded(y2) ^ shiftedOut(v3)
  state[3] = ((z7 << 1) | (z6 >>> 31)) ^ folded(v3)
}

/** The upper half of column k: the reversed words' product has it, reversed, and one place too high. */
function upper(columns: Int32Array, k: number): number {
  return reverse(columns[7 + k] as number) >>> 1
}

function folded(word: number): number {
  return word ^ (word >>> 1) ^ (word >>> 2) ^ (word >>> 7)
}

function shiftedOut(word: number): number {
  return (word << 31) ^ (word << 30) ^ (word << 25)
}

/** The words as Karatsuba multiplies them: each, and the sums of two and of all four. */
function spread([a0 = 0, a1 = 0, a2 = 0, a3 = 0]: readonly number[]): readonly number[] {
  return [a0, a1, a2, a3, a0 ^ a1, a2 ^ a3, a0 ^ a2, a1 ^ a3, a0 ^ a1 ^ a2 ^ a3]
}

/** A word with its 32 bits in the other order. */
function reverse(word: number): number {
  let x = ((word & 0x5555_5555) << 1) | ((word >>> 1) & 0x5555_5555)
  x = ((x & 0x3333_3333) << 2) | ((x >>> 2) & 0x3333_3333)
  x = ((x & 0x0f0f_0f0f) << 4) | ((x >>> 4) & 0x0f0f_0f0f)
  x = ((x & 0x00ff_00ff) << 8) | ((x >>> 8) & 0x00ff_00ff)
  return (x << 16) | (x >>> 16)
}

function bigEndian(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}
