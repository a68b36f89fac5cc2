import { aeadKeyLength, maxAeadLength, nonceLength, tagLength, type Aead, type AeadName } from './provider.ts'

/** What a provider brings: one cipher under one key, handed only nonces and ciphertexts of the right shape. */
export interface Cipher {
  /** The last 16 bytes are room for the tag, and there are as many at least. */
  sealInPlace(nonce: Uint8Array, aad: Uint8Array, bytes: Uint8Array): void
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

  function sealInPlace(nonce: Uint8Array, aad: Uint8Array, bytes: Uint8Array): void {
    const usable = ready(nonce, aad)
    const length = bytes.length - tagLength
    if (length < 0) throw new RangeError(`${name}: no room for the tag in ${bytes.length} bytes`)
    if (length > maxAeadLength) throw new RangeError(`${name}: ${length} bytes, too many to seal`)
    usable.sealInPlace(nonce, aad, bytes)
  }

  return {
    seal(nonce, aad, plaintext) {
      const bytes = new Uint8Array(plaintext.length + tagLength)
      bytes.set(plaintext)
      sealInPlace(nonce, aad, bytes)
      return bytes
    },
    sealInPlace,
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
