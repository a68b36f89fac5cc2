/**
 * ML-KEM-768 (FIPS 203). The decapsulation key is kept as its seed d || z, from which everything else is made anew.
 *
 * No branch and no address depends on a secret: not on the seed, the message, the noise, nor on whether a ciphertext was
 * honest. What does is public: the matrix, which is drawn by rejection from a part of the encapsulation key, and the check
 * of that key.
 */
import {
  EXTENDABLE, HASH, SHA3_256, SHA3_512, SHAKE128, SHAKE256, absorb, other, permute, prepare, state,
} from './keccak'
import {
  compress10, compress4, decompress10, decompress4, fromMessage, pack12, toMessage, unpack12,
} from './ml-kem-encoding'
import {
  POLY, Q, addTo, canonical, dotProduct, inverseNtt, makeRoots, ntt, scale, subtractFrom,
} from './ml-kem-polynomial'
import { and, bytes } from './vector'

/** In: d || z. Wiped by every call that reads it. */
export const seed: usize = memory.data(64, 16)
/** In or out: the encapsulation key, 1184 bytes: three polynomials in 12 bits a coefficient, and rho. */
export const encapsulationKey: usize = memory.data(1184, 16)
/** In or out: 1088 bytes. Before it stands z, so that both can be hashed at once. */
const rejected: usize = memory.data(32 + 1088, 16)
export const ciphertext: usize = rejected + 32
/** In: the 32 random bytes to encapsulate, wiped. Behind them stands the hash of the encapsulation key. */
const committed: usize = memory.data(64, 16)
export const message: usize = committed
/** Out: the shared secret, which the caller wipes. */
export const secret: usize = memory.data(32, 16)

/** Makes the tables. Once for an instance. */
export function init(): void {
  makeRoots()
}

/** FIPS 203 Algorithm 16: the encapsulation key of `seed`. */
export function keyPair(): void {
  expandKey()
  wipe()
}

/** FIPS 203 Algorithm 20: `ciphertext` and `secret` for `encapsulationKey`, from `message`. 0 where the key is none (§7.2). */
export function encapsulate(): i32 {
  if (!readKey()) {
    wipe()
    return 0
  }
  commit()
  memory.copy(secret, COINS, 32)
  encrypt(ciphertext)
  wipe()
  return 1
}

/** FIPS 203 Algorithm 21: `secret` from `ciphertext`, by `seed`; for a ciphertext that is none, a secret nobody knows. */
export function decapsulate(): void {
  memory.copy(rejected, seed + 32, 32)
  expandKey()
  decrypt()
  commit()
  memory.copy(secret, COINS, 32)
  encrypt(AGAIN)
  absorb(SHAKE256, EXTENDABLE, rejected, 32 + 1088)
  const keep = equalMask(AGAIN, ciphertext, 1088)
  for (let i: usize = 0; i < 32; i++)
    store<u8>(secret + i, (load<u8>(secret + i) & keep) | (load<u8>(state + i) & ~keep))
  wipe()
}

/** K-PKE.KeyGen, Algorithm 13: the key's vector t in KEY and, written out, in `encapsulationKey`; the secret vector s in SECRET. */
function expandKey(): void {
  memory.copy(PRF_INPUT, seed, 32)
  store<u8>(PRF_INPUT + 32, 3)
  absorb(SHA3_512, HASH, PRF_INPUT, 33)
  memory.copy(RHO, state, 32)
  memory.copy(PRF_INPUT, state + 32, 32)
  for (let n = 0; n < 6; n += 2) drawNoise(SECRET + POLY * n, n)
  drawMatrix(false)
  for (let i = 0; i < 3; i++) ntt(SECRET + POLY * i)
  for (let i = 0; i < 3; i++) {
    const t = KEY + POLY * i, error = SECRET + POLY * (3 + i)
    dotProduct(t, MATRIX + 3 * POLY * i, SECRET)
    // 2^16 modulo q: takes the factor of the product away.
    scale(t, 2285)
    ntt(error)
    addTo(t, error)
    canonical(t)
    pack12(encapsulationKey + 384 * i, t)
  }
  memory.copy(encapsulationKey + 1152, RHO, 32)
}

/** The key's vector into KEY, and rho. §7.2: whoever writes it down again must come to the same bytes. */
function readKey(): bool {
  let reduced = true
  for (let i = 0; i < 3; i++) if (!unpack12(KEY + POLY * i, encapsulationKey + 384 * i)) reduced = false
  memory.copy(RHO, encapsulationKey + 1152, 32)
  return reduced
}

/** COINS = the secret and the randomness of `encrypt`, from the message and the hash of the key. */
function commit(): void {
  absorb(SHA3_256, HASH, encapsulationKey, 1184)
  memory.copy(committed + 32, state, 32)
  absorb(SHA3_512, HASH, committed, 64)
  memory.copy(COINS, state, 64)
}

/** K-PKE.Encrypt, Algorithm 14: of `message`, under KEY and RHO, by the second half of COINS. */
function encrypt(to: usize): void {
  memory.copy(PRF_INPUT, COINS + 32, 32)
  for (let n = 0; n < 8; n += 2) drawNoise(NOISE + POLY * n, n)
  drawMatrix(true)
  for (let i = 0; i < 3; i++) ntt(NOISE + POLY * i)
  for (let i = 0; i < 3; i++) {
    dotProduct(SUM, MATRIX + 3 * POLY * i, NOISE)
    inverseNtt(SUM)
    addTo(SUM, NOISE + POLY * (3 + i))
    compress10(to + 320 * i, SUM)
  }
  dotProduct(SUM, KEY, NOISE)
  inverseNtt(SUM)
  addTo(SUM, NOISE + POLY * 6)
  fromMessage(PLAIN, message)
  addTo(SUM, PLAIN)
  compress4(to + 960, SUM)
}

