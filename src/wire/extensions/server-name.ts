import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'

/** One ServerName (RFC 6066 §3); type 0 is host_name, the only one ever defined. */
export interface ServerName {
  readonly type: number
  readonly name: Uint8Array
}

export function readServerNames(body: Uint8Array): ServerName[] {
  const from = new Reader(body)
  const list = from.sub16('server_name_list')
  from.end('server_name')
  if (list.remaining === 0) throw list.error('server_name_list', 'empty')
  const names: ServerName[] = []
  while (list.remaining > 0) {
    const type = list.u8('name_type')
    const host = list.sub16('host_name')
    if (host.remaining === 0) throw host.error('host_name', 'empty')
    names.push({ type, name: host.rest() })
  }
  return names
}

export function writeServerNames(names: readonly ServerName[]): Uint8Array {
  const out = new Writer()
  out.prefixed16((list) => {
    for (const { type, name } of names) {
      list.u8(type)
      list.vector16(name)
    }
  })
  return out.finish()
}
