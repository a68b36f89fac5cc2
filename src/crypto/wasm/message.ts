import { tagLength } from '../provider.ts'
import type { Cipher } from '../aead.ts'
import type { Kernel, Pointer } from './kernel.ts'

/** What both kernels for AEAD export. */
export interface MessageExports {
  readonly key: Pointer
  readonly nonce: Pointer
  readonly text: Pointer
}

/** Runs a kernel on the message that stands in its memory. `open` returns 1 or 0. */
export interface MessageRuns {
  seal(aadLength: number, length: number): void
  open(aadLength: number, length: number): number
}

/**
 * Brings messages into a kernel's memory, and out: additional data, zeros to a multiple of 16, text, tag, as drawn in
 * assembly/chacha20-poly1305.ts.
 */
export function messages(kernel: Kernel<MessageExports>, run: MessageRuns): Pick<Cipher, 'sealInPlace' | 'open'> {
  const { nonce: nonceAt, text: textAt } = kernel.exports

  function put(nonce: Uint8Array, aad: Uint8Array, text: Uint8Array): number {
    const offset = aad.length + (-aad.length & 15)
    kernel.write(nonceAt, nonce)
    kernel.write(textAt, aad)
    kernel.write(textAt, text, offset)
    return offset
  }

  return {
    sealInPlace(nonce, aad, bytes) {
      const length = bytes.length - tagLength
      const offset = put(nonce, aad, bytes.subarray(0, length))
      run.seal(aad.length, length)
      // The plaintext is gone: what stands there is the ciphertext.
      kernel.readInto(bytes, textAt, offset)
    },
    open(nonce, aad, ciphertext) {
      const length = ciphertext.length - tagLength
      const offset = put(nonce, aad, ciphertext)
      if (run.open(aad.length, length) === 0) return undefined
      const plaintext = kernel.read(textAt, length, offset)
      // Behind the plaintext, where the tag was, the keystream of an unfinished block may show.
      kernel.wipe(textAt, length + tagLength, offset)
      return plaintext
    },
  }
}
