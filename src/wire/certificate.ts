import { Reader } from '../bytes/reader.ts'
import type { Writer } from '../bytes/writer.ts'

/** Certificate (RFC 8446 §4.4.2), with an empty request context and without extensions, as a server sends it. */
export function writeCertificate(out: Writer, chain: readonly Uint8Array[]): void {
  out.prefixed8(() => undefined)
  out.prefixed24((list) => {
    for (const certificate of chain) {
      list.prefixed24((data) => data.raw(certificate))
      list.prefixed16(() => undefined)
    }
  })
}

export function readCertificate(bytes: Uint8Array): Uint8Array[] {
  const from = new Reader(bytes)
  from.sub8('certificate_request_context')
  const list = from.sub24('certificate_list')
  from.end('Certificate')
  const chain: Uint8Array[] = []
  while (list.remaining > 0) {
    chain.push(list.sub24('cert_data').rest())
    list.sub16('extensions')
  }
  return chain
}
