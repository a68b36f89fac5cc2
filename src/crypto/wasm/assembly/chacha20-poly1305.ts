/**
 * ChaCha20-Poly1305 (RFC 8439 §2.8).
 *
 * A message stands in memory as Poly1305 reads it, and is sealed or opened where it stands:
 *
 *     text                          text + aad, padded to 16
 *     | additional data | zeros     | plaintext or ciphertext | tag | room for zeros and for the lengths |
 *
 * Nothing is kept from one message to the next: key and nonce come with each, and go with it.
 */
import { addKeystream, chachaState, keystream, stream, wipeChacha } from './chacha20'
import { poly1305, polyKey, polyTag, wipePoly } from './poly1305'
import { xor, zero } from './vector'

/** In: 32 bytes. */
export const key: usize = chachaState + 16
/** In: 12 bytes. */
export const nonce: usize = chachaState + 52
/** The longest additional data and the longest text, each. */
export const capacity: i32 = 65536
/** In and out. */
export const text: usize = memory.data(2 * 65536 + 64, 16)

/** Seals `length` bytes behind `aadLength` bytes of additional data; the tag comes after them. */
export function seal(aadLength: i32, length: i32): void {
  const data = padAad(aadLength)
  begin()
  cipher(data, length)
  tag(data, aadLength, length)
  v128.store(data + length, v128.load(polyTag))
  wipe()
}

/** Opens `length` bytes, which the tag follows. Returns 1; or 0, and leaves the ciphertext as it was, where the tag is wrong. */
export function open(aadLength: i32, length: i32): i32 {
  const data = padAad(aadLength)
  const found = v128.load(data + length)
  begin()
  tag(data, aadLength, length)
  // Whether a tag is right is no secret: the peer is told.
  const isRight = !v128.any_true(xor(found, v128.load(polyTag)))
  if (isRight) cipher(data, length)
  wipe()
  return <i32>isRight
}

/** Zeros up to the next multiple of 16, where the data begins. */
function padAad(length: i32): usize {
  const data = text + ((length + 15) & ~15)
  for (let i = text + length; i < data; i++) store<u8>(i, 0)
  return data
}

/** §2.6: block 0 of the keystream begins with Poly1305's key. The three after it are those that `cipher` begins with. */
function begin(): void {
  keystream(0)
  v128.store(polyKey, v128.load(stream, 0), 0)
  v128.store(polyKey, v128.load(stream, 16), 16)
}

/** Adds the keystream from counter 1 on. */
function cipher(data: usize, length: i32): void {
  const end = data + length
  data = addStream(data, end, 64)
  const last = data + ((end - data) & ~255)
  addKeystream(data, last, 4)
  if (last == end) return
  keystream(4 + <i32>((last - data) >> 6))
  addStream(last, end, 0)
}

/** Adds what `stream` has from `from` on, up to `end` at most. Returns where it came to. */
function addStream(data: usize, end: usize, from: usize): usize {
  // The last 16 bytes may reach behind the end: the tag and the padding come to stand there afterwards.
  for (; from < 256 && data < end; from += 16, data += 16) v128.store(data, xor(v128.load(data), v128.load(stream + from)))
  return min(data, end)
}

/** Poly1305 of additional data, ciphertext and their lengths (§2.8). Overwrites 32 bytes behind the data. */
function tag(data: usize, aadLength: i32, length: i32): void {
  v128.store(data + length, zero)
  const lengths = data + ((length + 15) & ~15)
  v128.store(lengths, i64x2(aadLength, length))
  poly1305(text, <i32>(((lengths - text) >> 4) + 1))
}

function wipe(): void {
  wipeChacha()
  wipePoly()
}
