/**
 * 1 / a modulo an odd m in constant time, by Bernstein and Yang's safegcd ("Fast constant-time gcd computation and modular
 * inversion", 2019), in the variant of libsecp256k1 (doc/safegcd_implementation.md) that starts at delta = 1/2.
 *
 * Divsteps work on the low bits of f and g alone, so 29 of them are done on two words and gathered in a 2x2 matrix, which
 * is then applied to the whole of f, g and of d, e, where d = f / a and e = g / a modulo m all along, up to 2^(29 rounds).
 * (45907 bits + 26313) / 19929 divsteps are enough: 590 for 256 bits, 885 for 384.
 */
import { LIMBS, SLOT } from 'curve/field'
import { copy, MASK, negateIf, setNumber } from './element'
import { GCD } from './layout'

/** a canonical; o between -2m and 2m, and 0 for 0. `inverse` is 1/m mod 2^29. */
export function invert(o: usize, a: usize, m: usize, inverse: i32): void {
  copy(F, m)
  copy(G, a)
  setNumber(D, 0)
  setNumber(E, 1)
  let zeta: i32 = -1
  for (let round = 0; round < ROUNDS; round++) {
    zeta = divsteps(zeta)
    applyToFG()
    applyToDE(m, inverse as i64)
  }
  // f is now 1 or -1, the greatest common divisor.
  negateIf(D, load<i32>(F, TOP) >> 31)
  copy(o, D)
  u = v = q = r = 0
}

/** 29 divsteps; leaves their matrix (u v; q r), which maps (f, g) to 2^29 times the new ones. Returns the new zeta. */
function divsteps(zeta: i32): i32 {
  let f = load<i32>(F) | (load<i32>(F, 4) << 29)
  let g = load<i32>(G) | (load<i32>(G, 4) << 29)
  // Rows are packed as u + v 2^32 and q + r 2^32.
  let uv: i64 = 1, qr: i64 = 1 << 32
  for (let i = 0; i < 29; i++) {
    const negative = zeta >> 31
    const odd = -(g & 1)
    const swap = negative & odd
    g += ((f ^ negative) - negative) & odd
    qr += ((uv ^ (negative as i64)) - (negative as i64)) & (odd as i64)
    zeta = (zeta ^ swap) - 1
    f += g & swap
    uv += qr & (swap as i64)
    g >>= 1
    uv <<= 1
  }
  u = uv as i32 as i64
  v = (uv - u) >> 32
  q = qr as i32 as i64
  r = (qr - q) >> 32
  return zeta
}

/** (f, g) = (u f + v g, q f + r g) / 2^29, which is exact. */
function applyToFG(): void {
  let cf: i64 = 0, cg: i64 = 0
  for (let i: usize = 0; i <= TOP; i += 4) {
    const f = load<i32>(F + i) as i64, g = load<i32>(G + i) as i64
    cf += u * f + v * g
    cg += q * f + r * g
    if (i > 0) {
      store<i32>(F + i - 4, (cf as i32) & MASK)
      store<i32>(G + i - 4, (cg as i32) & MASK)
    }
    cf >>= 29
    cg >>= 29
  }
  store<i32>(F, cf as i32, TOP)
  store<i32>(G, cg as i32, TOP)
}

/** (d, e) = (u d + v e, q d + r e) / 2^29 modulo m: the multiple of m that makes it exact is added first. */
function applyToDE(m: usize, inverse: i64): void {
  const dNegative = (load<i32>(D, TOP) >> 31) as i64
  const eNegative = (load<i32>(E, TOP) >> 31) as i64
  const d0 = load<i32>(D) as i64, e0 = load<i32>(E) as i64
  let md = (u & dNegative) + (v & eNegative)
  let me = (q & dNegative) + (r & eNegative)
  md -= (inverse * (u * d0 + v * e0) + md) & (MASK as i64)
  me -= (inverse * (q * d0 + r * e0) + me) & (MASK as i64)
  let cd: i64 = 0, ce: i64 = 0
  for (let i: usize = 0; i <= TOP; i += 4) {
    const d = load<i32>(D + i) as i64, e = load<i32>(E + i) as i64, n = load<i32>(m + i) as i64
    cd += u * d + v * e + n * md
    ce += q * d + r * e + n * me
    if (i > 0) {
      store<i32>(D + i - 4, (cd as i32) & MASK)
      store<i32>(E + i - 4, (ce as i32) & MASK)
    }
    cd >>= 29
    ce >>= 29
  }
  store<i32>(D, cd as i32, TOP)
  store<i32>(E, ce as i32, TOP)
}

/** The matrix: secret while `invert` runs. */
let u: i64 = 0, v: i64 = 0, q: i64 = 0, r: i64 = 0

const F: usize = GCD, G: usize = GCD + SLOT, D: usize = GCD + 2 * SLOT, E: usize = GCD + 3 * SLOT
const TOP: usize = 4 * (LIMBS - 1)
const ROUNDS: i32 = LIMBS == 9 ? 21 : 31