/** K-PKE.Decrypt, Algorithm 15: `message` from `ciphertext` by SECRET. */
function decrypt(): void {
  for (let i = 0; i < 3; i++) {
    decompress10(NOISE + POLY * i, ciphertext + 320 * i)
    ntt(NOISE + POLY * i)
  }
  dotProduct(SUM, SECRET, NOISE)
  inverseNtt(SUM)
  decompress4(PLAIN, ciphertext + 960)
  subtractFrom(SUM, PLAIN)
  toMessage(message, SUM)
}

/** MATRIX = the key's, row after row, or transposed; two entries at a time, and a tenth that nobody asks for. All of it is public. */
function drawMatrix(transposed: bool): void {
  for (let n = 0; n < 10; n += 2) {
    prepareEntry(state, n, transposed)
    prepareEntry(other, n + 1, transposed)
    let one = MATRIX + POLY * n, two = one + POLY
    const end = two
    while (one < end || two < end + POLY) {
      permute()
      one = drawUniform(one, end, state)
      two = drawUniform(two, end + POLY, other)
    }
  }
}

/** SHAKE128(rho || column || row), ready to be permuted. */
function prepareEntry(at: usize, n: i32, transposed: bool): void {
  const row = n / 3, column = n % 3
  store<u8>(RHO + 32, <u8>(transposed ? row : column))
  store<u8>(RHO + 33, <u8>(transposed ? column : row))
  prepare(at, SHAKE128, EXTENDABLE, RHO, 34)
}

/**
 * SampleNTT, Algorithm 7: the coefficients below q in a block, from p on; returns where the next one goes. One that is too
 * large is written, too, and then written over: a branch would be taken by chance.
 */
function drawUniform(p: usize, end: usize, block: usize): usize {
  for (let at = block; at < block + SHAKE128 && p < end; at += 3) {
    const three = load<i32>(at)
    const first = three & 0xfff, second = (three >> 12) & 0xfff
    store<u16>(p, <u16>first)
    p += 2 * (first < Q ? 1 : 0)
    if (p == end) break
    store<u16>(p, <u16>second)
    p += 2 * (second < Q ? 1 : 0)
  }
  return p
}

/**
 * SamplePolyCBD, Algorithm 8, with eta = 2: differences of two sums of two bits, out of SHAKE256(PRF_INPUT's 32 bytes || n).
 * Two polynomials: for n, and for n + 1.
 */
function drawNoise(p: usize, n: i32): void {
  store<u8>(PRF_INPUT + 32, <u8>n)
  prepare(state, SHAKE256, EXTENDABLE, PRF_INPUT, 33)
  store<u8>(PRF_INPUT + 32, <u8>(n + 1))
  prepare(other, SHAKE256, EXTENDABLE, PRF_INPUT, 33)
  permute()
  toNoise(p, state)
  toNoise(p + POLY, other)
}

function toNoise(p: usize, block: usize): void {
  const ones = bytes(0x55), two = bytes(3)
  for (let i: usize = 0; i < 128; i += 16, p += 64) {
    const bits = v128.load(block + i)
    // Of each byte four sums, and of these the two differences. What comes from the byte above is masked away.
    const sums = i8x16.add(and(bits, ones), and(i16x8.shr_u(bits, 1), ones))
    const even = i8x16.sub(and(sums, two), and(i16x8.shr_u(sums, 2), two))
    const odd = i8x16.sub(and(i16x8.shr_u(sums, 4), two), and(i16x8.shr_u(sums, 6), two))
    const low = v128.shuffle<i8>(even, odd, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
    const high = v128.shuffle<i8>(even, odd, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
    v128.store(p, i16x8.extend_low_i8x16_s(low))
    v128.store(p, i16x8.extend_high_i8x16_s(low), 16)
    v128.store(p, i16x8.extend_low_i8x16_s(high), 32)
    v128.store(p, i16x8.extend_high_i8x16_s(high), 48)
  }
}

/** 255 where the bytes are the same, else 0. */
function equalMask(a: usize, b: usize, length: i32): u8 {
  let difference: u64 = 0
  for (let i = 0; i < length; i += 8) difference |= load<u64>(a + i) ^ load<u64>(b + i)
  return <u8>(((difference | -difference) >> 63) - 1)
}

/** Overwrites whatever may have been secret, or have come from a secret. */
function wipe(): void {
  memory.fill(seed, 0, 64)
  memory.fill(rejected, 0, 32)
  memory.fill(committed, 0, 64)
  memory.fill(state, 0, 200)
  memory.fill(other, 0, 200)
  memory.fill(WORK, 0, WORK_BYTES)
}

const WORK_BYTES: i32 = 29 * 512 + 1088 + 48 + 48 + 64
const WORK: usize = memory.data(WORK_BYTES, 16)
/** The secret vector of three polynomials, and behind it the key's errors. */
const SECRET: usize = WORK
const KEY: usize = WORK + 6 * POLY
/** The vectors y and e1 of Algorithm 14, e2, and one too many. */
const NOISE: usize = WORK + 9 * POLY
const MATRIX: usize = WORK + 17 * POLY
const SUM: usize = WORK + 27 * POLY
/** The message as a polynomial, and what is decrypted of it. */
const PLAIN: usize = WORK + 28 * POLY
/** The ciphertext made anew. */
const AGAIN: usize = WORK + 29 * POLY
/** rho, and two bytes behind it; 32 secret bytes, and one behind them. */
const RHO: usize = AGAIN + 1088
const PRF_INPUT: usize = RHO + 48
const COINS: usize = PRF_INPUT + 48
