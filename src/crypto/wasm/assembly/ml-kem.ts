/**
 * ML-KEM-768 (FIPS 203). The decapsulation key is kept as its seed d || z, from which everything else is made anew.
 *
 * No branch and no address depends on a secret: not on the seed, the message, the noise, nor on whether a ciphertext was
 * honest. What does is public: the matrix, which is drawn by rejection from a part of the encapsulation key, and the check
 * of that key.
 */
import { EXTENDABLE, HASH, SHA3_256, SHA3_512, SHAKE128, SHAKE256, absorb, permute, state } from './keccak'
import {
  compress10, compress4, decompress10, decompress4, fromMessage, pack12, toMessage, unpack12,
} from './ml-kem-encoding'
import {
  POLY, Q, addTo, canonical, dotProduct, inverseNtt, makeRoots, ntt, scale, subtractFrom,
} from './ml-kem-polynomial'

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
  for (let i = 0; i < 3; i++) {
    drawNoise(SECRET + POLY * i, <u8>i)
    ntt(SECRET + POLY * i)
  }
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) drawUniform(ROW + POLY * j, <u8>j, <u8>i)
    const t = KEY + POLY * i
    dotProduct(t, ROW, SECRET)
    // 2^16 modulo q: takes the factor of the product away.
    scale(t, 2285)
    drawNoise(ROW, <u8>(3 + i))
    ntt(ROW)
    addTo(t, ROW)
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
  for (let i = 0; i < 3; i++) {
    drawNoise(NOISE + POLY * i, <u8>i)
    ntt(NOISE + POLY * i)
  }
  for (let i = 0; i < 3; i++) {
    // The matrix transposed: its column.
    for (let j = 0; j < 3; j++) drawUniform(ROW + POLY * j, <u8>i, <u8>j)
    dotProduct(SUM, ROW, NOISE)
    inverseNtt(SUM)
    drawNoise(ROW, <u8>(3 + i))
    addTo(SUM, ROW)
    compress10(to + 320 * i, SUM)
  }
  dotProduct(SUM, KEY, NOISE)
  inverseNtt(SUM)
  drawNoise(ROW, 6)
  addTo(SUM, ROW)
  fromMessage(ROW, message)
  addTo(SUM, ROW)
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
  decompress4(ROW, ciphertext + 960)
  subtractFrom(SUM, ROW)
  toMessage(message, SUM)
}

/** SampleNTT, Algorithm 7: short coefficients out of SHAKE128(rho || a || b). All of it is public. */
function drawUniform(p: usize, a: u8, b: u8): void {
  store<u8>(RHO + 32, a)
  store<u8>(RHO + 33, b)
  absorb(SHAKE128, EXTENDABLE, RHO, 34)
  const end = p + POLY
  for (;;) {
    for (let at = state; at < state + SHAKE128; at += 3) {
      const three = load<i32>(at)
      const first = three & 0xfff, second = (three >> 12) & 0xfff
      if (first < Q) {
        store<u16>(p, <u16>first)
        p += 2
        if (p == end) return
      }
      if (second < Q) {
        store<u16>(p, <u16>second)
        p += 2
        if (p == end) return
      }
    }
    permute()
  }
}

/** SamplePolyCBD, Algorithm 8, with eta = 2: differences of two sums of two bits, out of SHAKE256(PRF_INPUT's 32 bytes || n). */
function drawNoise(p: usize, n: u8): void {
  store<u8>(PRF_INPUT + 32, n)
  absorb(SHAKE256, EXTENDABLE, PRF_INPUT, 33)
  for (let i = 0; i < 32; i++) {
    const bits = load<u32>(state + 4 * i)
    const sums = (bits & 0x55555555) + ((bits >> 1) & 0x55555555)
    for (let j = 0; j < 8; j++) {
      const difference = <i32>((sums >> (4 * j)) & 3) - <i32>((sums >> (4 * j + 2)) & 3)
      store<i16>(p + 2 * (8 * i + j), <i16>difference)
    }
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
  memory.fill(WORK, 0, WORK_BYTES)
}

const WORK_BYTES: i32 = 13 * 512 + 1088 + 48 + 48 + 64
const WORK: usize = memory.data(WORK_BYTES, 16)
/** Vectors of three polynomials. */
const SECRET: usize = WORK
const KEY: usize = WORK + 3 * POLY
const NOISE: usize = WORK + 6 * POLY
const ROW: usize = WORK + 9 * POLY
const SUM: usize = WORK + 12 * POLY
/** The ciphertext made anew. */
const AGAIN: usize = WORK + 13 * POLY
/** rho, and two bytes behind it; 32 secret bytes, and one behind them. */
const RHO: usize = AGAIN + 1088
const PRF_INPUT: usize = RHO + 48
const COINS: usize = PRF_INPUT + 48
