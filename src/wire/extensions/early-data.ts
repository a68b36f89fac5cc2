import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'

/** early_data of a ClientHello says all by being there (RFC 8446 §4.2.10). */
export function readEarlyData(body: Uint8Array): void {
  new Reader(body).end('early_data')
}

/** early_data of a NewSessionTicket says how many bytes of it the server would take (RFC 8446 §4.6.1). */
export function readMaxEarlyData(body: Uint8Array): number {
  const from = new Reader(body)
  const size = from.u32('max_early_data_size')
  from.end('early_data')
  return size
}

export function writeMaxEarlyData(size: number): Uint8Array {
  const out = new Writer()
  out.u32(size)
  return out.finish()
}
