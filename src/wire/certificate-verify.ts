import { Reader } from '../bytes/reader.ts'
import type { Writer } from '../bytes/writer.ts'

/** CertificateVerify (RFC 8446 §4.4.3): a signature over the transcript. */
export interface CertificateVerify {
  readonly scheme: number
  readonly signature: Uint8Array
}

export function writeCertificateVerify(out: Writer, { scheme, signature }: CertificateVerify): void {
  out.u16(scheme)
  out.vector16(signature)
}

export function readCertificateVerify(bytes: Uint8Array): CertificateVerify {
  const from = new Reader(bytes)
  const message = { scheme: from.u16('algorithm'), signature: from.sub16('signature').rest() }
  from.end('CertificateVerify')
  return message
}
