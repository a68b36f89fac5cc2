/**
 * Arithmetic modulo an odd number, on a fixed count of 21-bit limbs in doubles, by Montgomery's method.
 *
 * The number of steps, and every address that is read or written, depend on sizes only: reductions are selected by
 * multiplication with 0 or 1, and table entries by reading the whole table. Adding, multiplying and flooring doubles of
 * this range takes the same time whatever their values. What the JavaScript engine makes of it is beyond us; what we can
 * say in the language, we say.
 *
 * Why 21 bits: a product of two limbs has 42, and a double holds integers of 53, so two times 1024 products can be added
 * up before a carry has to be thought of. Rows of products are summed without a carry between them; only the limb that
 * leaves at the bottom is carried on. That is several times faster than carrying in each step.
 */
export type Limbs = Float64Array

/** How many limbs a number of this many bits takes. */
export function limbsFor(bits: number): number {
  return Math.ceil(bits / limbBits)
}

/** The ring of integers modulo `n`. "In form" is Montgomery's form, x * R modulo n with R = 2^(21 * limbs); "plain" is not. */
export class Modulus {
  readonly limbs: number
  readonly #n: Limbs
  /** -1/n modulo 2^21. */
  readonly #factor: number
  /** R, R² and R³ modulo n. */
  readonly #one: Limbs
  readonly #square: Limbs
  readonly #cube: Limbs
  readonly #sums: Limbs
  readonly #less: Limbs
  readonly #chosen: Limbs

  /** BigInt touches `n`, even where it is a secret prime, but here only: when a key is loaded, not when it signs. */
  constructor(n: bigint, limbs: number) {
    if (limbs > 1000) throw new RangeError(`${limbs} limbs: sums of products would not be exact`)
    const r = 1n << BigInt(limbBits * limbs)
    this.limbs = limbs
    this.#n = fromBigInt(n, limbs)
    this.#factor = negativeInverse(n)
    this.#one = fromBigInt(r % n, limbs)
    this.#square = fromBigInt((r * r) % n, limbs)
    this.#cube = fromBigInt((r * r * r) % n, limbs)
    this.#sums = new Float64Array(limbs + 1)
    this.#less = new Float64Array(limbs)
    this.#chosen = new Float64Array(limbs)
  }

