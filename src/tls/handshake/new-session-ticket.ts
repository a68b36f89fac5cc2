import { concat, wipe } from '../../bytes/arrays.ts'
import { Reader } from '../../bytes/reader.ts'
import { handshakeType } from '../../wire/code-points.ts'
import { writeHandshake } from '../../wire/handshake.ts'
import { writeNewSessionTicket } from '../../wire/new-session-ticket.ts'
import type { ServerConfig } from '../config.ts'
import { ticketPsks } from '../key-schedule.ts'
import { sealSession } from '../resumption.ts'
import type { SessionTerms } from '../session.ts'
import type { Suite } from '../suites.ts'

/** What all tickets of one connection say, and how many of them it gives out. */
export interface TicketPlan extends SessionTerms<Suite> {
  readonly count: number
}

/**
 * NewSessionTicket messages (RFC 8446 §4.6.1), each with a PSK of its own, so that a client can use each once and nobody
 * who watches can tell that two connections are of one client. Without max_early_data_size: there is no 0-RTT here.
 */
export function newSessionTickets(plan: TicketPlan, resumption: Uint8Array, config: ServerConfig): Uint8Array {
  const nonces = Array.from({ length: plan.count }, (_, i) => Uint8Array.of(i))
  const psks = ticketPsks(config.crypto, plan.suite.hash, resumption, nonces)
  // One for each nonce.
  const tickets = nonces.map((nonce, i) => newSessionTicket(plan, nonce, psks[i] as Uint8Array, config))
  wipe(...psks)
  return concat(...tickets)
}

function newSessionTicket(plan: TicketPlan, nonce: Uint8Array, psk: Uint8Array, config: ServerConfig): Uint8Array {
  const sealed = sealSession('TLSv1.3', { ...plan, secret: psk }, config)
  if (sealed === undefined) return new Uint8Array(0)
  const { ticket, lifetimeSeconds: lifetime } = sealed
  const ageAdd = new Reader(config.random(4)).u32('ticket_age_add')
  return writeHandshake(handshakeType.newSessionTicket, (out) =>
    writeNewSessionTicket(out, { lifetime, ageAdd, nonce, ticket, extensions: [] }),
  )
}
