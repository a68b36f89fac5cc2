import { Reader } from '../bytes/reader.ts'
import type { Writer } from '../bytes/writer.ts'
import { readExtensions, writeExtensions, type Extension } from './extension.ts'

/** ServerHello, and HelloRetryRequest with its special random (RFC 8446 §4.1.3, §4.1.4). */
export interface ServerHello {
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly cipherSuite: number
  readonly extensions: readonly Extension[]
}

/** SHA-256 of "HelloRetryRequest": the random that makes a ServerHello a retry request. */
export const retryRandom = Uint8Array.of(
  ...[0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91],
  ...[0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c],
)

export function writeServerHello(out: Writer, hello: ServerHello): void {
  out.u16(0x0303)
  out.raw(hello.random)
  out.prefixed8((session) => session.raw(hello.sessionId))
  out.u16(hello.cipherSuite)
  out.u8(0) // legacy_compression_method
  writeExtensions(out, hello.extensions)
}

export function readServerHello(bytes: Uint8Array): ServerHello {
  const from = new Reader(bytes)
  from.u16('legacy_version')
  const random = from.take('random', 32)
  const sessionId = from.sub8('legacy_session_id_echo').rest()
  const cipherSuite = from.u16('cipher_suite')
  from.u8('legacy_compression_method')
  const extensions = readExtensions(from)
  from.end('ServerHello')
  return { random, sessionId, cipherSuite, extensions }
}
