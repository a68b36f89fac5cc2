import { aeadKeyLength, maxAeadLength, nonceLength, tagLength, type Aead, type AeadName } from './provider.ts'

/** What a provider brings: one cipher under one key, handed only nonces and ciphertexts of the right shape. */
export interface Cipher {
  /** The target has the length of text, tail and tag. */
  sealInto(target: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array, tail: Uint8Array): void
  /** The target has the length of the ciphertext without its tag; where that is wrong, no plaintext is left there. */
  openInto(target: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): boolean
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
    this.#key = new Uint8Array(key)
    this.#cipher = make(name, this.#key)
  }

  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(plaintext.length + tagLength)
    this.sealInto(sealed, nonce, aad, plaintext, nothing)
    return sealed
  }

  sealInto(target: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array, tail: Uint8Array): void {
    const cipher = this.#ready(nonce, aad)
    const length = text.length + tail.length
    if (length > maxAeadLength) throw new RangeError(`${this.#name}: ${length} bytes, too many to seal`)
    this.#checkTarget(target, length + tagLength)
    cipher.sealInto(target, nonce, aad, text, tail)
  }

  open(nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    this.#ready(nonce, aad)
    const length = ciphertext.length - tagLength
    if (length < 0 || length > maxAeadLength) return undefined
    const plaintext = new Uint8Array(length)
    return this.openInto(plaintext, nonce, aad, ciphertext) ? plaintext : undefined
  }

  openInto(target: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): boolean {
    const cipher = this.#ready(nonce, aad)
    const length = ciphertext.length - tagLength
    if (length < 0 || length > maxAeadLength) return false
    this.#checkTarget(target, length)
    return cipher.openInto(target, nonce, aad, ciphertext)
  }

  wipe(): void {
    this.#cipher?.wipe()
    this.#cipher = undefined
    this.#key.fill(0)
  }

  #checkTarget(target: Uint8Array, length: number): void {
    if (target.length !== length)
      throw new RangeError(`${this.#name}: a target of ${target.length} bytes, expected ${length}`)
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

const nothing = new Uint8Array(0)
