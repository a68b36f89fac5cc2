/**
 * Points of y^2 = x^3 - 3x + b over a field of FIPS 186: three elements X, Y, Z each. Homogeneous coordinates (X/Z, Y/Z)
 * for the complete additions, which have no exceptional input, and Jacobian ones (X/Z^2, Y/Z^3) for doublings, and for
 * additions of points that are known to be neither the same nor each other's negatives.
 *
 * Beside a sum stands the bound of its limbs in units of 2^28; a product's is 1, and a carry's a trace more. An output
 * is written only once no input is read any more, so outputs may be inputs.
 */
import { CURVE_B, ONE, SLOT, mul, mulAdd, mulSub, sqr } from 'curve/field'
import { add, carry, double, sub } from './element'
import { T } from './layout'

/**
 * o = p + q, whatever they are: Renes, Costello and Batina, "Complete addition formulas for prime order elliptic curves"
 * (2015), algorithm 4, with the cross sums as pairs of products that share a reduction.
 */
export function addPoint(o: usize, p: usize, q: usize): void {
  const x1 = p, y1 = p + SLOT, z1 = p + 2 * SLOT
  const x2 = q, y2 = q + SLOT, z2 = q + 2 * SLOT
  mul(XX, x1, x2)
  mul(YY, y1, y2)
  mul(ZZ, z1, z2)
  mulAdd(XY, x1, y2, x2, y1)
  mulAdd(YZ, y1, z2, y2, z1)
  mulAdd(XZ, x1, z2, x2, z1)
  finishAddition(o)
}

/** o = p + q where q has only x and y: its z is 1. */
export function addAffine(o: usize, p: usize, q: usize): void {
  const x1 = p, y1 = p + SLOT, z1 = p + 2 * SLOT
  const x2 = q, y2 = q + SLOT
  mul(XX, x1, x2)
  mul(YY, y1, y2)
  // Only to make its value small: within half of p, and a trace.
  mul(ZZ, z1, ONE)
  mulAdd(XY, x1, y2, x2, y1)
  mul(YZ, y2, z1)
  add(YZ, YZ, y1) //      2
  mul(XZ, x2, z1)
  add(XZ, XZ, x1) //      2
  carry(XZ, XZ)
  finishAddition(o)
}

function finishAddition(o: usize): void {
  mul(BZ, CURVE_B, ZZ)
  sub(BZ, XZ, BZ) //      2
  triple(BZ, BZ)
  sub(LESS, YY, BZ) //    2
  add(MORE, YY, BZ) //    2
  triple(ZZ, ZZ)
  mul(XZ, CURVE_B, XZ)
  sub(XZ, XZ, XX) //      2
  sub(XZ, XZ, ZZ) //      3
  carry(XZ, XZ)
  triple(XZ, XZ)
  triple(XX, XX)
  sub(XX, XX, ZZ) //      2
  mulSub(o, XY, MORE, YZ, XZ)
  mulAdd(o + SLOT, MORE, LESS, XX, XZ)
  mulAdd(o + 2 * SLOT, YZ, LESS, XY, XX)
}

/**
 * o = p + q in Jacobian coordinates where q has only x and y, after "madd" of the Explicit-Formulas Database. Right for
 * points of which neither is at infinity, and which are neither the same nor each other's negatives: two thirds of the
 * time of `addAffine`.
 */
export function addDistinct(o: usize, p: usize, q: usize): void {
  const x1 = p, y1 = p + SLOT, z1 = p + 2 * SLOT
  const x2 = q, y2 = q + SLOT
  sqr(ZZ, z1)
  mul(T3, z1, ZZ)
  mul(T4, x2, ZZ)
  sub(T4, T4, x1) //      2: h
  mul(T5, y2, T3)
  sub(T5, T5, y1) //      2: r
  mul(o + 2 * SLOT, z1, T4)
  sqr(T6, T4)
  mul(T7, T4, T6) //      h^3
  mul(T8, x1, T6) //      x1 h^2
  sqr(T6, T5)
  sub(T6, T6, T7) //      2
  double(T9, T8, 1) //    2
  sub(T6, T6, T9) //      4
  carry(o, T6) //         x = r^2 - h^3 - 2 x1 h^2
  sub(T8, T8, o) //       2
  mulSub(o + SLOT, T5, T8, y1, T7)
}

/**
 * o = 2p in Jacobian coordinates, "dbl-2001-b" of the Explicit-Formulas Database. Right for every point but the one at
 * infinity, as no point has y = 0 where the order is an odd prime; the digits of digits.ts never lead there.
 */
export function doubleJacobian(o: usize, p: usize): void {
  const x = p, y = p + SLOT, z = p + 2 * SLOT
  sqr(ZZ, z)
  sqr(YY, y)
  sub(T3, x, ZZ) //       2
  add(T4, x, ZZ) //       2
  mul(ALPHA, T3, T4)
  triple(ALPHA, ALPHA)
  mul(T4, y, z)
  double(o + 2 * SLOT, T4, 1) // 2: z = 2 y z
  double(T7, YY, 1) //    2
  double(YY, YY, 2) //    4
  carry(YY, YY)
  mul(BETA, x, YY) //     4 beta, beta = x y^2
  double(T4, BETA, 1) //  2
  sqr(T5, ALPHA)
  sub(T5, T5, T4) //      3
  carry(o, T5) //         x = alpha^2 - 8 beta
  sub(BETA, BETA, o) //   2
  mulSub(o + SLOT, ALPHA, BETA, T7, YY)
}

/** (X/Z, Y/Z) to (X/Z^2, Y/Z^3), in place. */
export function toJacobian(p: usize): void {
  const x = p, y = p + SLOT, z = p + 2 * SLOT
  sqr(T0, z)
  mul(x, x, z)
  mul(y, y, T0)
}

/** (X/Z^2, Y/Z^3) to (X/Z, Y/Z), in place. */
export function toHomogeneous(p: usize): void {
  const x = p, z = p + 2 * SLOT
  sqr(T0, z)
  mul(x, x, z)
  mul(z, z, T0)
}

/** o = x^3 - 3x + b - y^2, of the affine point p: zero if it is on the curve. */
export function curveEquation(o: usize, p: usize): void {
  const x = p, y = p + SLOT
  sqr(T0, x)
  mul(T0, T0, x)
  sqr(T1, y)
  triple(T2, x)
  sub(T0, T0, T1) //      2
  sub(T0, T0, T2) //      3
  add(o, T0, CURVE_B) //  4
}

/** o = 3a, for a of 2 or less. */
function triple(o: usize, a: usize): void {
  double(T9, a, 1) //     4
  add(T9, T9, a) //       6
  carry(o, T9)
}

const T0: usize = T
const T1: usize = T + SLOT
const T2: usize = T + 2 * SLOT
const T3: usize = T + 3 * SLOT
const T4: usize = T + 4 * SLOT
const T5: usize = T + 5 * SLOT
const T6: usize = T + 6 * SLOT
const T7: usize = T + 7 * SLOT
const T8: usize = T + 8 * SLOT
const T9: usize = T + 9 * SLOT
// The names of the addition, and of the doubling.
const XX: usize = T0
const YY: usize = T1
const ZZ: usize = T2
const XY: usize = T3
const YZ: usize = T4
const XZ: usize = T5
const BZ: usize = T6
const LESS: usize = T7
const MORE: usize = T8
const ALPHA: usize = T3
const BETA: usize = T6
