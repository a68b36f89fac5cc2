/**
 * Looks for private keys in what a program lets out: sixteen characters in a row of a key, in any form in which text can
 * carry it. Before the comparison both sides lose their line breaks, quotes, commas and case, so that it does not matter
 * how a form was wrapped, quoted or escaped.
 */

/** Bytes that nobody may see, with a name for the report. */
export interface Secret {
  readonly name: string
  readonly bytes: Uint8Array
}

/** Says where pieces of the secrets stand in a text, as `name as form`; nothing where there are none. */
export function keySearch(secrets: readonly Secret[]): (text: string) => string[] {
  const pieces = new Map<string, string>()
  for (const { name, bytes } of secrets)
    for (const [form, write] of Object.entries(forms))
      for (const text of write(Buffer.from(bytes)))
        for (const piece of windows(squeeze(text))) pieces.set(piece, `${name} as ${form}`)
  return (text) => {
    const found = new Set<string>()
    for (const window of windows(squeeze(text))) {
      const piece = pieces.get(window)
      if (piece !== undefined) found.add(piece)
    }
    return [...found]
  }
}

/** Each form that bytes take in a text. Base64 thrice: its letters depend on what stands before. */
export const forms = {
  text: (bytes) => [bytes.toString('latin1')],
  hex: (bytes) => [bytes.toString('hex')],
  base64: (bytes) => [0, 1, 2].map((skipped) => bytes.subarray(skipped).toString('base64')),
  base64url: (bytes) => [0, 1, 2].map((skipped) => bytes.subarray(skipped).toString('base64url')),
  'list of numbers': (bytes) => [bytes.join(', ')],
  'decimal number': (bytes) => [BigInt(`0x${bytes.toString('hex')}`).toString()],
} as const satisfies Record<string, (bytes: Buffer) => readonly string[]>

function squeeze(text: string): string {
  return (
    text
      .replaceAll(/\\+u([0-9a-f]{4})|%([0-9a-f]{2})/gi, (_, unit?: string, octet?: string) =>
        String.fromCharCode(Number.parseInt(unit ?? octet ?? '', 16)),
      )
      .replaceAll(/\\+[bfnrt]/g, '')
      // JSON writes a Uint8Array as an object: {"0":12,"1":34}
      .replaceAll(/"\d+":/g, '')
      .replaceAll('-', '+')
      .replaceAll('_', '/')
      // Letters and digits stay, and what base64 and Latin-1 have beside them.
      .replaceAll(/[^\w+/\u0080-\u00ff]/g, '')
      .toLowerCase()
  )
}

function* windows(text: string): Generator<string> {
  for (let at = 0; at + pieceLength <= text.length; at++) yield text.slice(at, at + pieceLength)
}

const pieceLength = 16
