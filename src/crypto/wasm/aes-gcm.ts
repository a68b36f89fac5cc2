import type { Cipher } from '../aead.ts'
import { Contexts } from './contexts.ts'
import type { Kernel } from './kernel.ts'
import { messages, type MessageExports } from './message.ts'

/** What assembly/aes-gcm.ts exports. */
export interface AesGcm extends MessageExports {
  readonly contextCount: WebAssembly.Global<number>
  expand(context: number, keyLength: number): void
  forget(context: number): void
  seal(context: number, aadLength: number, length: number): void
  open(context: number, aadLength: number, length: number): number
}

/** AES-GCM, with keys of 16 or 32 bytes. */
export function aesGcm(kernel: Kernel<AesGcm>): (key: Uint8Array) => Cipher {
  const { exports } = kernel
  const contexts = new Contexts(exports.contextCount.value)
  return (key) => {
    let context = -1
    /** The context with the expanded key: the one from last time, if nobody took it meanwhile. */
    function expanded(): number {
      if (contexts.use(context, key)) return context
      context = contexts.take(key)
      kernel.write(exports.key, key)
      exports.expand(context, key.length)
      return context
    }
    return {
      ...messages(kernel, {
        seal: (aadLength, length) => exports.seal(expanded(), aadLength, length),
        open: (aadLength, length) => exports.open(expanded(), aadLength, length),
      }),
      wipe() {
        if (contexts.release(context, key)) exports.forget(context)
      },
    }
  }
}
