import { extensionType } from '../../wire/code-points.ts'
import { readMaxEarlyData } from '../../wire/extensions/early-data.ts'
import type { HandshakeMessage } from '../../wire/handshake.ts'
import { readNewSessionTicket } from '../../wire/new-session-ticket.ts'
import { fault } from '../fault.ts'
import { asked } from './extensions.ts'
import type { ClientEstablished, ClientTransition } from './state.ts'

/** NewSessionTicket (RFC 8446 §4.6.1): checked, and let go: this client does not resume. */
export function onNewSessionTicket(state: ClientEstablished, message: HandshakeMessage): ClientTransition {
  const { lifetime, extensions } = readNewSessionTicket(message.body)
  if (lifetime > maxLifetime) throw fault('ticket-lifetime-too-long', `${lifetime} s`)
  const early = asked('NewSessionTicket', extensions).get(extensionType.earlyData)
  if (early !== undefined) readMaxEarlyData(early)
  return { next: state, effects: [] }
}

/** Seven days, in seconds. */
const maxLifetime = 604_800
