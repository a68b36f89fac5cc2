/**
 * Points of edwards25519, -x^2 + y^2 = 1 + d x^2 y^2: X, Y, Z, T with x = X/Z, y = Y/Z, x y = T/Z (Hisil, Wong, Carter and
 * Dawson, "Twisted Edwards Curves Revisited", 2008); the additions are complete.
 *
 * Beside a sum stands the bound of its limbs in units of 2^28; a product's is 1, and what came as bytes has 2. An output is
 * written only once no input is read any more, so outputs may be inputs.
 */
import { SLOT, TWICE_D, mul, sqr } from 'curve/field'
import { add, copy, double, sub } from './element'
import { T } from './layout'

/** o = p + q, where q is (Y + X, Y - X, Z, 2dT). */
export function addCached(o: usize, p: usize, q: usize): void {
  const x1 = p, y1 = p + SLOT, z1 = p + 2 * SLOT, t1 = p + 3 * SLOT
  sub(T0, y1, x1) //      2
  add(T1, y1, x1) //      2
  mul(T0, T0, q + SLOT)
  mul(T1, T1, q)
  mul(T2, t1, q + 3 * SLOT)
  mul(T3, z1, q + 2 * SLOT)
  double(T3, T3, 1) //    2
  sub(T4, T1, T0) //      2
  add(T1, T1, T0) //      2
  sub(T0, T3, T2) //      3
  add(T2, T3, T2) //      3
  combine(o, T4, T0, T2, T1)
}

/** o = 2p. */
export function doubleExtended(o: usize, p: usize): void {
  const x = p, y = p + SLOT, z = p + 2 * SLOT
  add(T0, x, y) //        2
  sqr(T0, T0)
  sqr(T1, x)
  sqr(T2, y)
  sqr(T3, z)
  double(T3, T3, 1) //    2
  add(T4, T1, T2) //      2: -H
  sub(T0, T4, T0) //      3: -E
  sub(T1, T1, T2) //      2: -G
  add(T3, T3, T1) //      4: -F, as 2 z^2 - (y^2 - x^2)
  combine(o, T0, T3, T1, T4)
}

/** (E F, G H, F G, E H), where the sum of the bounds of E and F, and of the other pairs, is at most 14. */
function combine(o: usize, e: usize, f: usize, g: usize, h: usize): void {
  mul(o, e, f)
  mul(o + SLOT, g, h)
  mul(o + 2 * SLOT, f, g)
  mul(o + 3 * SLOT, e, h)
}

/** o = (Y + X, Y - X, Z, 2dT) of p, for addCached; its first two elements have bound 2. */
export function cache(o: usize, p: usize): void {
  add(o, p + SLOT, p)
  sub(o + SLOT, p + SLOT, p)
  copy(o + 2 * SLOT, p + 2 * SLOT)
  mul(o + 3 * SLOT, p + 3 * SLOT, TWICE_D)
}

const T0: usize = T
const T1: usize = T + SLOT
const T2: usize = T + 2 * SLOT
const T3: usize = T + 3 * SLOT
const T4: usize = T + 4 * SLOT
