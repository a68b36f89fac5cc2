import { Reader } from '../../bytes/reader.ts'
import type { Writer } from '../../bytes/writer.ts'

/** TLS 1.2's Certificate: a chain, leaf first, and nothing else; a client may send none (RFC 5246 §7.4.2, §7.4.6). */
export function writeTls12Certificate(out: Writer, chain: readonly Uint8Array[]): void {
  out.prefixed24((list) => {
    for (const certificate of chain) list.prefixed24((data) => data.raw(certificate))
  })
}

export function readTls12Certificate(bytes: Uint8Array): Uint8Array[] {
  const from = new Reader(bytes)
  const list = from.sub24('certificate_list')
  from.end('Certificate')
  const chain: Uint8Array[] = []
  while (list.remaining > 0) {
    const data = list.sub24('ASN.1Cert')
    if (data.remaining === 0) throw data.error('ASN.1Cert', 'empty')
    chain.push(data.rest())
  }
  return chain
}
