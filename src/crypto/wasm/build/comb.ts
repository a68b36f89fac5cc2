/**
 * Combs: tables of a base point's multiples, from which a multiple by any scalar is a sum of one entry of each row. They are
 * data of the kernels that use them. A kernel that made its own when it starts would take milliseconds of each start, and
 * have the engine's optimising compiler come for the loop: 4 MiB of a sidecar that nobody has connected to yet.
 */
export interface Point {
  readonly x: bigint
  readonly y: bigint
}

/** A curve as its addition of affine points, doublings included; and as what a kernel keeps of a point. */
export interface CombShape {
  readonly add: (p: Point, q: Point) => Point
  /** The entries of a row: its first point times 1, 3, 5, …, for odd digits, or times 1, 2, 3, … */
  readonly multiples: 'odd' | 'all'
  readonly entry: (point: Point) => readonly bigint[]
}

/** Entry j of row i is 2^(width i) of the base point, times 2j + 1 or j + 1: in each row as many as half of 2^width. */
export function comb({ add, multiples }: CombShape, base: Point, width: number, rows: number): Point[] {
  const entries = []
  let first = base
  for (let i = 0; i < rows; i++) {
    const step = multiples === 'odd' ? add(first, first) : first
    let point = first
    for (let j = 0; j < 2 ** (width - 1); j++) {
      entries.push(point)
      point = add(point, step)
    }
    for (let j = 0; j < width; j++) first = add(first, first)
  }
  return entries
}

/** y^2 = x^3 - 3x + b, by chord and tangent. No table comes to the point at infinity, which these formulas do not know. */
export function weierstrass(prime: bigint): CombShape {
  return {
    add(p, q) {
      const isDouble = p.x === q.x
      const slope = isDouble ? quotient(3n * p.x * p.x - 3n, 2n * p.y, prime) : quotient(q.y - p.y, q.x - p.x, prime)
      const x = modulo(slope * slope - p.x - q.x, prime)
      return { x, y: modulo(slope * (p.x - x) - p.y, prime) }
    },
    multiples: 'odd',
    entry: ({ x, y }) => [x, y],
  }
}

/** -x^2 + y^2 = 1 + d x^2 y^2 (RFC 8032 §5.1.4). */
export function edwards25519(prime: bigint): CombShape {
  const d = quotient(-121665n, 121666n, prime)
  return {
    add(p, q) {
      const product = d * p.x * q.x * p.y * q.y
      return {
        x: quotient(p.x * q.y + p.y * q.x, 1n + product, prime),
        y: quotient(p.y * q.y + p.x * q.x, 1n - product, prime),
      }
    },
    multiples: 'all',
    entry: ({ x, y }) => [modulo(y + x, prime), modulo(y - x, prime), modulo(2n * d * x * y, prime)],
  }
}

/** a / b, by Fermat: b^(p-2) is 1 / b. */
function quotient(a: bigint, b: bigint, prime: bigint): bigint {
  let result = modulo(a, prime)
  let square = modulo(b, prime)
  for (let exponent = prime - 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * square) % prime
    square = (square * square) % prime
  }
  return result
}

function modulo(value: bigint, prime: bigint): bigint {
  const rest = value % prime
  return rest < 0n ? rest + prime : rest
}
