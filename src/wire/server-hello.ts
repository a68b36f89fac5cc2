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

/** The end of the random of a server that speaks TLS 1.3 and has to answer in TLS 1.2: "DOWNGRD" and 1 (RFC 8446 §4.1.3). */
export const downgradeSentinel = fromHex('444f574e47524401')

/** That, and the one of servers that answer in TLS 1.1 or older, which a client of 1.3 looks for too. */
export const downgradeSentinels = [downgradeSentinel, fromHex('444f574e47524400')] as const

export function writeServerHello(out: Writer, hello: ServerHello): void {
  out.u16(0x0303)
  out.raw(hello.random)
  out.vector8(hello.sessionId)
  out.u16(hello.cipherSuite)
  out.u8(0) // legacy_compression_method
  // RFC 5246 §7.4.1.3: a client without extensions may not know of the block.
  if (hello.extensions.length > 0) writeExtensions(out, hello.extensions)
}

/** What a client has to look at besides: numbers that are always the same where the server is in order. */
export interface ReceivedServerHello extends ServerHello {
  readonly legacyVersion: number
  readonly compressionMethod: number
}

export function readServerHello(bytes: Uint8Array): ReceivedServerHello {
  const from = new Reader(bytes)
  const legacyVersion = from.u16('legacy_version')
  const random = from.take('random', 32)
  const session = from.sub8('legacy_session_id_echo')
  if (session.remaining > 32)
    throw session.error('legacy_session_id_echo', `${session.remaining} bytes, at most 32 allowed`)
  const cipherSuite = from.u16('cipher_suite')
  const compressionMethod = from.u8('legacy_compression_method')
  // A server of TLS 1.2 or older may leave the block out (RFC 5246 §7.4.1.3).
  const extensions = from.remaining > 0 ? readExtensions(from) : []
  from.end('ServerHello')
  return { legacyVersion, random, sessionId: session.rest(), cipherSuite, compressionMethod, extensions }
}
