import { Reader } from '../bytes/reader.ts'
import type { Writer } from '../bytes/writer.ts'

/** CompressedCertificate (RFC 8879 §4): stands for a Certificate message, whose body it holds. */
export interface CompressedCertificate {
  readonly algorithm: number
  /** Of the body, in bytes. */
  readonly uncompressedLength: number
  readonly compressed: Uint8Array
}

export function readCompressedCertificate(bytes: Uint8Array): CompressedCertificate {
  const from = new Reader(bytes)
  const algorithm = from.u16('algorithm')
  const uncompressedLength = from.u24('uncompressed_length')
  const compressed = from.sub24('compressed_certificate_message')
  from.end('CompressedCertificate')
  if (compressed.remaining === 0) throw compressed.error('compressed_certificate_message', 'empty')
  return { algorithm, uncompressedLength, compressed: compressed.rest() }
}

export function writeCompressedCertificate(out: Writer, message: CompressedCertificate): void {
  out.u16(message.algorithm)
  out.u24(message.uncompressedLength)
  out.prefixed24((bytes) => bytes.raw(message.compressed))
}
