import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'

/** ServerKeyExchange of an ECDHE suite (RFC 8422 §5.4): the server's share of a named group, signed. */
export interface ServerKeyExchange {
  readonly group: number
  readonly point: Uint8Array
  readonly scheme: number
  readonly signature: Uint8Array
}

/** ServerECDHParams, the part that the signature covers, behind the two randoms. */
export function writeEcdhParams(group: number, point: Uint8Array): Uint8Array {
  const out = new Writer()
  out.u8(namedCurve)
  out.u16(group)
  out.vector8(point)
  return out.finish()
}

export function writeServerKeyExchange(out: Writer, { group, point, scheme, signature }: ServerKeyExchange): void {
  out.raw(writeEcdhParams(group, point))
  out.u16(scheme)
  out.vector16(signature)
}

export function readServerKeyExchange(bytes: Uint8Array): ServerKeyExchange {
  const from = new Reader(bytes)
  const type = from.u8('curve_type')
  if (type !== namedCurve) throw from.error('curve_type', `${type}, expected named_curve`)
  const group = from.u16('namedcurve')
  const point = from.sub8('public').rest()
  const scheme = from.u16('algorithm')
  const signature = from.sub16('signature').rest()
  from.end('ServerKeyExchange')
  return { group, point, scheme, signature }
}

const namedCurve = 3
