import { Reader } from '../bytes/reader.ts'
import type { Writer } from '../bytes/writer.ts'

/** KeyUpdate (RFC 8446 §4.6.3): 0 tells of fresh keys, 1 asks the peer for fresh ones too. */
export interface KeyUpdate {
  readonly request: number
}

export function readKeyUpdate(bytes: Uint8Array): KeyUpdate {
  const from = new Reader(bytes)
  const request = from.u8('request_update')
  from.end('KeyUpdate')
  return { request }
}

export function writeKeyUpdate(out: Writer, { request }: KeyUpdate): void {
  out.u8(request)
}
