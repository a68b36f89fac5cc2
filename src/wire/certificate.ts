import { Reader } from '../bytes/reader.ts'
import type { Writer } from '../bytes/writer.ts'
import { readExtensions, type Extension } from './extension.ts'

/** Certificate as it is read (RFC 8446 §4.4.2). */
export interface CertificateMessage {
  /** Empty, but where it answers a CertificateRequest after the handshake. */
  readonly context: Uint8Array
  /** Leaf first; a client may send none. */
  readonly entries: readonly CertificateEntry[]
}

export interface CertificateEntry {
  /** DER that nobody has looked at yet. */
  readonly data: Uint8Array
  readonly extensions: readonly Extension[]
}

/** Writes a chain without extensions; `context` is that of the request it answers. */
export function writeCertificate(
  out: Writer,
  chain: readonly Uint8Array[],
  context: Uint8Array = new Uint8Array(0),
): void {
  out.vector8(context)
  out.prefixed24((list) => {
    for (const certificate of chain) {
      list.prefixed24((data) => data.raw(certificate))
      list.prefixed16(() => undefined)
    }
  })
}

export function readCertificate(bytes: Uint8Array): CertificateMessage {
  const from = new Reader(bytes)
  const context = from.sub8('certificate_request_context').rest()
  const list = from.sub24('certificate_list')
  from.end('Certificate')
  const entries: CertificateEntry[] = []
  while (list.remaining > 0) {
    const data = list.sub24('cert_data')
    if (data.remaining === 0) throw data.error('cert_data', 'empty')
    entries.push({ data: data.rest(), extensions: readExtensions(list) })
  }
  return { context, entries }
}
