import { concat, wipe } from '../bytes/arrays.ts'
import { hashLength, type CryptoProvider, type Expansion, type HashName } from './provider.ts'

/** HKDF-Extract (RFC 5869 §2.2): a pseudorandom key, as long as the hash. */
export function extract(crypto: CryptoProvider, hash: HashName, salt: Uint8Array, input: Uint8Array): Uint8Array {
  return crypto.hmac(hash, salt, input)
}

/** HKDF-Expand by HMACs one after the other, for a provider that knows no shorter way. */
export function expandBy(hmac: CryptoProvider['hmac']): CryptoProvider['expand'] {
  return (hash, key, outputs) => {
    checkExpansions(hash, key, outputs)
    return outputs.map((output) => expandOne(hmac, hash, key, output))
  }
}

/** What RFC 5869 §2.3 asks of the key and of each length. */
export function checkExpansions(hash: HashName, key: Uint8Array, outputs: readonly Expansion[]): void {
  const block = hashLength[hash]
  if (key.length < block) throw new RangeError(`HKDF-Expand: a key of ${key.length} bytes, too short for ${hash}`)
  for (const { length } of outputs)
    if (length > 255 * block) throw new RangeError(`HKDF-Expand: ${length} bytes asked, too many for ${hash}`)
}

function expandOne(
  hmac: CryptoProvider['hmac'],
  hash: HashName,
  key: Uint8Array,
  { info, length }: Expansion,
): Uint8Array {
  let block = hmac(hash, key, concat(info, firstCounter))
  // A single block, which is all that TLS 1.3 ever asks for, is the output, or begins with it.
  if (length === block.length) return block
  if (length < block.length) {
    const output = block.slice(0, length)
    wipe(block)
    return output
  }
  const output = new Uint8Array(length)
  output.set(block)
  for (let at = block.length, counter = 2; at < length; at += block.length, counter++) {
    const input = concat(block, info, Uint8Array.of(counter))
    wipe(block)
    block = hmac(hash, key, input)
    wipe(input)
    output.set(block.subarray(0, length - at), at)
  }
  wipe(block)
  return output
}

const firstCounter = Uint8Array.of(1)
