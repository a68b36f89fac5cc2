import { concat } from '../../../bytes/arrays.ts'
import type { HashName } from '../../provider.ts'

/**
 * EMSA-PKCS1-v1_5 (RFC 8017 §9.2), or undefined where the modulus is too short for it. A verifier makes the encoding and
 * compares it whole: there is no padding to parse, and so none to parse wrongly.
 */
export function pkcs1Encode(name: HashName, digest: Uint8Array, length: number): Uint8Array | undefined {
  const info = concat(digestInfo[name], digest)
  if (length < info.length + 11) return undefined
  return concat(Uint8Array.of(0, 1), new Uint8Array(length - info.length - 3).fill(0xff), Uint8Array.of(0), info)
}

// DER of DigestInfo up to the digest (RFC 8017 §9.2, note 1).
const digestInfo: Record<HashName, Uint8Array> = {
  'SHA-256': Uint8Array.of(0x30, 0x31, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1, 5, 0, 4, 0x20),
  'SHA-384': Uint8Array.of(0x30, 0x41, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0, 4, 0x30),
  'SHA-512': Uint8Array.of(0x30, 0x51, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3, 5, 0, 4, 0x40),
}
