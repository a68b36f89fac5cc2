/**
 * Arithmetic modulo an odd number on a fixed count of 24-bit limbs in doubles, by Montgomery's method (CIOS). The number
 * of steps and every address depend on sizes only: reductions are selected by multiplication with 0 or 1, and table
 * entries by reading the whole table. What the JavaScript engine makes of it is beyond us; what we can say, we say.
 */
export class MontgomeryModulus {
  /** Length of values in bytes: three a limb. */
  readonly bytes: number
  readonly #limbs: number
  readonly #n: Float64Array
  /** -1/n modulo 2^24. */
  readonly #factor: number
  /** R² and R³ modulo n, where R = 2^(24 * limbs): they bring numbers into Montgomery's form. */
  readonly #square: Float64Array
  readonly #cube: Float64Array

  static limbsFor(bits: number): number {
    return Math.ceil(bits / limbBits)
  }

  /** `n` is read once, here; its time is not that of a signature. */
  constructor(n: bigint, limbs: number) {
    const r = 1n << BigInt(limbBits * limbs)
    this.bytes = limbs * 3
    this.#limbs = limbs
    this.#n = split(n, limbs)
    this.#square = split((r * r) % n, limbs)
    this.#cube = split((r * r * r) % n, limbs)
    this.#factor = negativeInverse(Number(n & 0xff_ffffn))
  }

