import { DecodeError } from './decode-error.ts'

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

/** Bytes of a hex string; spaces and line ends between digits are allowed. */
export function fromHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, '')
  if (!/^([0-9a-fA-F]{2})*$/.test(digits)) throw new DecodeError('hex', 0, 'expected pairs of hex digits')
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16))
}
