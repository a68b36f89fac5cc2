import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { wipe } from '../../bytes/arrays.ts'
import type { KeyExchange } from '../provider.ts'

/** ML-KEM-768 (FIPS 203) of @noble/post-quantum. The initiator's share is an encapsulation key, the answer a ciphertext. */
export const mlKem768: KeyExchange = {
  keyPair(random) {
    const seed = random(64)
    const { publicKey, secretKey } = ml_kem768.keygen(seed)
    wipe(secretKey)
    return { privateKey: seed, share: publicKey }
  },
  sharedSecret(seed, ciphertext) {
    if (seed.length !== 64) throw new RangeError(`ML-KEM-768: seed of ${seed.length} bytes, expected 64`)
    if (ciphertext.length !== 1088) return undefined
    const { secretKey } = ml_kem768.keygen(seed)
    // FIPS 203 §6.3: a ciphertext that is not one of ours leads to a secret nobody knows, and to no error.
    const secret = ml_kem768.decapsulate(ciphertext, secretKey)
    wipe(secretKey)
    return own(secret)
  },
  respond(encapsulationKey, random) {
    if (encapsulationKey.length !== 1184) return undefined
    const message = random(32)
    try {
      // It throws where a coefficient is not reduced (FIPS 203 §7.2).
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(encapsulationKey, message)
      return { share: cipherText, secret: own(sharedSecret) }
    } catch {
      return undefined
    } finally {
      wipe(message)
    }
  },
}

/** The library's secret is a window into what it was derived from: copied out, and wiped there. */
function own(secret: Uint8Array): Uint8Array {
  const copy = secret.slice()
  wipe(secret)
  return copy
}
