import type { Cipher } from '../aead.ts'
import type { Kernel } from './kernel.ts'
import { messages, type MessageExports } from './message.ts'

/** What assembly/chacha20-poly1305.ts exports. */
export interface ChaCha20Poly1305 extends MessageExports {
  seal(aadLength: number, length: number): void
  open(aadLength: number, length: number): number
}

/** ChaCha20-Poly1305. The kernel keeps nothing: the key comes with every message, and is wiped behind it. */
export function chacha20Poly1305(kernel: Kernel<ChaCha20Poly1305>): (key: Uint8Array) => Cipher {
  const { exports } = kernel
  return (key) => ({
    ...messages(kernel, {
      seal(aadLength, length) {
        kernel.write(exports.key, key)
        exports.seal(aadLength, length)
      },
      open(aadLength, length) {
        kernel.write(exports.key, key)
        return exports.open(aadLength, length)
      },
    }),
    wipe() {
      // Nothing was derived from the key that outlived a message.
    },
  })
}
