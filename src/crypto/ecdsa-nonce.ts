import { concat, wipe } from '../bytes/arrays.ts'
import type { CryptoProvider, HashName } from './provider.ts'

/**
 * Candidates for an ECDSA nonce by RFC 6979 §3.2, with additional randomness as §3.6 allows: HMAC over key, digest and
 * fresh random bytes. A bad random source alone then repeats no nonce, nor does a glitch in the machine alone. Whoever
 * takes a candidate wipes it, and asks for the next one where it is not from 1 to n-1.
 *
 * `key` and `digest`, which is reduced modulo the order n, are as long as the hash, and so is n: qlen = hlen.
 */
export function* nonces(
  { hmac }: Pick<CryptoProvider, 'hmac'>,
  hash: HashName,
  key: Uint8Array,
  digest: Uint8Array,
  random: Uint8Array,
): Generator<Uint8Array, never> {
  let k: Uint8Array = new Uint8Array(key.length)
  let v: Uint8Array = new Uint8Array(key.length).fill(1)
  const advance = (...input: readonly Uint8Array[]): void => {
    const message = concat(v, ...input)
    const next = hmac(hash, k, message)
    wipe(k, message)
    k = next
    v = hmac(hash, k, v)
  }
  try {
    advance(Uint8Array.of(0), key, digest, random)
    advance(Uint8Array.of(1), key, digest, random)
    for (;;) {
      v = hmac(hash, k, v)
      yield v.slice()
      advance(Uint8Array.of(0))
    }
  } finally {
    wipe(k, v)
  }
}
