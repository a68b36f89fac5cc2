import { createPrivateKey, createPublicKey, decapsulate, encapsulate, type KeyObject } from 'node:crypto'
import { concat } from '../../bytes/arrays.ts'
import { fromHex } from '../../bytes/hex.ts'
import type { KeyExchange } from '../provider.ts'
import { withoutStacks } from './without-stacks.ts'

/** ML-KEM-768 (FIPS 203) of OpenSSL 3.5, which draws the randomness of an encapsulation itself: `random` has no part in it. */
export const mlKem768: KeyExchange = {
  keyPair(random) {
    const seed = random(64)
    const spki = createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' })
    return { privateKey: seed, share: new Uint8Array(spki.subarray(spkiHead.length)) }
  },
  sharedSecret(seed, ciphertext) {
    if (seed.length !== 64) throw new RangeError(`ML-KEM-768: seed of ${seed.length} bytes, expected 64`)
    if (ciphertext.length !== 1088) return undefined
    return new Uint8Array(decapsulate(privateKey(seed), ciphertext))
  },
  respond(encapsulationKey) {
    if (encapsulationKey.length !== 1184) return undefined
    try {
      const spki = Buffer.from(concat(spkiHead, encapsulationKey))
      // It throws where a coefficient is not reduced (FIPS 203 §7.2).
      const key = withoutStacks(() => createPublicKey({ key: spki, format: 'der', type: 'spki' }))
      const { ciphertext, sharedKey } = encapsulate(key)
      return { share: new Uint8Array(ciphertext), secret: new Uint8Array(sharedKey) }
    } catch {
      return undefined
    }
  },
}

function privateKey(seed: Uint8Array): KeyObject {
  const pkcs8 = Buffer.from(concat(pkcs8Head, seed))
  const key = withoutStacks(() => createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }))
  pkcs8.fill(0)
  return key
}

// What stands before the bytes of a key in DER (RFC 9935): the lengths are fixed, and so no DER of a stranger is read.
const pkcs8Head = fromHex('3054020100300b06096086480165030404020442 8040')
const spkiHead = fromHex('308204b2300b0609608648016503040402038204a100')
