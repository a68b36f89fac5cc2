import type { CryptoProvider, Hash, HashName } from '../crypto/provider.ts'
import { handshakeType } from '../wire/code-points.ts'
import { writeHandshake } from '../wire/handshake.ts'

/** The hash over all handshake messages (RFC 8446 §4.4.1). */
export class Transcript {
  readonly #hash: Hash
  /** Of all that was added: two secrets in a row may ask for the same. */
  #digest: Uint8Array | undefined

  constructor(crypto: CryptoProvider, name: HashName) {
    this.#hash = crypto.hash(name)
  }

  add(message: Uint8Array): void {
    this.#hash.update(message)
    this.#digest = undefined
  }

  /** Public, and not the caller's to change. */
  digest(): Uint8Array {
    return (this.#digest ??= this.#hash.digest())
  }
}

/** The same at once, over messages that were kept. */
export function hashOf(crypto: CryptoProvider, name: HashName, messages: readonly Uint8Array[]): Uint8Array {
  const hash = crypto.hash(name)
  for (const message of messages) hash.update(message)
  return hash.digest()
}

/** After a HelloRetryRequest, the first ClientHello stands in the transcript as its hash only (RFC 8446 §4.4.1). */
export function messageHash(crypto: CryptoProvider, name: HashName, clientHello: Uint8Array): Uint8Array {
  const hash = crypto.hash(name)
  hash.update(clientHello)
  return writeHandshake(handshakeType.messageHash, (out) => out.raw(hash.digest()))
}
