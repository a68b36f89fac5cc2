import { concat, wipe } from '../../bytes/arrays.ts'
import type { EcdsaSignature } from '../ecdsa-signature.ts'
import { isUncompressed, scalarLength } from '../key-check.ts'
import type { DiffieHellman } from '../key-exchange.ts'
import type { CurveName } from '../provider.ts'
import type { Kernel, Pointer } from './kernel.ts'

/** What assembly/nist-curve.ts exports: where its numbers stand, and what it does with them. */
export interface NistCurveExports {
  readonly scalar: Pointer
  readonly key: Pointer
  readonly digest: Pointer
  readonly seed: Pointer
  readonly x: Pointer
  readonly y: Pointer
  readonly r: Pointer
  readonly s: Pointer
  keyPair(): number
  publicKey(): number
  sharedSecret(): number
  sign(): number
  verify(): number
}

export interface NistCurve {
  readonly exchange: DiffieHellman
  /** The uncompressed point of a scalar; undefined where that is not from 1 to n-1. */
  publicKey(scalar: Uint8Array): Uint8Array | undefined
  /** Undefined where key or nonce is not from 1 to n-1, or where r or s would be 0. */
  sign(key: Uint8Array, digest: Uint8Array, nonce: Uint8Array): EcdsaSignature | undefined
  /** `digest` of any length: its first bits count, as many as the order has. */
  verify(point: Uint8Array, digest: Uint8Array, signature: EcdsaSignature): boolean
}

/** Over the kernel p256 or p384, by the curve's name. */
export function nistCurve(kernel: Kernel<NistCurveExports>, name: CurveName): NistCurve {
  const { exports } = kernel
  const length = scalarLength[name]

  function writePoint(point: Uint8Array): void {
    kernel.write(exports.x, point.subarray(1, 1 + length))
    kernel.write(exports.y, point.subarray(1 + length))
  }

  const readPoint = (): Uint8Array =>
    concat(Uint8Array.of(4), kernel.read(exports.x, length), kernel.read(exports.y, length))

  /** A number of another length would leave a part of the last one where it stands. */
  const fits = (number: Uint8Array): boolean => number.length === length

  return {
    exchange: {
      keyPair(random) {
        const seed = random(length + 8)
        kernel.write(exports.seed, seed)
        wipe(seed)
        exports.keyPair()
        const privateKey = kernel.read(exports.r, length)
        kernel.wipe(exports.r, length)
        return { privateKey, share: readPoint() }
      },
      sharedSecret(privateKey, peerShare) {
        if (!fits(privateKey)) throw new RangeError(scalarMessage(name))
        if (!isUncompressed(name, peerShare)) return undefined
        writePoint(peerShare)
        kernel.write(exports.scalar, privateKey)
        const outcome = exports.sharedSecret()
        if (outcome === badScalar) throw new RangeError(scalarMessage(name))
        if (outcome !== done) return undefined
        const secret = kernel.read(exports.r, length)
        kernel.wipe(exports.r, length)
        return secret
      },
    },
    publicKey(scalar) {
      if (!fits(scalar)) return undefined
      kernel.write(exports.scalar, scalar)
      return exports.publicKey() === done ? readPoint() : undefined
    },
    sign(key, digest, nonce) {
      if (![key, digest, nonce].every(fits)) return undefined
      kernel.write(exports.key, key)
      kernel.write(exports.digest, digest)
      kernel.write(exports.scalar, nonce)
      const outcome = exports.sign()
      if (outcome === fault) throw new Error('an ECDSA signature failed its own check: a fault in this machine')
      return outcome === done ? { r: kernel.read(exports.r, length), s: kernel.read(exports.s, length) } : undefined
    },
    verify(point, digest, { r, s }) {
      if (!isUncompressed(name, point)) return false
      writePoint(point)
      kernel.write(exports.digest, digestNumber(digest, length))
      kernel.write(exports.r, r)
      kernel.write(exports.s, s)
      return exports.verify() === done
    },
  }
}

function scalarMessage(name: CurveName): string {
  return `${name}: the private key is not ${scalarLength[name]} bytes in the range 1 to n-1`
}

/** FIPS 186-5 §6.4.1 step 2: the leftmost bits of a longer hash; a shorter one is the number it is. */
function digestNumber(digest: Uint8Array, length: number): Uint8Array {
  const number = new Uint8Array(length)
  number.set(digest.subarray(0, length), Math.max(0, length - digest.length))
  return number
}

// The answers of assembly/nist-curve.ts.
const done = 1
const fault = 2
const badScalar = 3
