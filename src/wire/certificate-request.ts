import { Reader } from '../bytes/reader.ts'
import type { Writer } from '../bytes/writer.ts'
import { readExtensions, writeExtensions, type Extension } from './extension.ts'

/** CertificateRequest (RFC 8446 §4.3.2): a server asks the client for a certificate; what kind, the extensions say. */
export interface CertificateRequest {
  /** Empty within the handshake. */
  readonly context: Uint8Array
  readonly extensions: readonly Extension[]
}

export function readCertificateRequest(bytes: Uint8Array): CertificateRequest {
  const from = new Reader(bytes)
  const context = from.sub8('certificate_request_context').rest()
  const extensions = readExtensions(from)
  from.end('CertificateRequest')
  return { context, extensions }
}

export function writeCertificateRequest(out: Writer, { context, extensions }: CertificateRequest): void {
  out.vector8(context)
  writeExtensions(out, extensions)
}
