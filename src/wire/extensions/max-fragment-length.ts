import { Reader } from '../../bytes/reader.ts'

/** max_fragment_length (RFC 6066 §4): 1 to 4 stand for 2^9 to 2^12 bytes, in both directions. */
export function readMaxFragmentLength(body: Uint8Array): number {
  const from = new Reader(body)
  const code = from.u8('MaxFragmentLength')
  from.end('max_fragment_length')
  return code
}

export function writeMaxFragmentLength(code: number): Uint8Array {
  return Uint8Array.of(code)
}
