import type { Cipher } from '../aead.ts'
import { tagLength } from '../provider.ts'
import { Contexts } from './contexts.ts'
import type { Kernel } from './kernel.ts'
import { putMessage, takeOpened, takeSealed, type MessageExports } from './message.ts'

/** What assembly/aes-gcm.ts exports. `open` returns 1, or 0 where the tag is wrong. */
export interface AesGcm extends MessageExports {
  readonly contextCount: number
  expand(context: number, keyLength: number): void
  forget(context: number): void
  seal(context: number, aadLength: number, length: number): void
  open(context: number, aadLength: number, length: number): number
}

/** AES-GCM, with keys of 16 or 32 bytes, whose expansions share the kernel's contexts. */
export function aesGcm(kernel: Kernel<AesGcm>): (key: Uint8Array) => Cipher {
  const contexts = new Contexts(kernel.exports.contextCount)
  return (key) => new AesGcmCipher(kernel, contexts, key)
}

class AesGcmCipher implements Cipher {
  readonly #kernel: Kernel<AesGcm>
  readonly #contexts: Contexts
  readonly #key: Uint8Array
  #context = -1

  constructor(kernel: Kernel<AesGcm>, contexts: Contexts, key: Uint8Array) {
    this.#kernel = kernel
    this.#contexts = contexts
    this.#key = key
  }

  sealInto(target: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array, tail: Uint8Array): void {
    const offset = putMessage(this.#kernel, nonce, aad, text, tail)
    this.#kernel.exports.seal(this.#expanded(), aad.length, text.length + tail.length)
    takeSealed(this.#kernel, offset, target)
  }

  openInto(target: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): boolean {
    const offset = putMessage(this.#kernel, nonce, aad, ciphertext)
    const isTrue = this.#kernel.exports.open(this.#expanded(), aad.length, ciphertext.length - tagLength) === 1
    if (isTrue) takeOpened(this.#kernel, offset, target)
    return isTrue
  }

  wipe(): void {
    if (this.#contexts.release(this.#context, this)) this.#kernel.exports.forget(this.#context)
  }

  /** The context with the expanded key: the one from last time, if nobody took it meanwhile. */
  #expanded(): number {
    if (this.#contexts.use(this.#context, this)) return this.#context
    this.#context = this.#contexts.take(this)
    this.#kernel.write(this.#kernel.exports.key, this.#key)
    this.#kernel.exports.expand(this.#context, this.#key.length)
    return this.#context
  }
}
