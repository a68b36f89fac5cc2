import { checkExpansions, expandBy } from '../hkdf.ts'
import { hashLength, type CryptoProvider, type Expansion, type HashName } from '../provider.ts'
import type { Kernel } from './kernel.ts'
import { shapes, type Sha2 } from './sha2.ts'

/**
 * HKDF-Expand (RFC 5869 §2.3). Where all outputs are as short as TLS 1.3 wants them, their HMACs go through the kernel
 * together, in the lanes of vectors: four take little longer than one. Others come one after the other.
 */
export function hkdfExpand(kernel: Kernel<Sha2>, hmac: CryptoProvider['hmac']): CryptoProvider['expand'] {
  const oneByOne = expandBy(hmac)
  return (name, key, outputs) => {
    const { blockLength } = shapes[name]
    const fit = key.length <= blockLength && outputs.length * blockLength <= kernel.exports.capacity
    if (!fit || !outputs.every((output) => isShort(name, output))) return oneByOne(name, key, outputs)
    checkExpansions(name, key, outputs)
    return together(kernel, name, key, outputs)
  }
}

/** Whether it takes one HMAC, whose message ends in its first block: SHA-2's padding has a byte, and a length of two words. */
function isShort(name: HashName, { info, length }: Expansion): boolean {
  const { blockLength } = shapes[name]
  return length <= hashLength[name] && info.length + firstCounter.length + 1 + blockLength / 8 <= blockLength
}

function together(kernel: Kernel<Sha2>, name: HashName, key: Uint8Array, outputs: readonly Expansion[]): Uint8Array[] {
  const { exports } = kernel
  const { bits, blockLength } = shapes[name]
  kernel.write(exports.key, key)
  let at = 0
  for (const { info } of outputs) {
    kernel.write(exports.input, info, at)
    kernel.write(exports.input, firstCounter, at + info.length)
    exports.endMessage(bits, at, info.length + firstCounter.length)
    at += blockLength
  }
  exports.hmacs(bits, key.length, outputs.length)
  const made: Uint8Array[] = []
  at = 0
  for (const { length } of outputs) {
    made.push(kernel.read(exports.input, length, at))
    at += blockLength
  }
  kernel.wipe(exports.input, at)
  return made
}

const firstCounter = Uint8Array.of(1)
