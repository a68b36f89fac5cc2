import type { DiffieHellman } from '../key-exchange.ts'
import type { Kernel, Pointer } from './kernel.ts'

/** What assembly/curve25519.ts exports. */
export interface Curve25519 {
  readonly scalar: Pointer
  readonly key: Pointer
  readonly seed: Pointer
  readonly x: Pointer
  readonly r: Pointer
  readonly s: Pointer
  publicKey(): number
  sharedSecret(): number
  verifyingKey(): number
  commit(): number
  respond(): number
  verify(): number
}

export function x25519(kernel: Kernel<Curve25519>): DiffieHellman {
  const { exports } = kernel
  return {
    keyPair(random) {
      const privateKey = random(32)
      kernel.write(exports.scalar, privateKey)
      exports.publicKey()
      return { privateKey, share: kernel.read(exports.x, 32) }
    },
    sharedSecret(privateKey, peerShare) {
      if (privateKey.length !== 32)
        throw new RangeError(`X25519: private key of ${privateKey.length} bytes, expected 32`)
      if (peerShare.length !== 32) return undefined
      kernel.write(exports.scalar, privateKey)
      kernel.write(exports.x, peerShare)
      // RFC 7748 §6.1: a secret of zeros comes from a point of low order, whatever our key is.
      if (exports.sharedSecret() === 0) return undefined
      const secret = kernel.read(exports.x, 32)
      kernel.wipe(exports.x, 32)
      return secret
    },
  }
}
