import { Writer } from '../bytes/writer.ts'

/** A whole handshake message: its type, its body, and the bytes that go into the transcript (RFC 8446 §4). */
export interface HandshakeMessage {
  readonly type: number
  readonly body: Uint8Array
  readonly raw: Uint8Array
}

/** Length of the type and the 24-bit length before each body, in bytes. */
export const handshakeHeaderLength = 4

export function writeHandshake(type: number, body: (out: Writer) => void): Uint8Array {
  const out = new Writer()
  out.u8(type)
  out.prefixed24(body)
  return out.finish()
}
