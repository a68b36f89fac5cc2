import { aeadKeyLength, maxAeadLength, nonceLength, tagLength, type Aead, type AeadName } from './provider.ts'

/** What a provider brings: one cipher under one key, handed only nonces and ciphertexts of the right shape. */
export interface Cipher {
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array
  open(nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined
  /** Overwrites what was derived from the key; the copy of the key itself is `aead`'s to wipe. */
  wipe(): void
}

/**
 * The promises that every Aead keeps whoever made it: a copy of the key, lengths checked before a library sees them (GCM
 * takes a nonce of any length, and quietly means something else by it), and no sealing with a key of zeros after `wipe`.
 */
export function aead(name: AeadName, key: Uint8Array, make: (name: AeadName, key: Uint8Array) => Cipher): Aead {
  if (key.length !== aeadKeyLength[name])
    throw new RangeError(`${name}: key of ${key.length} bytes, expected ${aeadKeyLength[name]}`)
  const secret = Uint8Array.from(key)
  let cipher: Cipher | undefined = make(name, secret)

  function ready(nonce: Uint8Array, aad: Uint8Array): Cipher {
    if (cipher === undefined) throw new Error(`${name}: used after its key was wiped`)
    if (nonce.length !== nonceLength)
      throw new RangeError(`${name}: nonce of ${nonce.length} bytes, expected ${nonceLength}`)
    if (aad.length > maxAeadLength) throw new RangeError(`${name}: ${aad.length} bytes of additional data, too many`)
    return cipher
  }

  return {
    seal(nonce, aad, plaintext) {
      const usable = ready(nonce, aad)
      if (plaintext.length > maxAeadLength) throw new RangeError(`${name}: ${plaintext.length} bytes, too many to seal`)
      return usable.seal(nonce, aad, plaintext)
    },
    open(nonce, aad, ciphertext) {
      const usable = ready(nonce, aad)
      const length = ciphertext.length - tagLength
      return length < 0 || length > maxAeadLength ? undefined : usable.open(nonce, aad, ciphertext)
    },
    wipe() {
      cipher?.wipe()
      cipher = undefined
      secret.fill(0)
    },
  }
}
