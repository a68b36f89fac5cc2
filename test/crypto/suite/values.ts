/** What several parts of the suite speak of. */
import assert from 'node:assert/strict'
import { toHex } from '../../../src/bytes/hex.ts'
import type { CurveName, HashName } from '../../../src/crypto/provider.ts'

export const hashNames = ['SHA-256', 'SHA-384', 'SHA-512'] as const satisfies HashName[]

export const curveNames = ['P-256', 'P-384'] as const satisfies CurveName[]

export const orders = {
  'P-256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  'P-384': 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
} as const

export const badScalars: Readonly<Record<CurveName, readonly string[]>> = {
  'P-256': ['00'.repeat(32), orders['P-256'].toString(16), 'ff'.repeat(32), '01', '', `00${'11'.repeat(32)}`],
  'P-384': ['00'.repeat(48), orders['P-384'].toString(16), 'ff'.repeat(48), '01', '', `00${'11'.repeat(48)}`],
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function range(from: number, to: number): string {
  return toHex(Uint8Array.from({ length: to - from }, (_, i) => from + i))
}

export function* bitFlips(bytes: Uint8Array): Generator<Uint8Array> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Uint8Array.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
    yield flipped
  }
}

/** Asserts that it throws, and that neither message, stack, cause nor any other field says what must not be said. */
export function assertRefusal(act: () => unknown, secret: RegExp, kind: new (message: string) => Error = Error): void {
  let thrown: unknown
  try {
    act()
  } catch (error) {
    thrown = error
  }
  assert.ok(thrown instanceof kind, `expected a ${kind.name}`)
  const fields = Object.getOwnPropertyNames(thrown).map((name) =>
    String((thrown as unknown as Record<string, unknown>)[name]),
  )
  assert.doesNotMatch([thrown.message, thrown.stack ?? '', ...fields].join('\n'), secret)
}
