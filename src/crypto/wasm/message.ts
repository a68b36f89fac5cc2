import { tagLength } from '../provider.ts'
import type { Kernel, Pointer } from './kernel.ts'

/** What both kernels for AEAD export. */
export interface MessageExports {
  readonly key: Pointer
  readonly nonce: Pointer
  readonly text: Pointer
}

/**
 * Brings a message into a kernel's memory, as drawn in assembly/chacha20-poly1305.ts: additional data, zeros to a multiple
 * of 16, and the text, with what belongs behind it. Returns how far behind the beginning the text stands.
 */
export function putMessage(
  kernel: Kernel<MessageExports>,
  nonce: Uint8Array,
  aad: Uint8Array,
  text: Uint8Array,
  tail?: Uint8Array,
): number {
  const offset = aad.length + (-aad.length & 15)
  kernel.write(kernel.exports.nonce, nonce)
  kernel.write(kernel.exports.text, aad)
  kernel.write(kernel.exports.text, text, offset)
  if (tail !== undefined) kernel.write(kernel.exports.text, tail, offset + text.length)
  return offset
}

/** Takes ciphertext and tag. The plaintext is gone: this stands in its place. */
export function takeSealed(kernel: Kernel<MessageExports>, offset: number, target: Uint8Array): void {
  kernel.readInto(target, kernel.exports.text, offset)
}

/** Takes the plaintext, and wipes it. Behind it, where the tag was, the keystream of an unfinished block may show. */
export function takeOpened(kernel: Kernel<MessageExports>, offset: number, target: Uint8Array): void {
  kernel.readInto(target, kernel.exports.text, offset)
  kernel.wipe(kernel.exports.text, target.length + tagLength, offset)
}
