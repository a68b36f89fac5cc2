import { unsafe } from '@noble/ciphers/aes.js'
import { concat, equalConstantTime } from '../../bytes/arrays.ts'
import type { Cipher } from '../aead.ts'
import { tagLength } from '../provider.ts'
import { HashKey } from './ghash.ts'

/**
 * AES-GCM (NIST SP 800-38D) for many records under one key: @noble's AES in counter mode, and a GHASH of ours. @noble's
 * own `gcm` is made for one message: it expands the key and builds a table of the hash key each time, which is most of
 * its work on a short record, and which a connection needs to do once.
 *
 * GHASH has no table either, so no address in it depends on the hash key (ghash.ts). @noble's AES does look bytes up in
 * tables: whoever shares a core's cache with us should be given ChaCha20-Poly1305, which has none.
 */
export function gcm(key: Uint8Array): Cipher {
  const schedule = unsafe.expandKeyLE(key)
  const hashKey = new HashKey(encryptBlock(schedule, new Uint8Array(16)))

  /** Counter mode from the block after `nonce | 1`; that block itself masks the tag (§7.1). */
  function crypt(nonce: Uint8Array, input: Uint8Array): Uint8Array {
    // The library reads words, and so needs its input at a multiple of four.
    const aligned = input.byteOffset % 4 === 0 ? input : Uint8Array.from(input)
    return unsafe.ctr32(schedule, false, concat(nonce, Uint8Array.of(0, 0, 0, 2)), aligned)
  }

  function tagOf(nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    const tag = hashKey.hash(aad, ciphertext)
    const mask = encryptBlock(schedule, concat(nonce, Uint8Array.of(0, 0, 0, 1)))
    for (let i = 0; i < tagLength; i++) tag[i] = (tag[i] as number) ^ (mask[i] as number)
    return tag
  }

  return {
    sealInto(target, nonce, aad, text, tail) {
      const ciphertext = crypt(nonce, concat(text, tail))
      target.set(ciphertext)
      target.set(tagOf(nonce, aad, ciphertext), ciphertext.length)
    },
    openInto(target, nonce, aad, sealed) {
      const ciphertext = sealed.subarray(0, sealed.length - tagLength)
      const expected = tagOf(nonce, aad, ciphertext)
      if (!equalConstantTime(expected, sealed.subarray(ciphertext.length))) return false
      target.set(crypt(nonce, ciphertext))
      return true
    },
    wipe() {
      schedule.fill(0)
      hashKey.wipe()
    },
  }
}

function encryptBlock(schedule: Uint32Array, block: Uint8Array): Uint8Array {
  return unsafe.ctr32(schedule, false, block, new Uint8Array(16))
}
