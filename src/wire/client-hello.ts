import { Reader } from '../bytes/reader.ts'
import type { Writer } from '../bytes/writer.ts'
import { readExtensions, writeExtensions, type Extension } from './extension.ts'

/** ClientHello (RFC 8446 §4.1.2). */
export interface ClientHello {
  readonly legacyVersion: number
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly cipherSuites: readonly number[]
  readonly compressionMethods: Uint8Array
  /** In the order of the message. Empty where the block is missing, as old clients may have it. */
  readonly extensions: readonly Extension[]
}

export function readClientHello(bytes: Uint8Array): ClientHello {
  const from = new Reader(bytes)
  const legacyVersion = from.u16('legacy_version')
  const random = from.take('random', 32)
  const session = from.sub8('legacy_session_id')
  if (session.remaining > 32) throw session.error('legacy_session_id', `${session.remaining} bytes, at most 32 allowed`)
  const suites = from.sub16('cipher_suites')
  if (suites.remaining < 2) throw suites.error('cipher_suites', 'empty')
  const cipherSuites: number[] = []
  while (suites.remaining > 0) cipherSuites.push(suites.u16('cipher_suite'))
  const compression = from.sub8('legacy_compression_methods')
  if (compression.remaining < 1) throw compression.error('legacy_compression_methods', 'empty')
  const compressionMethods = compression.rest()
  const extensions = from.remaining > 0 ? readExtensions(from) : []
  from.end('ClientHello')
  return { legacyVersion, random, sessionId: session.rest(), cipherSuites, compressionMethods, extensions }
}

export function writeClientHello(out: Writer, hello: ClientHello): void {
  out.u16(hello.legacyVersion)
  out.raw(hello.random)
  out.vector8(hello.sessionId)
  out.prefixed16((suites) => {
    for (const suite of hello.cipherSuites) suites.u16(suite)
  })
  out.vector8(hello.compressionMethods)
  writeExtensions(out, hello.extensions)
}
