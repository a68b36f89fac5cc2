import { equalConstantTime } from '../../../bytes/arrays.ts'
import { bitLength, checkRsaPrivateKey, fromInteger, toInteger, type RsaPrivateKey } from '../../key-check.ts'
import { fromBytes, limbsFor, Modulus, multiplyAdd, toBytes, type Limbs } from './montgomery.ts'

/** A private key made ready: its primes as rings, and its numbers as limbs and exponents of one fixed length each. */
export interface RsaKey {
  readonly bits: number
  /** Length of the modulus, and so of a signature, in bytes. */
  readonly length: number
  readonly modulus: bigint
  readonly e: bigint
  readonly n: Modulus
  readonly p: Modulus
  readonly q: Modulus
  readonly dp: Uint8Array
  readonly dq: Uint8Array
  readonly qi: Limbs
  readonly qValue: Limbs
}

/** Throws, without a part of the key in the message, where the numbers are not those of one key. */
export function prepare(key: RsaPrivateKey): RsaKey {
  checkRsaPrivateKey(key)
  const [modulus, p, q] = [toInteger(key.n), toInteger(key.p), toInteger(key.q)]
  const bits = bitLength(modulus)
  // Both primes in as many limbs as the longer one takes, n in twice as many: whatever the shape of the key.
  const primeBits = Math.max(bitLength(p), bitLength(q))
  const limbs = limbsFor(primeBits)
  const exponentLength = Math.ceil(primeBits / 8)
  return {
    bits,
    length: Math.ceil(bits / 8),
    modulus,
    e: toInteger(key.e),
    n: new Modulus(modulus, 2 * limbs),
    p: new Modulus(p, limbs),
    q: new Modulus(q, limbs),
    dp: fromInteger(toInteger(key.dp), exponentLength),
    dq: fromInteger(toInteger(key.dq), exponentLength),
    qi: fromBytes(key.qi, limbs),
    qValue: fromBytes(key.q, limbs),
  }
}

/**
 * RSASP1 by the Chinese remainder theorem (RFC 8017 §5.2.1), on `message`, a number below the modulus.
 *
 * Blinded: the exponentiations see message * r^e for a fresh random r, so whoever chooses messages and measures times
 * does not know what was raised. Checked: the result is raised to e again before it leaves, since one faulty half would
 * give the key away, by gcd(s^e - m, n) (Boneh, DeMillo, Lipton 1997).
 */
export function privateOperation(key: RsaKey, message: Uint8Array, random: Random): Uint8Array {
  const { n, p, q } = key
  const plain = fromBytes(message, n.limbs)
  const { factor, inverse } = blinding(key, random)
  const blinded = n.multiply(plain, n.publicPower(factor, key.e))

  const m1 = p.power(p.enter(blinded), key.dp)
  const m2 = q.leave(q.power(q.enter(blinded), key.dq))
  // h = (m1 - m2) * qInv mod p;  s = m2 + h * q
  const h = p.multiply(p.subtract(m1, p.enter(m2)), key.qi)
  const unblinded = n.multiply(multiplyAdd(m2, h, key.qValue), inverse)

  const check = n.leave(n.publicPower(n.enter(unblinded), key.e))
  if (!equalConstantTime(toBytes(check, key.length), toBytes(plain, key.length)))
    throw new Error('an RSA signature failed its own check: a fault in this machine, or a key whose primes are none')
  return toBytes(unblinded, key.length)
}

export type Random = (length: number) => Uint8Array

/**
 * A random unit modulo n and its inverse, in form. Euclid's algorithm tells by its time what it inverts, and runs on
 * BigInt; so it is given the unit times a second random number, whose part is taken out afterwards.
 */
export function blinding(key: RsaKey, random: Random): { factor: Limbs; inverse: Limbs } {
  const { n } = key
  // A bad generator, such as one that returns only zeros, must end in an error and not in a loop.
  for (let attempt = 0; attempt < 8; attempt++) {
    const factor = n.enter(fromBytes(random(key.length + 8), 2 * n.limbs))
    const mask = n.enter(fromBytes(random(key.length + 8), 2 * n.limbs))
    const product = toInteger(toBytes(n.leave(n.multiply(factor, mask)), key.length))
    const inverse = invert(product, key.modulus)
    if (inverse === undefined) continue
    const inverted = n.enter(fromBytes(fromInteger(inverse, key.length), n.limbs))
    return { factor, inverse: n.multiply(inverted, mask) }
  }
  throw new Error('the random source gives no number that could blind an RSA key')
}

function invert(value: bigint, modulus: bigint): bigint | undefined {
  let [a, b, x, y] = [value, modulus, 1n, 0n]
  while (a > 1n) {
    if (b === 0n) return undefined
    const quotient = a / b
    ;[a, b] = [b, a - quotient * b]
    ;[x, y] = [y, x - quotient * y]
  }
  if (a !== 1n) return undefined
  return x < 0n ? x + modulus : x
}
