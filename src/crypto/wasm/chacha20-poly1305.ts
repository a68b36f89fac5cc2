import type { Cipher } from '../aead.ts'
import { tagLength } from '../provider.ts'
import type { Kernel } from './kernel.ts'
import { putMessage, takeOpened, takeSealed, type MessageExports } from './message.ts'

/** What assembly/chacha20-poly1305.ts exports. `open` returns 1, or 0 where the tag is wrong. */
export interface ChaCha20Poly1305 extends MessageExports {
  seal(aadLength: number, length: number): void
  open(aadLength: number, length: number): number
}

/** ChaCha20-Poly1305. The kernel keeps nothing: the key comes with every message, and is wiped behind it. */
export class ChaCha20Poly1305Cipher implements Cipher {
  readonly #kernel: Kernel<ChaCha20Poly1305>
  readonly #key: Uint8Array

  constructor(kernel: Kernel<ChaCha20Poly1305>, key: Uint8Array) {
    this.#kernel = kernel
    this.#key = key
  }

  sealInto(target: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array, tail: Uint8Array): void {
    const offset = putMessage(this.#kernel, nonce, aad, text, tail)
    this.#kernel.write(this.#kernel.exports.key, this.#key)
    this.#kernel.exports.seal(aad.length, text.length + tail.length)
    takeSealed(this.#kernel, offset, target)
  }

  openInto(target: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): boolean {
    const offset = putMessage(this.#kernel, nonce, aad, ciphertext)
    this.#kernel.write(this.#kernel.exports.key, this.#key)
    const isTrue = this.#kernel.exports.open(aad.length, ciphertext.length - tagLength) === 1
    if (isTrue) takeOpened(this.#kernel, offset, target)
    return isTrue
  }

  wipe(): void {
    // Nothing was derived from the key that outlived a message.
  }
}
