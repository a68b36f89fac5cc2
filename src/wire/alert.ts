import type { Reader } from '../bytes/reader.ts'

/** Alert (RFC 8446 §6). The level is kept for the log; TLS 1.3 derives severity from the description. */
export interface Alert {
  readonly level: number
  readonly description: number
}

export function readAlert(body: Reader): Alert {
  const alert = { level: body.u8('alert level'), description: body.u8('alert description') }
  body.end('alert')
  return alert
}

export function writeAlert({ level, description }: Alert): Uint8Array {
  return Uint8Array.of(level, description)
}
