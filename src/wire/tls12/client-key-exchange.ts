import { Reader } from '../../bytes/reader.ts'
import type { Writer } from '../../bytes/writer.ts'

/** ClientKeyExchange of an ECDHE suite (RFC 8422 §5.7): the client's share, alone. */
export interface ClientKeyExchange {
  readonly point: Uint8Array
}

export function readClientKeyExchange(bytes: Uint8Array): ClientKeyExchange {
  const from = new Reader(bytes)
  const point = from.sub8('ecdh_Yc')
  from.end('ClientKeyExchange')
  if (point.remaining === 0) throw point.error('ecdh_Yc', 'empty')
  return { point: point.rest() }
}

export function writeClientKeyExchange(out: Writer, { point }: ClientKeyExchange): void {
  out.vector8(point)
}
