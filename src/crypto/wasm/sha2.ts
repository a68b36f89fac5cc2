import { wipe } from '../../bytes/arrays.ts'
import { hashLength, type CryptoProvider, type Hash, type HashName } from '../provider.ts'
import type { Kernel, Pointer } from './kernel.ts'

/** What assembly/sha2.ts exports. `bits` is 256, 384 or 512. */
export interface Sha2 {
  readonly state: Pointer
  readonly key: Pointer
  readonly input: Pointer
  readonly capacity: number
  start(bits: number): void
  update(bits: number, length: number): void
  finish(bits: number, length: number, total: number): void
  hmac(bits: number, keyLength: number, length: number): void
  endMessage(bits: number, at: number, length: number): void
  hmacs(bits: number, keyLength: number, count: number): void
}

/** SHA-2 and HMAC. Between calls the kernel knows nothing: each running hash keeps its own chaining value. */
export function sha2(kernel: Kernel<Sha2>): Pick<CryptoProvider, 'hash' | 'hmac'> {
  return {
    hash: (name) => begin(kernel, name),
    hmac(name, key, message) {
      if (message.length > kernel.exports.capacity) return hmacInPieces(kernel, name, key, message)
      const { bits, blockLength } = shapes[name]
      // RFC 2104 §2: a key longer than a block is hashed first.
      const shortKey = key.length > blockLength ? digestOf(kernel, name, key) : key
      kernel.write(kernel.exports.key, shortKey)
      kernel.write(kernel.exports.input, message)
      kernel.exports.hmac(bits, shortKey.length, message.length)
      return takeDigest(kernel, name)
    },
  }
}

function begin(kernel: Kernel<Sha2>, name: HashName): RunningHash {
  const { bits, blockLength, chainLength } = shapes[name]
  kernel.exports.start(bits)
  return new RunningHash(kernel, name, kernel.read(kernel.exports.state, chainLength), new Uint8Array(blockLength), 0)
}

class RunningHash implements Hash {
  readonly #kernel: Kernel<Sha2>
  readonly #name: HashName
  /** The chaining value after all whole blocks. */
  readonly #chain: Uint8Array
  /** A block, of which the first bytes are those that do not fill one yet. */
  readonly #tail: Uint8Array
  #total: number

  constructor(kernel: Kernel<Sha2>, name: HashName, chain: Uint8Array, tail: Uint8Array, total: number) {
    this.#kernel = kernel
    this.#name = name
    this.#chain = chain
    this.#tail = tail
    this.#total = total
  }

  update(bytes: Uint8Array): void {
    const most = this.#kernel.exports.capacity - this.#tail.length
    if (bytes.length <= most) return this.#take(bytes)
    for (let at = 0; at < bytes.length; at += most) this.#take(bytes.subarray(at, at + most))
  }

  digest(): Uint8Array {
    const { exports } = this.#kernel
    this.#load()
    exports.finish(shapes[this.#name].bits, this.#held, this.#total)
    return takeDigest(this.#kernel, this.#name)
  }

  clone(): Hash {
    return new RunningHash(this.#kernel, this.#name, this.#chain.slice(), this.#tail.slice(), this.#total)
  }

  get #held(): number {
    return this.#total % this.#tail.length
  }

  #take(piece: Uint8Array): void {
    const { exports } = this.#kernel
    const held = this.#held
    this.#total += piece.length
    if (held + piece.length < this.#tail.length) return this.#tail.set(piece, held)
    this.#load(held)
    this.#kernel.write(exports.input, piece, held)
    exports.update(shapes[this.#name].bits, held + piece.length)
    this.#kernel.readInto(this.#chain, exports.state)
    this.#kernel.readInto(this.#tail, exports.input)
  }

  /** Puts what is held where the kernel looks for it. */
  #load(held = this.#held): void {
    this.#kernel.write(this.#kernel.exports.state, this.#chain)
    this.#kernel.write(this.#kernel.exports.input, this.#tail, 0, held)
  }
}

/** RFC 2104 §2, for a message that does not fit into the kernel at once. No record and no handshake message is that long. */
function hmacInPieces(kernel: Kernel<Sha2>, name: HashName, key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(shapes[name].blockLength)
  block.set(key.length > block.length ? digestOf(kernel, name, key) : key)
  const inner = digestOf(
    kernel,
    name,
    block.map((byte) => byte ^ 0x36),
    message,
  )
  const outer = digestOf(
    kernel,
    name,
    block.map((byte) => byte ^ 0x5c),
    inner,
  )
  wipe(block, inner)
  return outer
}

function digestOf(kernel: Kernel<Sha2>, name: HashName, ...parts: readonly Uint8Array[]): Uint8Array {
  const hash = begin(kernel, name)
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function takeDigest(kernel: Kernel<Sha2>, name: HashName): Uint8Array {
  const digest = kernel.read(kernel.exports.state, hashLength[name])
  kernel.wipe(kernel.exports.state, 64)
  return digest
}

/** SHA-384 is SHA-512 with another beginning and a shorter end. */
export const shapes = {
  'SHA-256': { bits: 256, blockLength: 64, chainLength: 32 },
  'SHA-384': { bits: 384, blockLength: 128, chainLength: 64 },
  'SHA-512': { bits: 512, blockLength: 128, chainLength: 64 },
} as const satisfies Record<HashName, object>
