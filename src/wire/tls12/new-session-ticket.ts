import { Reader } from '../../bytes/reader.ts'
import type { Writer } from '../../bytes/writer.ts'

/** TLS 1.2's NewSessionTicket (RFC 5077 §3.3). */
export interface Tls12NewSessionTicket {
  /** Seconds; a hint. */
  readonly lifetimeHint: number
  readonly ticket: Uint8Array
}

export function writeTls12NewSessionTicket(out: Writer, { lifetimeHint, ticket }: Tls12NewSessionTicket): void {
  out.u32(lifetimeHint)
  out.vector16(ticket)
}

export function readTls12NewSessionTicket(bytes: Uint8Array): Tls12NewSessionTicket {
  const from = new Reader(bytes)
  const lifetimeHint = from.u32('ticket_lifetime_hint')
  const ticket = from.sub16('ticket').rest()
  from.end('NewSessionTicket')
  return { lifetimeHint, ticket }
}
