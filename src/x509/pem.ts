import { decodeBase64 } from '../bytes/base64.ts'
import { IssueError } from './issue.ts'

/** One PEM block (RFC 7468): its label, and the bytes between its lines. */
export interface PemBlock {
  readonly label: string
  readonly der: Uint8Array
}

/** All blocks of a text, in order; what stands between blocks is ignored, as RFC 7468 §2 allows. Throws IssueError. */
export function parsePem(text: string): PemBlock[] {
  const blocks: PemBlock[] = []
  const lines = text.split(/\r\n|\n|\r/)
  let open: { label: string; line: number; body: string[] } | undefined
  for (const [i, line] of lines.entries()) {
    const begin = /^-----BEGIN ([A-Z0-9 ]+)-----\s*$/.exec(line)
    const end = /^-----END ([A-Z0-9 ]+)-----\s*$/.exec(line)
    if (begin?.[1] !== undefined) {
      if (open !== undefined)
        throw malformed(`line ${i + 1} begins ${begin[1]} inside the ${open.label} of line ${open.line}`)
      open = { label: begin[1], line: i + 1, body: [] }
    } else if (end?.[1] !== undefined) {
      if (open === undefined) throw malformed(`line ${i + 1} ends ${end[1]}, which nothing began`)
      if (open.label !== end[1])
        throw malformed(`line ${i + 1} ends ${end[1]}, but line ${open.line} began ${open.label}`)
      blocks.push({ label: open.label, der: decode(open) })
      open = undefined
    } else open?.body.push(line.trim())
  }
  if (open !== undefined) throw malformed(`the ${open.label} that line ${open.line} begins has no end`)
  return blocks
}

function decode({ label, line, body }: { label: string; line: number; body: readonly string[] }): Uint8Array {
  if (body.some((text) => text.includes(':'))) {
    // RFC 1421 headers: only old encrypted keys have them.
    throw new IssueError('UnsupportedKey', `the ${label} of line ${line} is encrypted; store it without a passphrase`)
  }
  const base64 = body.join('')
  if (base64 === '' || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64))
    throw malformed(`the ${label} of line ${line} is not base64`)
  return decodeBase64(base64)
}

function malformed(message: string): IssueError {
  return new IssueError('MalformedPEM', message)
}
