import { Reader } from '../bytes/reader.ts'
import type { Writer } from '../bytes/writer.ts'
import { readExtensions, writeExtensions, type Extension } from './extension.ts'

/** EncryptedExtensions (RFC 8446 §4.3.1): what a server answers to the hello's extensions, under the handshake key. */
export function readEncryptedExtensions(bytes: Uint8Array): Extension[] {
  const from = new Reader(bytes)
  const extensions = readExtensions(from)
  from.end('EncryptedExtensions')
  return extensions
}

export function writeEncryptedExtensions(out: Writer, extensions: readonly Extension[]): void {
  writeExtensions(out, extensions)
}
