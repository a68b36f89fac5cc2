import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'

/** Names of application_layer_protocol_negotiation (RFC 7301 §3.1), as bytes: they need not be text. */
export function readProtocolNames(body: Uint8Array): Uint8Array[] {
  const from = new Reader(body)
  const list = from.sub16('protocol_name_list')
  from.end('application_layer_protocol_negotiation')
  if (list.remaining < 2) throw list.error('protocol_name_list', 'empty')
  const names: Uint8Array[] = []
  while (list.remaining > 0) {
    const name = list.sub8('protocol_name')
    if (name.remaining === 0) throw name.error('protocol_name', 'empty')
    names.push(name.rest())
  }
  return names
}

export function writeProtocolNames(names: readonly Uint8Array[]): Uint8Array {
  const out = new Writer()
  out.prefixed16((list) => {
    for (const name of names) list.vector8(name)
  })
  return out.finish()
}
