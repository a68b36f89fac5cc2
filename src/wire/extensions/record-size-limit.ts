import { Reader } from '../../bytes/reader.ts'
import { writeNumber } from './number-list.ts'

/** record_size_limit (RFC 8449 §4): the greatest plaintext of a protected record that its sender will take, in bytes. */
export function readRecordSizeLimit(body: Uint8Array): number {
  const from = new Reader(body)
  const limit = from.u16('RecordSizeLimit')
  from.end('record_size_limit')
  return limit
}

export function writeRecordSizeLimit(limit: number): Uint8Array {
  return writeNumber(limit)
}
