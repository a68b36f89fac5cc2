/** Short names for what the kernels do with vectors all the time. */

export const zero: v128 = i64x2(0, 0)

/** Overwrites some multiple of 16 bytes: where they are few, sooner than `memory.fill` does. */
export function clear(from: usize, length: i32): void {
  for (const end = from + length; from < end; from += 16) v128.store(from, zero)
}

@inline export function xor(a: v128, b: v128): v128 {
  return v128.xor(a, b)
}

@inline export function and(a: v128, b: v128): v128 {
  return v128.and(a, b)
}

/** Byte i of the result is the byte of `a` that byte i of `order` names; 0 where it names none. */
@inline export function pick(a: v128, order: v128): v128 {
  return i8x16.swizzle(a, order)
}

/** A vector of one byte. */
@inline export function bytes(value: i32): v128 {
  return i8x16.splat(<i8>value)
}
