import { concat, wipe } from '../../bytes/arrays.ts'
import { Reader } from '../../bytes/reader.ts'
import { handshakeType } from '../../wire/code-points.ts'
import { writeHandshake } from '../../wire/handshake.ts'
import { writeNewSessionTicket } from '../../wire/new-session-ticket.ts'
import { maxTicketLifetimeSeconds, type ServerConfig } from '../config.ts'
import { ticketPsk } from '../key-schedule.ts'
import { writeSession, type Session } from './session.ts'

/** What all tickets of one connection say, and how many of them it gives out. */
export interface TicketPlan extends Omit<Session, 'psk' | 'issuedAtMs' | 'lifetimeSeconds'> {
  readonly count: number
}

/**
 * NewSessionTicket messages (RFC 8446 §4.6.1), each with a PSK of its own, so that a client can use each once and nobody
 * who watches can tell that two connections are of one client. Without max_early_data_size: there is no 0-RTT here.
 */
export function newSessionTickets(plan: TicketPlan, resumption: Uint8Array, config: ServerConfig): Uint8Array {
  const now = config.now()
  const lifetimeSeconds = lifetime(plan, now, config)
  if (lifetimeSeconds < 1 || (plan.client?.leaf.length ?? 0) > maxLeaf) return new Uint8Array(0)
  const tickets = Array.from({ length: plan.count }, (_, i) => {
    const nonce = Uint8Array.of(i)
    const psk = ticketPsk(config.crypto, plan.suite.hash, resumption, nonce)
    const session = writeSession({ ...plan, psk, issuedAtMs: now, lifetimeSeconds })
    const ticket = config.tickets?.keys.seal('TLSv1.3', session, config.random)
    wipe(psk, session)
    // The keys were wiped while the handshake went on: others have taken their place, and the next connection has them.
    if (ticket === undefined) return new Uint8Array(0)
    const ageAdd = new Reader(config.random(4)).u32('ticket_age_add')
    return writeHandshake(handshakeType.newSessionTicket, (out) =>
      writeNewSessionTicket(out, { lifetime: lifetimeSeconds, ageAdd, nonce, ticket, extensions: [] }),
    )
  })
  return concat(...tickets)
}

function lifetime({ authenticatedAtMs, client }: TicketPlan, now: number, { tickets }: ServerConfig): number {
  const sinceProof = Math.ceil((now - authenticatedAtMs) / 1000)
  const ofClient = client === undefined ? Infinity : Math.floor((client.notAfterMs - now) / 1000)
  return Math.min(tickets?.lifetimeSeconds ?? 0, maxTicketLifetimeSeconds - sinceProof, ofClient)
}

/** A ticket is sent with every hello: one that would hold a greater certificate than this is not worth it. In bytes. */
const maxLeaf = 4096
