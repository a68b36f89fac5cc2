import { Reader } from '../../bytes/reader.ts'

/** renegotiation_info: the verify_data of the handshake before, empty in a first one (RFC 5746 §3.2). */
export function readRenegotiationInfo(body: Uint8Array): Uint8Array {
  const from = new Reader(body)
  const connection = from.sub8('renegotiated_connection').rest()
  from.end('renegotiation_info')
  return connection
}

/** That of a first handshake. */
export function writeRenegotiationInfo(): Uint8Array {
  return Uint8Array.of(0)
}
