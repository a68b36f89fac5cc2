/**
 * AES-GCM (NIST SP 800-38D) with nonces of 12 bytes and tags of 16.
 *
 * A message stands in memory as GHASH reads it, and is sealed or opened where it stands:
 *
 *     text                          text + aad, padded to 16
 *     | additional data | zeros     | plaintext or ciphertext | tag | room for zeros and for the lengths |
 *
 * Expanded keys are large, and connections are many: `contexts` has room for some, and whoever calls says which one.
 */
import { blocks, expandKey, expandedKeyLength, keystream, wipeAes } from './aes'
import { expandHashKey, ghash, powersLength, wipeGhash } from './ghash'
import { clear, xor, zero } from './vector'

/** In: 16 or 32 bytes. */
export const key: usize = memory.data(32, 16)
/** In: 12 bytes. */
export const nonce: usize = memory.data(16, 16)
/** The longest additional data and the longest text, each. */
export const capacity: i32 = 65536
/** In and out. */
export const text: usize = memory.data(2 * 65536 + 64, 16)

const noNonce: usize = memory.data(16, 16)

/** A context: the number of rounds, the expanded key, the rows of the powers of H. */
const keyAt: i32 = 16
const powersAt: i32 = 16 + 15 * 128
export const contextLength: i32 = 16 + 15 * 128 + 8 * 512
export const contextCount: i32 = 256
const contexts: usize = memory.data(256 * (16 + 15 * 128 + 8 * 512), 16)

/** Expands the key at `key`, of 16 or 32 bytes, into a context. */
export function expand(context: i32, keyLength: i32): void {
  const at = contexts + context * contextLength
  const rounds = expandKey(at + keyAt, key, keyLength)
  store<i32>(at, rounds)
  // §6.4: H is the encryption of zero, which is counter block 0 behind a nonce of zeros.
  keystream(at + keyAt, rounds, noNonce, 0)
  expandHashKey(at + powersAt, blocks)
  clear(key, 32)
  // Not the nonce: a message may be waiting for this context.
  wipeAes()
  wipeGhash()
}

/** Overwrites a context. */
export function forget(context: i32): void {
  memory.fill(contexts + context * contextLength, 0, contextLength)
}

/** Seals `length` bytes behind `aadLength` bytes of additional data; the tag comes after them. */
export function seal(context: i32, aadLength: i32, length: i32): void {
  const at = contexts + context * contextLength
  const data = padAad(aadLength)
  const mask = cipher(at, data, length)
  v128.store(data + length, xor(tagOf(at, data, aadLength, length), mask))
  wipe()
}

/** Opens `length` bytes, which the tag follows. Returns 1; or 0, and leaves the ciphertext as it was, where the tag is wrong. */
export function open(context: i32, aadLength: i32, length: i32): i32 {
  const at = contexts + context * contextLength
  const data = padAad(aadLength)
  const found = v128.load(data + length)
  keystream(at + keyAt, load<i32>(at), nonce, 0)
  const mask = v128.load(blocks, 16)
  const difference = xor(xor(tagOf(at, data, aadLength, length), mask), found)
  // Whether a tag is right is no secret: the peer is told.
  const isRight = !v128.any_true(difference)
  if (isRight) cipher(at, data, length)
  wipe()
  return <i32>isRight
}

/** Zeros up to the next multiple of 16, where the data begins. */
function padAad(length: i32): usize {
  const data = text + ((length + 15) & ~15)
  for (let i = text + length; i < data; i++) store<u8>(i, 0)
  return data
}

/** Adds the keystream, from counter 2 on; returns the block of counter 1, which masks the tag (§7.1). */
function cipher(at: usize, data: usize, length: i32): v128 {
  const rounds = load<i32>(at)
  const end = data + length
  keystream(at + keyAt, rounds, nonce, 0)
  const mask = v128.load(blocks, 16)
  let block: usize = 2 * 16
  for (let n = 1; data < end; n++) {
    // The last block may reach behind the end: the tag and the padding come to stand there afterwards.
    for (; block < 128 && data < end; block += 16, data += 16) v128.store(data, xor(v128.load(data), v128.load(blocks + block)))
    if (data < end) keystream(at + keyAt, rounds, nonce, n)
    block = 0
  }
  return mask
}

/** GHASH of additional data, ciphertext and their lengths in bits (§7.1, step 5). Overwrites 32 bytes behind the data. */
function tagOf(at: usize, data: usize, aadLength: i32, length: i32): v128 {
  v128.store(data + length, zero)
  const lengths = data + ((length + 15) & ~15)
  v128.store(lengths, i64x2(bswap<u64>((<u64>aadLength) << 3), bswap<u64>((<u64>length) << 3)))
  return ghash(at + powersAt, text, <i32>(((lengths - text) >> 4) + 1))
}

function wipe(): void {
  v128.store(nonce, zero)
  wipeAes()
  wipeGhash()
}
