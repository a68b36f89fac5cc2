import { Reader } from '../../bytes/reader.ts'

/** ECPointFormat uncompressed: the only one left (RFC 8422 §5.1.2). */
export const uncompressed = 0

/** ec_point_formats: how the sender can read points of a NIST curve (RFC 8422 §5.1.2). */
export function readPointFormats(body: Uint8Array): Uint8Array {
  const from = new Reader(body)
  const list = from.sub8('ec_point_format_list')
  from.end('ec_point_formats')
  if (list.remaining === 0) throw list.error('ec_point_format_list', 'empty')
  return list.rest()
}

export function writePointFormats(formats: readonly number[]): Uint8Array {
  return Uint8Array.of(formats.length, ...formats)
}
