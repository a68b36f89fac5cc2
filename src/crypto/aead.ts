import { aeadKeyLength, maxAeadLength, nonceLength, tagLength, type Aead, type AeadName } from './provider.ts'

/** What a provider brings: one cipher under one key, handed only nonces and ciphertexts of the right shape. */
export interface Cipher {
  /** The last 16 bytes are room for the tag, and there are as many at least. */
  sealInPlace(nonce: Uint8Array, aad: Uint8Array, bytes: Uint8Array): void
  open(nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined
  /** Overwrites what was derived from the key; the copy of the key itself is `CheckedAead`'s to wipe. */
  wipe(): void
}

/**
 * The promises that every Aead keeps whoever made it: a copy of the key, lengths checked before a library sees them (GCM
 * takes a nonce of any length, and quietly means something else by it), and no sealing with a key of zeros after `wipe`.
 */
export class CheckedAead implements Aead {
  readonly #name: AeadName
  readonly #key: Uint8Array
  #cipher: Cipher | undefined

  constructor(name: AeadName, key: Uint8Array, make: (name: AeadName, key: Uint8Array) => Cipher) {
    if (key.length !== aeadKeyLength[name])
      throw new RangeError(`${name}: key of ${key.length} bytes, expected ${aeadKeyLength[name]}`)
    this.#name = name
    this.#key = Uint8Array.from(key)
    this.#cipher = make(name, this.#key)
  }

  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(plaintext.length + tagLength)
    bytes.set(plaintext)
    this.sealInPlace(nonce, aad, bytes)
    return bytes
  }

  sealInPlace(nonce: Uint8Array, aad: Uint8Array, bytes: Uint8Array): void {
    const cipher = this.#ready(nonce, aad)
    const length = bytes.length - tagLength
    if (length < 0) throw new RangeError(`${this.#name}: no room for the tag in ${bytes.length} bytes`)
    if (length > maxAeadLength) throw new RangeError(`${this.#name}: ${length} bytes, too many to seal`)
    cipher.sealInPlace(nonce, aad, bytes)
  }

  open(nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    const cipher = this.#ready(nonce, aad)
    const length = ciphertext.length - tagLength
    return length < 0 || length > maxAeadLength ? undefined : cipher.open(nonce, aad, ciphertext)
  }

  wipe(): void {
    this.#cipher?.wipe()
    this.#cipher = undefined
    this.#key.fill(0)
  }

  #ready(nonce: Uint8Array, aad: Uint8Array): Cipher {
    const name = this.#name
    if (this.#cipher === undefined) throw new Error(`${name}: used after its key was wiped`)
    if (nonce.length !== nonceLength)
      throw new RangeError(`${name}: nonce of ${nonce.length} bytes, expected ${nonceLength}`)
    if (aad.length > maxAeadLength) throw new RangeError(`${name}: ${aad.length} bytes of additional data, too many`)
    return this.#cipher
  }
}
