import { wipe } from '../../bytes/arrays.ts'
import { fromInteger, toInteger, type RsaPrivateKey } from '../key-check.ts'
import { toBytes } from '../noble/rsa/montgomery.ts'
import { blinding, type Random, type RsaKey } from '../noble/rsa/private-operation.ts'
import { inJavaScript, type OperationOf, type PublicOperation } from '../noble/rsa/rsa.ts'
import type { Kernel, Pointer } from './kernel.ts'

/** What assembly/rsa.ts exports: the key's numbers by their names, and what is done with them. */
export interface Rsa extends Readonly<Record<Input, Pointer>> {
  readonly result: Pointer
  privateOperation(length: number, half: number, limbs: number, e: bigint): number
  publicOperation(length: number, limbs: number, e: bigint): void
}
type Input = keyof KeyNumbers | 'message' | 'blind' | 'unblind'

/** Big-endian, all of n's length or of half's; the squares are those of Montgomery's R, modulo what they are named after. */
interface KeyNumbers {
  readonly n: Uint8Array
  readonly nSquare: Uint8Array
  readonly p: Uint8Array
  readonly pSquare: Uint8Array
  readonly q: Uint8Array
  readonly qSquare: Uint8Array
  readonly dp: Uint8Array
  readonly dq: Uint8Array
  readonly qi: Uint8Array
}

/**
 * RSA's private operation in WebAssembly, for every key whose primes are of a usual length; the encodings around it, and
 * keys whose longer prime has more than 4636 bits, are those of noble/rsa.
 */
export function rsaOperation(kernel: Kernel<Rsa>): OperationOf {
  const { exports } = kernel
  return (prepared, key) => {
    const half = prepared.dp.length
    const limbs = limbsOf(8 * half)
    if (limbs > mostLimbs) return inJavaScript(prepared, key)
    const numbers = Object.entries(numbersOf(key, prepared.length, half, limbs)) as [keyof KeyNumbers, Uint8Array][]
    const blinds = new Blinds(prepared)
    return (message, random) => {
      for (const [name, number] of numbers) kernel.write(exports[name], number)
      // PSS makes it a byte shorter than a modulus of 8k+1 bits; the kernel's memory is zeros in front of it.
      kernel.write(exports.message, message, prepared.length - message.length)
      const pair = blinds.take(random)
      kernel.write(exports.blind, pair.blind)
      kernel.write(exports.unblind, pair.unblind)
      const sound = exports.privateOperation(prepared.length, half, limbs, prepared.e)
      kernel.readInto(pair.blind, exports.blind)
      kernel.readInto(pair.unblind, exports.unblind)
      kernel.wipe(exports.blind, prepared.length)
      kernel.wipe(exports.unblind, prepared.length)
      if (sound !== 1)
        throw new Error(
          'an RSA signature failed its own check: a fault in this machine, or a key whose primes are none',
        )
      return kernel.read(exports.result, prepared.length)
    }
  }
}

/** RSA's public operation in WebAssembly, for every modulus that is worth verifying with. */
export function rsaPublicOperation(kernel: Kernel<Rsa>): PublicOperation {
  const { exports } = kernel
  return (signature, n, e) => {
    const { length } = signature
    const limbs = limbsOf(8 * length)
    kernel.write(exports.n, fromInteger(n, length))
    kernel.write(exports.nSquare, fromInteger(square(n, limbs), length))
    kernel.write(exports.message, signature)
    exports.publicOperation(length, limbs, e)
    return kernel.read(exports.result, length)
  }
}

/**
 * Pairs r^e and 1/r modulo n. A new one costs an inversion; its squares, squared again and again, are as unknown to whoever
 * chooses messages, so it serves for a while.
 */
class Blinds {
  readonly #key: RsaKey
  #pair: { readonly blind: Uint8Array; readonly unblind: Uint8Array } | undefined
  #uses = 0

  constructor(key: RsaKey) {
    this.#key = key
  }

  /** Its owner puts the squares into the arrays that it is given. */
  take(random: Random): { readonly blind: Uint8Array; readonly unblind: Uint8Array } {
    if (this.#pair !== undefined && this.#uses++ < usesOfBlinds) return this.#pair
    if (this.#pair !== undefined) wipe(this.#pair.blind, this.#pair.unblind)
    const { n, e, length } = this.#key
    const { factor, inverse } = blinding(this.#key, random)
    this.#uses = 1
    this.#pair = {
      blind: toBytes(n.leave(n.publicPower(factor, e)), length),
      unblind: toBytes(n.leave(inverse), length),
    }
    return this.#pair
  }
}

/** BigInt reads the key once, when it is loaded, as in noble/rsa. */
function numbersOf(key: RsaPrivateKey, length: number, half: number, limbs: number): KeyNumbers {
  const [n, p, q] = [toInteger(key.n), toInteger(key.p), toInteger(key.q)]
  const short = (bytes: Uint8Array): Uint8Array => fromInteger(toInteger(bytes), half)
  return {
    n: fromInteger(n, length),
    nSquare: fromInteger(square(n, 2 * limbs), length),
    p: fromInteger(p, half),
    pSquare: fromInteger(square(p, limbs), half),
    q: fromInteger(q, half),
    qSquare: fromInteger(square(q, limbs), half),
    dp: short(key.dp),
    dq: short(key.dq),
    qi: short(key.qi),
  }
}

/** R is at least 16 times a modulus of so many bits, and vectors take four limbs. */
export function limbsOf(bits: number): number {
  return 4 * Math.ceil((bits + 4) / (4 * limbBits))
}

/** R^2, R = 2^(29 limbs). */
function square(modulus: bigint, limbs: number): bigint {
  return (1n << BigInt(2 * limbBits * limbs)) % modulus
}

const limbBits = 29
const mostLimbs = 160
const usesOfBlinds = 32
