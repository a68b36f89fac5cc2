/**
 * SHA-256, SHA-384 and SHA-512 (FIPS 180-4), and HMAC over them (RFC 2104).
 *
 * No branch and no address depends on what is hashed, only on how long it is.
 */
import { compressBlocks, compressLanes, schedule } from './sha2-compress'

/** In: a chaining value, as words. Out: the same, or after `finish` and `hmac` the digest, as bytes. */
export const state: usize = memory.data(64, 16)
/** In: HMAC's key, at most a block long. */
export const key: usize = memory.data(128, 16)
/** The longest message that is taken in one call, in bytes: more than a TLS record. */
export const capacity: i32 = 16384 + 512
/** HMAC's padded keys go before the message, and the padding of SHA-2 behind it. */
const room: usize = memory.data(256 + 16384 + 512 + 256, 16)
/** In: the message. Wiped by whoever has read it. */
export const input: usize = room + 256
/** Chaining values, one in each lane: those at work, and those behind the inner and the outer key. */
const states: usize = memory.data(3 * 8 * 16, 16)
const inner: usize = states + 8 * 16
const outer: usize = inner + 8 * 16

/** Begins a hash of 256, 384 or 512 bits. */
export function start(bits: i32): void {
  const from = bits == 384 ? initial384 : initial
  if (bits == 256) {
    // FIPS 180-4 §5.3.3: the same square roots as in SHA-512, to 32 bits only.
    for (let i: usize = 0; i < 8; i++) store<u32>(state + 4 * i, load<u32>(from + 8 * i, 4))
    return
  }
  memory.copy(state, from, 64)
}

/** Takes in the whole blocks among `length` bytes; those left over then stand at the beginning of the input. */
export function update(bits: i32, length: i32): void {
  const block = blockLength(bits)
  const whole = length & -block
  compress(bits, input, whole / block)
  memory.copy(input, input + whole, length - whole)
  wipe(input + length - whole, whole)
}

/** Takes in the last `length` bytes, of `total` in all, and leaves the digest. */
export function finish(bits: i32, length: i32, total: f64): void {
  compress(bits, input, end(bits, input, length, total))
  toBytes(bits)
  wipe(input, length + 2 * blockLength(bits))
}

/** The message authentication code of `length` bytes, by a key of `keyLength`. */
export function hmac(bits: i32, keyLength: i32, length: i32): void {
  authenticate(bits, keyLength, end(bits, input, length, blockLength(bits) + length))
}

/** The code of what stands in `blocks` blocks of the input, padding included. */
function authenticate(bits: i32, keyLength: i32, blocks: i32): void {
  const block = blockLength(bits)
  const digest = bits >> 3
  const padded = input - block
  memory.fill(key + keyLength, 0, block - keyLength)

  maskKey(padded, block, 0x36)
  start(bits)
  compress(bits, padded, 1 + blocks)
  toBytes(bits)

  maskKey(padded, block, 0x5c)
  memory.copy(input, state, digest)
  start(bits)
  compress(bits, padded, 1 + end(bits, input, digest, block + digest))
  toBytes(bits)

  memory.fill(key, 0, block)
  wipe(padded, (1 + blocks) * block)
}

/** Ends one of the messages for `hmacs`: `length` bytes, in a block that begins `at` bytes behind the input and holds the padding, too. */
export function endMessage(bits: i32, at: i32, length: i32): void {
  end(bits, input + at, length, blockLength(bits) + length)
}

/** The codes of `count` messages by one key. Each takes the place of its message, and the blocks are wiped by whoever has read it. */
export function hmacs(bits: i32, keyLength: i32, count: i32): void {
  if (count == 1) {
    authenticate(bits, keyLength, 1)
    memory.copy(input, state, 64)
    memory.fill(state, 0, 64)
  } else if (bits == 256) hmacsOf<u32>(bits, keyLength, count)
  else hmacsOf<u64>(bits, keyLength, count)
}

