import { wipe } from '../../bytes/arrays.ts'
import type { KeyExchange } from '../provider.ts'
import type { Kernel, Pointer } from './kernel.ts'

/** What assembly/ml-kem.ts exports. */
export interface MlKem {
  readonly seed: Pointer
  readonly encapsulationKey: Pointer
  readonly message: Pointer
  readonly ciphertext: Pointer
  readonly secret: Pointer
  init(): void
  keyPair(): void
  encapsulate(): number
  decapsulate(): void
}

/** ML-KEM-768 (FIPS 203). The initiator's share is an encapsulation key, the answer a ciphertext. */
export function mlKem768(kernel: Kernel<MlKem>): KeyExchange {
  const { exports } = kernel
  exports.init()

  function takeSecret(): Uint8Array {
    const secret = kernel.read(exports.secret, 32)
    kernel.wipe(exports.secret, 32)
    return secret
  }

  return {
    keyPair(random) {
      const seed = random(64)
      kernel.write(exports.seed, seed)
      exports.keyPair()
      return { privateKey: seed, share: kernel.read(exports.encapsulationKey, 1184) }
    },
    sharedSecret(seed, ciphertext) {
      if (seed.length !== 64) throw new RangeError(`ML-KEM-768: seed of ${seed.length} bytes, expected 64`)
      if (ciphertext.length !== 1088) return undefined
      kernel.write(exports.seed, seed)
      kernel.write(exports.ciphertext, ciphertext)
      // FIPS 203 §6.3: a ciphertext that is not one of ours leads to a secret nobody knows, and to no error.
      exports.decapsulate()
      return takeSecret()
    },
    respond(encapsulationKey, random) {
      if (encapsulationKey.length !== 1184) return undefined
      const message = random(32)
      kernel.write(exports.encapsulationKey, encapsulationKey)
      kernel.write(exports.message, message)
      wipe(message)
      if (exports.encapsulate() === 0) return undefined
      return { share: kernel.read(exports.ciphertext, 1088), secret: takeSecret() }
    },
  }
}
