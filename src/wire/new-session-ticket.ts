import { Reader } from '../bytes/reader.ts'
import type { Writer } from '../bytes/writer.ts'
import { readExtensions, writeExtensions, type Extension } from './extension.ts'

/** NewSessionTicket of TLS 1.3 (RFC 8446 §4.6.1): something to resume with later. */
export interface NewSessionTicket {
  /** In seconds, from when it was given out. */
  readonly lifetime: number
  /** Added to the ticket's age in milliseconds, modulo 2^32, so that a watcher cannot link two connections. */
  readonly ageAdd: number
  /** Makes this ticket's key another than that of the connection's other tickets. */
  readonly nonce: Uint8Array
  readonly ticket: Uint8Array
  readonly extensions: readonly Extension[]
}

export function readNewSessionTicket(bytes: Uint8Array): NewSessionTicket {
  const from = new Reader(bytes)
  const lifetime = from.u32('ticket_lifetime')
  const ageAdd = from.u32('ticket_age_add')
  const nonce = from.sub8('ticket_nonce').rest()
  const ticket = from.sub16('ticket')
  if (ticket.remaining === 0) throw ticket.error('ticket', 'empty')
  const extensions = readExtensions(from)
  from.end('NewSessionTicket')
  return { lifetime, ageAdd, nonce, ticket: ticket.rest(), extensions }
}

export function writeNewSessionTicket(out: Writer, message: NewSessionTicket): void {
  out.u32(message.lifetime)
  out.u32(message.ageAdd)
  out.vector8(message.nonce)
  out.vector16(message.ticket)
  writeExtensions(out, message.extensions)
}
