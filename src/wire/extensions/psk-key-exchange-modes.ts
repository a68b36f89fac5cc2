import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'

/** psk_dhe_ke: the pre-shared key with a key exchange beside it. */
export const pskDheKe = 1

/** How the client would use a pre-shared key: alone (0), or with a key exchange (1) (RFC 8446 §4.2.9). */
export function readPskModes(body: Uint8Array): Uint8Array {
  const from = new Reader(body)
  const modes = from.sub8('ke_modes')
  from.end('psk_key_exchange_modes')
  if (modes.remaining === 0) throw modes.error('ke_modes', 'empty')
  return modes.rest()
}

export function writePskModes(modes: Uint8Array): Uint8Array {
  const out = new Writer()
  out.vector8(modes)
  return out.finish()
}
