import { fromHex } from '../bytes/hex.ts'
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
export const retryRandom = fromHex('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c')

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
