import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'

/** certificate_authorities (RFC 8446 §4.2.4): the DER-encoded names of those whose certificates are believed, at least one. */
export function readCertificateAuthorities(body: Uint8Array): Uint8Array[] {
  const from = new Reader(body)
  const list = from.sub16('authorities')
  from.end('certificate_authorities')
  if (list.remaining === 0) throw list.error('authorities', 'empty')
  const names: Uint8Array[] = []
  while (list.remaining > 0) {
    const name = list.sub16('DistinguishedName')
    if (name.remaining === 0) throw name.error('DistinguishedName', 'empty')
    names.push(name.rest())
  }
  return names
}

export function writeCertificateAuthorities(names: readonly Uint8Array[]): Uint8Array {
  const out = new Writer()
  out.prefixed16((list) => {
    for (const name of names) list.vector16(name)
  })
  return out.finish()
}
