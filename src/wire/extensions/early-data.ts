import { Reader } from '../../bytes/reader.ts'

/** early_data of a ClientHello says all by being there (RFC 8446 §4.2.10). */
export function readEarlyData(body: Uint8Array): void {
  new Reader(body).end('early_data')
}