/** What the key alone decides is computed once, both sides together, and then as many messages together as a vector has lanes. */
function hmacsOf<T>(bits: i32, keyLength: i32, count: i32): void {
  const block = blockLength(bits)
  const padded = input - 2 * block
  memory.fill(key + keyLength, 0, block - keyLength)
  maskKey(padded, block, 0x36)
  maskKey(padded + block, block, 0x5c)
  start(bits)
  spread<T>(states, state, sizeof<T>())
  compressLanes<T>(states, padded, 2)
  spread<T>(inner, states, 16)
  spread<T>(outer, states + sizeof<T>(), 16)

  const lanes = <i32>(16 / sizeof<T>())
  for (let from = input; count > 0; from += lanes * block, count -= lanes) {
    const together = min(count, lanes)
    memory.copy(states, inner, 8 * 16)
    compressLanes<T>(states, from, together)
    for (let lane = 0; lane < together; lane++) {
      takeLane<T>(from + lane * block, lane)
      end(bits, from + lane * block, bits >> 3, block + (bits >> 3))
    }
    memory.copy(states, outer, 8 * 16)
    compressLanes<T>(states, from, together)
    for (let lane = 0; lane < together; lane++) takeLane<T>(from + lane * block, lane)
  }

  memory.fill(key, 0, block)
  memory.fill(state, 0, 64)
  memory.fill(states, 0, 3 * 8 * 16)
  wipe(padded, 2 * block)
}

/** One chaining value, with `step` bytes from word to word, into every lane. */
function spread<T>(to: usize, from: usize, step: usize): void {
  for (let word: usize = 0; word < 8; word++) v128.store(to + 16 * word, v128.load_splat<T>(from + word * step))
}

/** The digest in one of the lanes, as bytes. */
function takeLane<T>(to: usize, lane: i32): void {
  for (let word: usize = 0; word < 8; word++)
    store<T>(to + word * sizeof<T>(), bswap<T>(load<T>(states + 16 * word + lane * sizeof<T>())))
}

function maskKey(to: usize, block: i32, mask: u8): void {
  for (let i = 0; i < block; i += 16) v128.store(to + i, v128.xor(v128.load(key + i), i8x16.splat(mask)))
}

/** Overwrites `length` bytes of the message, and what was made of it. */
function wipe(from: usize, length: i32): void {
  memory.fill(from, 0, length)
  memory.fill(schedule, 0, 80 * 16)
}

/** FIPS 180-4 §5.1: a one bit, zeros, and the length in bits at the end of a block. Says how many blocks it makes. */
function end(bits: i32, from: usize, length: i32, total: f64): i32 {
  const block = blockLength(bits)
  const blocks = (length + (block >> 3)) / block + 1
  const last = from + blocks * block
  memory.fill(from + length, 0, last - from - length)
  store<u8>(from + length, 0x80)
  store<u64>(last - 8, bswap<u64>((<u64>total) << 3))
  return blocks
}

/** The digest, from the words that it is while it is made. */
function toBytes(bits: i32): void {
  if (bits == 256) swapWords<u32>()
  else swapWords<u64>()
}

function swapWords<T>(): void {
  for (let i: usize = 0; i < 8 * sizeof<T>(); i += sizeof<T>()) store<T>(state + i, bswap<T>(load<T>(state + i)))
}

function blockLength(bits: i32): i32 {
  return bits == 256 ? 64 : 128
}

function compress(bits: i32, from: usize, blocks: i32): void {
  if (bits == 256) compressBlocks<u32>(state, from, blocks)
  else compressBlocks<u64>(state, from, blocks)
}

/** FIPS 180-4 §5.3.5: the first 64 bits of the fractional parts of the square roots of the first eight primes. */
const initial: usize = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
], 16)

/** §5.3.4: the same of the next eight. */
const initial384: usize = memory.data<u64>([
  0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
  0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
], 16)
