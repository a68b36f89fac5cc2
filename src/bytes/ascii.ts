/**
 * Text of nothing but ASCII, as host names are. TextEncoder and TextDecoder know all of Unicode, and take some five times as
 * long for so few bytes.
 */

/** Throws RangeError for anything else. */
export function encodeAscii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < bytes.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x80) throw new RangeError(`character ${i} is not ASCII: ${code}`)
    bytes[i] = code
  }
  return bytes
}

/** Bytes beyond ASCII become other letters, and match nothing. */
export function decodeAscii(bytes: Uint8Array): string {
  let text = ''
  // One by one: a spread takes longer even for a few, and ends at some 100 000 arguments.
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
