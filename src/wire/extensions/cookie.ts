import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'

/** What a HelloRetryRequest gave the client to bring back (RFC 8446 §4.2.2). */
export function readCookie(body: Uint8Array): Uint8Array {
  const from = new Reader(body)
  const cookie = from.sub16('cookie')
  from.end('cookie')
  if (cookie.remaining === 0) throw cookie.error('cookie', 'empty')
  return cookie.rest()
}

export function writeCookie(cookie: Uint8Array): Uint8Array {
  const out = new Writer()
  out.vector16(cookie)
  return out.finish()
}
