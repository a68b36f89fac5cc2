import { extensionType } from '../../wire/code-points.ts'
import { readMaxEarlyData } from '../../wire/extensions/early-data.ts'
import type { HandshakeMessage } from '../../wire/handshake.ts'
import { readNewSessionTicket } from '../../wire/new-session-ticket.ts'
import { maxTicketLifetimeSeconds } from '../config.ts'
import { fault } from '../fault.ts'
import { ticketPsk } from '../key-schedule.ts'
import type { ClientConfig } from './config.ts'
import { asked } from './extensions.ts'
import type { Session } from './session.ts'
import type { ClientEstablished, ClientTransition } from './state.ts'

/** NewSessionTicket (RFC 8446 §4.6.1): whoever drives the connection gets a session, and may bring it back. */
export function onNewSessionTicket(
  state: ClientEstablished,
  message: HandshakeMessage,
  config: ClientConfig,
): ClientTransition {
  const { lifetime, ageAdd, nonce, ticket, extensions } = readNewSessionTicket(message.body)
  if (lifetime > maxTicketLifetimeSeconds) throw fault('ticket-lifetime-too-long', `${lifetime} s`)
  const early = asked('NewSessionTicket', extensions).get(extensionType.earlyData)
  if (early !== undefined) readMaxEarlyData(early)
  // A lifetime of zero: to be discarded at once.
  if (lifetime === 0) return { next: state, effects: [] }
  const receivedAt = config.now()
  const session: Session = {
    version: 'TLSv1.3',
    suite: state.suite.name,
    ticket: ticket.slice(),
    secret: ticketPsk(config.crypto, state.suite.hash, state.resumption, nonce),
    ageAdd,
    receivedAt,
    expiresAt: receivedAt + lifetime * 1000,
    serverName: config.serverName,
    chain: state.chain,
  }
  return { next: state, effects: [{ do: 'report', event: { type: 'session', session } }] }
}