  /** `base ^ exponent`, in Montgomery's form. `base` has twice `bytes` bytes, big-endian, and may exceed the modulus. */
  power(base: Uint8Array, exponent: Uint8Array): Float64Array {
    const high = fromBigEndian(base.subarray(0, this.bytes), this.#limbs)
    const low = fromBigEndian(base.subarray(this.bytes), this.#limbs)
    const value = this.#add(this.#multiply(high, this.#cube), this.#multiply(low, this.#square))
    const one = new Float64Array(this.#limbs)
    one[0] = 1
    const table = [this.#multiply(one, this.#square), value]
    for (let i = 2; i < 16; i++) table.push(this.#multiply(table[i - 1] as Float64Array, value))

    let result = table[0] as Float64Array
    for (const byte of exponent)
      for (const digit of [byte >> 4, byte & 15]) {
        for (let i = 0; i < 4; i++) result = this.#multiply(result, result)
        result = this.#multiply(result, this.#select(table, digit))
      }
    for (const entry of table) if (entry !== result) entry.fill(0)
    return result
  }

  /**
   * `(a - b) * c` modulo this modulus, in plain form as big-endian bytes. `a` is in this modulus' form; `b` and `c` are
   * plain big-endian bytes of at most `bytes` bytes, and may exceed the modulus.
   */
  multiplyDifference(a: Float64Array, b: Uint8Array, c: Uint8Array): Uint8Array {
    const subtrahend = this.#multiply(fromBigEndian(b, this.#limbs), this.#square)
    const negated = new Float64Array(this.#limbs + 1)
    let borrow = 0
    for (let i = 0; i < this.#limbs; i++) {
      const difference = (this.#n[i] as number) - (subtrahend[i] as number) - borrow
      borrow = -Math.floor(difference * inverseBase)
      negated[i] = difference + borrow * base
    }
    const difference = this.#add(a, this.#reduceOnce(negated))
    return toBigEndian(this.#multiply(difference, fromBigEndian(c, this.#limbs)))
  }

  /** Out of Montgomery's form, as big-endian bytes. */
  toBytes(value: Float64Array): Uint8Array {
    return toBigEndian(this.#plain(value))
  }

  #plain(value: Float64Array): Float64Array {
    const one = new Float64Array(this.#limbs)
    one[0] = 1
    return this.#multiply(value, one)
  }

  /** a * b / R mod n. One factor may be as large as R; the result is below n. */
  #multiply(a: Float64Array, b: Float64Array): Float64Array {
    const n = this.#n
    const limbs = this.#limbs
    const t = new Float64Array(limbs + 1)
    for (let i = 0; i < limbs; i++) {
      const digit = b[i] as number
      const first = (t[0] as number) + (a[0] as number) * digit
      const low = first - Math.floor(first * inverseBase) * base
      const product = low * this.#factor
      const m = product - Math.floor(product * inverseBase) * base
      let carry = Math.floor((first + m * (n[0] as number)) * inverseBase)
      for (let j = 1; j < limbs; j++) {
        // At most 2^24 + 2 * 2^48 + 2^26: exact in a double.
        const sum = (t[j] as number) + (a[j] as number) * digit + m * (n[j] as number) + carry
        carry = Math.floor(sum * inverseBase)
        t[j - 1] = sum - carry * base
      }
      const sum = (t[limbs] as number) + carry
      carry = Math.floor(sum * inverseBase)
      t[limbs - 1] = sum - carry * base
      t[limbs] = carry
    }
    return this.#reduceOnce(t)
  }

  #add(a: Float64Array, b: Float64Array): Float64Array {
    const t = new Float64Array(this.#limbs + 1)
    let carry = 0
    for (let i = 0; i < this.#limbs; i++) {
      const sum = (a[i] as number) + (b[i] as number) + carry
      carry = Math.floor(sum * inverseBase)
      t[i] = sum - carry * base
    }
    t[this.#limbs] = carry
    return this.#reduceOnce(t)
  }

  /** t mod n for t < 2n, subtracting always and choosing without a branch. */
  #reduceOnce(t: Float64Array): Float64Array {
    const limbs = this.#limbs
    const less = new Float64Array(limbs)
    let borrow = 0
    for (let i = 0; i < limbs; i++) {
      const difference = (t[i] as number) - (this.#n[i] as number) - borrow
      borrow = -Math.floor(difference * inverseBase)
      less[i] = difference + borrow * base
    }
    // 1 where t < n: the last borrow finds nothing to take.
    const keep = borrow * (1 - (t[limbs] as number))
    const result = new Float64Array(limbs)
    for (let i = 0; i < limbs; i++) result[i] = (t[i] as number) * keep + (less[i] as number) * (1 - keep)
    return result
  }

  #select(table: readonly Float64Array[], digit: number): Float64Array {
    const chosen = new Float64Array(this.#limbs)
    for (let i = 0; i < table.length; i++) {
      const hit = ((digit ^ i) - 1) >>> 31
      const entry = table[i] as Float64Array
      for (let j = 0; j < chosen.length; j++) chosen[j] = (chosen[j] as number) + (entry[j] as number) * hit
    }
    return chosen
  }
}

const limbBits = 24
const base = 2 ** limbBits
const inverseBase = 2 ** -limbBits

function negativeInverse(low: number): number {
  // Newton's iteration doubles the correct bits: 3, 6, 12, 24.
  let inverse = BigInt(low)
  for (let i = 0; i < 5; i++) inverse = (inverse * (2n - BigInt(low) * inverse)) & 0xff_ffffn
  return Number((0x100_0000n - ((inverse + 0x100_0000n) & 0xff_ffffn)) & 0xff_ffffn)
}

function split(value: bigint, limbs: number): Float64Array {
  return Float64Array.from({ length: limbs }, (_, i) => Number((value >> BigInt(limbBits * i)) & 0xff_ffffn))
}

function fromBigEndian(bytes: Uint8Array, limbs: number): Float64Array {
  const value = new Float64Array(limbs)
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[bytes.length - 1 - i] as number
    const limb = Math.floor(i / 3)
    value[limb] = (value[limb] as number) + byte * 256 ** (i % 3)
  }
  return value
}

function toBigEndian(limbs: Float64Array): Uint8Array {
  const bytes = new Uint8Array(limbs.length * 3)
  for (let i = 0; i < bytes.length; i++)
    bytes[bytes.length - 1 - i] = Math.floor((limbs[Math.floor(i / 3)] as number) / 256 ** (i % 3))
  return bytes
}