  /** In form, from a plain number of up to twice as many limbs, which may exceed the modulus. */
  enter(wide: Limbs): Limbs {
    const low = new Float64Array(this.limbs)
    const high = new Float64Array(this.limbs)
    low.set(wide.subarray(0, this.limbs))
    high.set(wide.subarray(this.limbs))
    return this.add(this.multiply(high, this.#cube), this.multiply(low, this.#square))
  }

  /** Plain, from in form. */
  leave(value: Limbs): Limbs {
    const one = new Float64Array(this.limbs)
    one[0] = 1
    return this.multiply(value, one)
  }

  /** The product of two numbers in form is in form; of one in form and one plain, plain. One of them may be as large as R. */
  multiply(a: Limbs, b: Limbs): Limbs {
    return this.#multiplyInto(new Float64Array(this.limbs), a, b)
  }

  add(a: Limbs, b: Limbs): Limbs {
    const sums = this.#sums
    for (let i = 0; i < this.limbs; i++) sums[i] = (a[i] as number) + (b[i] as number)
    sums[this.limbs] = 0
    return this.#reduceInto(new Float64Array(this.limbs))
  }

  subtract(a: Limbs, b: Limbs): Limbs {
    // a + (n - b): limbs may be negative until the carries are through.
    const sums = this.#sums
    for (let i = 0; i < this.limbs; i++) sums[i] = (a[i] as number) + (this.#n[i] as number) - (b[i] as number)
    sums[this.limbs] = 0
    return this.#reduceInto(new Float64Array(this.limbs))
  }

  /** `value ^ exponent`, both secret, in form. Four bits at a time, from a table of sixteen powers that is read whole. */
  power(value: Limbs, exponent: Uint8Array): Limbs {
    const table = [this.#one, value]
    for (let i = 2; i < 16; i++) table.push(this.multiply(table[i - 1] as Limbs, value))
    const result = Float64Array.from(this.#one)
    for (const byte of exponent)
      for (const digit of [byte >>> 4, byte & 15]) {
        for (let i = 0; i < 4; i++) this.#multiplyInto(result, result, result)
        this.#multiplyInto(result, result, this.#select(table, digit))
      }
    for (const entry of table.slice(2)) entry.fill(0)
    this.#chosen.fill(0)
    return result
  }

  /** `value ^ exponent` in form, where everybody knows the exponent: its bits decide what is done. */
  publicPower(value: Limbs, exponent: bigint): Limbs {
    const result = Float64Array.from(this.#one)
    for (const bit of exponent.toString(2)) {
      this.#multiplyInto(result, result, result)
      if (bit === '1') this.#multiplyInto(result, result, value)
    }
    return result
  }

  /** a * b / R modulo n, below n. `result` may be one of the factors. */
  #multiplyInto(result: Limbs, a: Limbs, b: Limbs): Limbs {
    const n = this.#n
    const limbs = this.limbs
    const sums = this.#sums.fill(0)
    const n0 = n[0] as number
    const a0 = a[0] as number
    const factor = this.#factor
    for (let i = 0; i < limbs; i++) {
      const digit = b[i] as number
      // m makes the lowest limb a multiple of 2^21, which then leaves.
      const first = (sums[0] as number) + a0 * digit
      const low = (first - Math.floor(first * inverseBase) * base) * factor
      const m = low - Math.floor(low * inverseBase) * base
      sums[1] = (sums[1] as number) + (first + m * n0) * inverseBase
      for (let j = 1; j < limbs; j++)
        sums[j - 1] = (sums[j] as number) + (a[j] as number) * digit + m * (n[j] as number)
      sums[limbs - 1] = sums[limbs] as number
      sums[limbs] = 0
    }
    return this.#reduceInto(result)
  }

  /** The sums below 2n, carried through, and n taken away where they reach it: always computed, then chosen. */
  #reduceInto(result: Limbs): Limbs {
    const sums = this.#sums
    const less = this.#less
    const n = this.#n
    const limbs = this.limbs
    let carry = 0
    let borrow = 0
    for (let i = 0; i < limbs; i++) {
      const sum = (sums[i] as number) + carry
      carry = Math.floor(sum * inverseBase)
      const limb = sum - carry * base
      sums[i] = limb
      const difference = limb - (n[i] as number) - borrow
      borrow = -Math.floor(difference * inverseBase)
      less[i] = difference + borrow * base
    }
    // 1 where the sum is below n: the last borrow finds nothing to take.
    const keep = borrow * (1 - carry - (sums[limbs] as number))
    for (let i = 0; i < limbs; i++) result[i] = (sums[i] as number) * keep + (less[i] as number) * (1 - keep)
    return result
  }

  #select(table: readonly Limbs[], digit: number): Limbs {
    const chosen = this.#chosen.fill(0)
    for (let i = 0; i < table.length; i++) {
      const hit = ((digit ^ i) - 1) >>> 31
      const entry = table[i] as Limbs
      for (let j = 0; j < chosen.length; j++) chosen[j] = (chosen[j] as number) + (entry[j] as number) * hit
    }
    return chosen
  }
}

/** `a + b * c` over the integers, in as many limbs as b and c have together. */
export function multiplyAdd(a: Limbs, b: Limbs, c: Limbs): Limbs {
  const result = new Float64Array(b.length + c.length)
  result.set(a)
  for (let i = 0; i < b.length; i++) {
    const digit = b[i] as number
    for (let j = 0; j < c.length; j++) result[i + j] = (result[i + j] as number) + digit * (c[j] as number)
  }
  let carry = 0
  for (let i = 0; i < result.length; i++) {
    const sum = (result[i] as number) + carry
    carry = Math.floor(sum * inverseBase)
    result[i] = sum - carry * base
  }
  return result
}

/** Limbs of a big-endian number that fits in them; bytes beyond them must be zero. */
export function fromBytes(bytes: Uint8Array, limbs: number): Limbs {
  const value = new Float64Array(limbs + 1)
  for (let i = 0; i < bytes.length; i++) {
    const bit = 8 * i
    const limb = Math.min(Math.floor(bit / limbBits), limbs)
    const shifted = (bytes[bytes.length - 1 - i] as number) * 2 ** (bit % limbBits)
    const over = Math.floor(shifted * inverseBase)
    value[limb] = (value[limb] as number) + (shifted - over * base)
    if (limb < limbs) value[limb + 1] = (value[limb + 1] as number) + over
  }
  if (value[limbs] !== 0) throw new RangeError(`a number of ${bytes.length} bytes does not fit in ${limbs} limbs`)
  return value.slice(0, limbs)
}

/** The lowest `length` bytes, big-endian. */
export function toBytes(limbs: Limbs, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) {
    const bit = 8 * i
    const limb = Math.floor(bit / limbBits)
    const shift = bit % limbBits
    const here = Math.floor((limbs[limb] ?? 0) / 2 ** shift)
    const next = (limbs[limb + 1] ?? 0) * 2 ** (limbBits - shift)
    bytes[length - 1 - i] = (here + next) % 256
  }
  return bytes
}

function fromBigInt(value: bigint, limbs: number): Limbs {
  return Float64Array.from({ length: limbs }, (_, i) => Number(BigInt.asUintN(limbBits, value >> BigInt(limbBits * i))))
}

/** Newton's iteration doubles the bits that are right: 3, 6, 12, 24. */
function negativeInverse(n: bigint): number {
  let inverse = n
  for (let i = 0; i < 3; i++) inverse = BigInt.asUintN(limbBits, inverse * (2n - n * inverse))
  return Number(BigInt.asUintN(limbBits, -inverse))
}

const limbBits = 21
const base = 2 ** limbBits
const inverseBase = 2 ** -limbBits
