/**
 * A field whose elements are bounds. The formulas of assembly/weierstrass.ts and edwards.ts are plain TypeScript, and run on
 * this module in place of the field that is printed for them, its element.ts and its layout.ts: then each operation checks
 * that nothing it computes could overflow for any element within the bounds, and says the bounds of its result.
 */

/** Of every limb, in units of 2^28; and of the value, in units of the prime. */
export interface Bounds {
  readonly limb: number
  readonly value: number
}

/** The prime's size, and how products are reduced. */
export interface Shape {
  readonly limbs: number
  readonly primeBits: number
  readonly reduction: 'montgomery' | 'fold'
}

/** What a product may not exceed and what it does to the bounds of its result. */
export function choose(next: Shape): void {
  shape = next
  elements.clear()
  set(CURVE_B, { limb: 2, value: 1 })
  set(TWICE_D, { limb: 2, value: 1 })
  set(ONE, { limb: 2, value: 1 })
}

export function set(address: number, bounds: Bounds): void {
  // An i32 lane holds less than 2^31.
  if (bounds.limb >= 8) throw new Error(`a lane overflows: limbs of ${bounds.limb} * 2^28`)
  elements.set(address, bounds)
}

export function bounds(address: number): Bounds {
  const found = elements.get(address)
  if (found === undefined) throw new Error(`nothing was written at ${address}`)
  return found
}

// What the formulas import: an address for an element, a few addresses for what they find in memory.
export const SLOT = 1
export const T = 1000
export const CURVE_B = 2000
export const TWICE_D = 2001
export const ONE = 2002

export function mul(o: number, a: number, b: number): void {
  set(o, reduced(product(a, b)))
}

export function sqr(o: number, a: number): void {
  mul(o, a, a)
}

export function mulAdd(o: number, a: number, b: number, x: number, y: number): void {
  set(o, reduced(sum(product(a, b), product(x, y))))
}

export const mulSub = mulAdd

export function add(o: number, a: number, b: number): void {
  set(o, sum(bounds(a), bounds(b)))
}

export const sub = add

export function double(o: number, a: number, bits: number): void {
  const { limb, value } = bounds(a)
  set(o, { limb: limb * 2 ** bits, value: value * 2 ** bits })
}

export function copy(o: number, a: number): void {
  set(o, bounds(a))
}

export function carry(o: number, a: number): void {
  const { limb, value } = bounds(a)
  // Half a unit of 2^29 is added before the shift, so that must not overflow either.
  if (limb + 1 >= 8) throw new Error(`a carry overflows: limbs of ${limb} * 2^28`)
  set(o, { limb: Math.max(1 + 2 ** -24, topLimb(value)), value })
}

/** In columns: units of 2^56 and of the prime squared. */
function product(a: number, b: number): Bounds {
  return { limb: bounds(a).limb * bounds(b).limb, value: bounds(a).value * bounds(b).value }
}

function sum(a: Bounds, b: Bounds): Bounds {
  return { limb: a.limb + b.limb, value: a.value + b.value }
}

function reduced({ limb, value }: Bounds): Bounds {
  // A column has one product for each limb at most. What is added to it while reducing, digits shifted by up to 25 bits
  // or multiplied by 1216, and a carry, stays below 2^56: field.test.ts shows it of what the compiler made.
  if (shape.limbs * limb * 2 ** 56 + 2 ** 56 >= 2 ** 63) throw new Error(`a column overflows: ${limb} * 2^56`)
  // The top limb of a fold is balanced like the others, and the second one has taken a carry of few bits.
  if (shape.reduction === 'fold') return { limb: 1 + 2 ** -12, value: 2 ** (29 * shape.limbs - shape.primeBits) }
  // (product + digits * p) / R, where the digits' number is at most half of R, and a trace.
  const result = value * 2 ** (shape.primeBits - 29 * shape.limbs) + 0.51
  return { limb: Math.max(1, topLimb(result)), value: result }
}

/** A bound of the top limb, which no carry makes small: what the value has there, and half of one from the limbs below. */
function topLimb(value: number): number {
  return (value * 2 ** (shape.primeBits - 29 * (shape.limbs - 1)) + 0.51) / 2 ** 28
}

let shape: Shape = { limbs: 9, primeBits: 256, reduction: 'montgomery' }
const elements = new Map<number, Bounds>()
