/**
 * Polynomials of ML-KEM as bytes (FIPS 203 §4.2.1): exactly, in 12 bits a coefficient, or compressed to ten, four or one.
 * No branch, no address and no division depends on a coefficient; only `unpack12`, which reads what a peer sent, may judge.
 */
import { POLY, Q, canonical } from './ml-kem-polynomial'

/** ByteEncode12: two coefficients from 0 to q-1 in three bytes. */
export function pack12(to: usize, p: usize): void {
  for (const end = p + POLY; p < end; p += 4, to += 3) {
    const pair = <u32>load<u16>(p) | (<u32>load<u16>(p, 2) << 12)
    store<u16>(to, <u16>pair)
    store<u8>(to, <u8>(pair >> 16), 2)
  }
}

/** ByteDecode12; false where a coefficient is q or more. */
export function unpack12(p: usize, from: usize): bool {
  let reduced = true
  for (const end = p + POLY; p < end; p += 4, from += 3) {
    const first = <i32>load<u16>(from) & 0xfff
    const second = (<i32>load<u16>(from, 1) >> 4) & 0xfff
    if (first >= Q || second >= Q) reduced = false
    store<u16>(p, <u16>first)
    store<u16>(p, <u16>second, 2)
  }
  return reduced
}

/** Compress and ByteEncode with 10 bits: four coefficients in five bytes. */
export function compress10(to: usize, p: usize): void {
  canonical(p)
  for (const end = p + POLY; p < end; p += 8, to += 5) {
    let bits: u64 = 0
    for (let j: u64 = 0; j < 4; j++) bits |= <u64>(compressed(load<u16>(p + 2 * <usize>j), 10) & 0x3ff) << (10 * j)
    store<u32>(to, <u32>bits)
    store<u8>(to, <u8>(bits >> 32), 4)
  }
}

/** With 4 bits: two coefficients in a byte. */
export function compress4(to: usize, p: usize): void {
  canonical(p)
  for (const end = p + POLY; p < end; p += 4, to++)
    store<u8>(to, <u8>((compressed(load<u16>(p), 4) & 15) | ((compressed(load<u16>(p, 2), 4) & 15) << 4)))
}

/** round(x 2^bits / q), §4.2.1, without a division, whose time would tell x: 330282857 = 2^40 / q, rounded up. */
@inline function compressed(x: u32, bits: u64): u32 {
  return <u32>(((((<u64>x) << bits) + Q / 2) * 330282857) >> 40)
}

/** round(q y / 2^10). */
export function decompress10(p: usize, from: usize): void {
  for (const end = p + POLY; p < end; p += 8, from += 5) {
    const bits = <u64>load<u32>(from) | (<u64>load<u8>(from, 4) << 32)
    for (let j: u64 = 0; j < 4; j++)
      store<u16>(p + 2 * <usize>j, <u16>(((<u32>(bits >> (10 * j)) & 0x3ff) * Q + 512) >> 10))
  }
}

export function decompress4(p: usize, from: usize): void {
  for (const end = p + POLY; p < end; p += 4, from++) {
    const byte = <u32>load<u8>(from)
    store<u16>(p, <u16>(((byte & 15) * Q + 8) >> 4))
    store<u16>(p, <u16>(((byte >> 4) * Q + 8) >> 4), 2)
  }
}

/** Each bit of the message as 0 or round(q / 2). */
export function fromMessage(p: usize, message: usize): void {
  for (let i = 0; i < 256; i++) {
    const bit = (load<u8>(message + (i >> 3)) >> (<u8>i & 7)) & 1
    store<u16>(p + 2 * i, <u16>(-<i32>bit & ((Q + 1) / 2)))
  }
}

/** Compress and ByteEncode with one bit: each coefficient is nearer to 0, or to q / 2. */
export function toMessage(message: usize, p: usize): void {
  canonical(p)
  memory.fill(message, 0, 32)
  for (let i = 0; i < 256; i++) {
    const bit = compressed(load<u16>(p + 2 * i), 1) & 1
    store<u8>(message + (i >> 3), load<u8>(message + (i >> 3)) | <u8>(bit << (i & 7)))
  }
}
