import type { Cipher } from '../../../src/crypto/aead.ts'
import { tagLength } from '../../../src/crypto/provider.ts'

/** Ciphertext and tag, in bytes of their own. */
export function sealed(cipher: Cipher, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(plaintext.length + tagLength)
  bytes.set(plaintext)
  cipher.sealInPlace(nonce, aad, bytes)
  return bytes
}
