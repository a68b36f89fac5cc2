import { concat, wipe } from '../bytes/arrays.ts'
import { hashLength, type CryptoProvider, type HashName } from './provider.ts'

/** HKDF-Extract (RFC 5869 §2.2): a pseudorandom key, as long as the hash. */
export function extract(crypto: CryptoProvider, hash: HashName, salt: Uint8Array, input: Uint8Array): Uint8Array {
  return crypto.hmac(hash, salt, input)
}

/** HKDF-Expand (RFC 5869 §2.3): `length` bytes of output, at most 255 times the hash's length. */
export function expand(
  crypto: CryptoProvider,
  hash: HashName,
  key: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  if (length > 255 * hashLength[hash]) throw new RangeError(`HKDF-Expand: ${length} bytes asked, too many for ${hash}`)
  // A single block, which is all that TLS 1.3 ever asks for, is the output, or begins with it.
  if (length <= hashLength[hash]) {
    const block = crypto.hmac(hash, key, concat(info, firstCounter))
    if (length === block.length) return block
    const output = block.slice(0, length)
    wipe(block)
    return output
  }
  const output = new Uint8Array(length)
  let block: Uint8Array = new Uint8Array(0)
  for (let at = 0, counter = 1; at < length; at += block.length, counter++) {
    const input = concat(block, info, Uint8Array.of(counter))
    wipe(block)
    block = crypto.hmac(hash, key, input)
    wipe(input)
    output.set(block.subarray(0, length - at), at)
  }
  wipe(block)
  return output
}

const firstCounter = Uint8Array.of(1)
