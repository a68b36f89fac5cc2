import { concat, equalConstantTime, wipe } from '../../bytes/arrays.ts'
import type { CryptoProvider, PrivateKey, SigningKey } from '../provider.ts'
import type { Curve25519 } from './curve25519.ts'
import type { Kernel } from './kernel.ts'

type Ed25519PrivateKey = Extract<PrivateKey, { kind: 'ed25519' }>
type Sha512 = (...parts: readonly Uint8Array[]) => Uint8Array

/**
 * Ed25519 signatures (RFC 8032 §5.1.6). They are the same each time, so that a fault in one of two would give the key away;
 * therefore each is verified before it leaves.
 */
export function ed25519Signer(
  { seed, publicKey }: Ed25519PrivateKey,
  kernel: Kernel<Curve25519>,
  provider: Pick<CryptoProvider, 'hash'>,
): SigningKey['sign'] {
  const { exports } = kernel
  const sha512 = hasher(provider)
  const expanded = sha512(seed)
  const [scalar, prefix] = [expanded.subarray(0, 32), expanded.subarray(32)]
  kernel.write(exports.scalar, scalar)
  exports.verifyingKey()
  const point = kernel.read(exports.x, 32)
  if (seed.length !== 32 || !equalConstantTime(point, publicKey))
    throw new Error('the Ed25519 private key does not match its public key')

  return (_, message) => {
    const hashed = sha512(prefix, message)
    kernel.write(exports.seed, hashed)
    wipe(hashed)
    exports.commit()
    const commitment = kernel.read(exports.r, 32)
    const nonce = kernel.read(exports.s, 32)
    kernel.write(exports.seed, sha512(commitment, point, message))
    kernel.write(exports.scalar, nonce)
    kernel.write(exports.key, scalar)
    wipe(nonce)
    exports.respond()
    const signature = concat(commitment, kernel.read(exports.s, 32))
    if (!verifyEd25519(point, message, signature, kernel, provider))
      throw new Error('an Ed25519 signature failed its own check: a fault in this machine')
    return signature
  }
}

/** RFC 8032 §5.1.7, without the cofactor: of two ways, the one that compares bytes. */
export function verifyEd25519(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  kernel: Kernel<Curve25519>,
  provider: Pick<CryptoProvider, 'hash'>,
): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  const { exports } = kernel
  const commitment = signature.subarray(0, 32)
  kernel.write(exports.x, publicKey)
  kernel.write(exports.r, commitment)
  kernel.write(exports.s, signature.subarray(32))
  kernel.write(exports.seed, hasher(provider)(commitment, publicKey, message))
  return exports.verify() === 1
}

function hasher({ hash }: Pick<CryptoProvider, 'hash'>): Sha512 {
  return (...parts) => {
    const running = hash('SHA-512')
    for (const part of parts) running.update(part)
    return running.digest()
  }
}
