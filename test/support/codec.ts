import assert from 'node:assert/strict'
import { DecodeError } from '../../src/bytes/decode-error.ts'

/** Wants every prefix of `bytes`, and `bytes` with one more, to be refused; `but` names lengths that are whole too. */
export function refusesOtherLengths(
  read: (bytes: Uint8Array) => unknown,
  bytes: Uint8Array,
  ...but: readonly number[]
): void {
  read(bytes)
  for (let length = 0; length < bytes.length; length++) {
    if (but.includes(length)) continue
    assert.throws(() => read(bytes.subarray(0, length)), DecodeError, `${length} of ${bytes.length} bytes`)
  }
  assert.throws(() => read(Uint8Array.of(...bytes, 0)), DecodeError, 'a byte too many')
}
