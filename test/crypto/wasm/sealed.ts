import type { Cipher } from '../../../src/crypto/aead.ts'
import { tagLength } from '../../../src/crypto/provider.ts'

/** Ciphertext and tag, in bytes of their own. */
export function sealed(cipher: Cipher, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(plaintext.length + tagLength)
  cipher.sealInto(bytes, nonce, aad, plaintext, new Uint8Array(0))
  return bytes
}

/** The plaintext, in bytes of its own; undefined where the tag is wrong. */
export function unsealed(
  cipher: Cipher,
  nonce: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
): Uint8Array | undefined {
  const bytes = new Uint8Array(ciphertext.length - tagLength)
  return cipher.openInto(bytes, nonce, aad, ciphertext) ? bytes : undefined
}
