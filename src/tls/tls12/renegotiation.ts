import type { HandshakeMessage } from '../../wire/handshake.ts'
import type { ServerConfig } from '../config.ts'
import { fault } from '../fault.ts'
import type { Transition } from '../handshake/state.ts'
import { defaultLimits } from '../limits.ts'
import type { Tls12Established } from './state.ts'

/**
 * A ClientHello over an open connection asks to renegotiate, and the answer is no, whatever it says. RFC 5246 §7.2.2
 * makes no_renegotiation a warning always, so the client may go on with the connection it has, as with rustls and
 * OpenSSL; BoringSSL ends it. Who goes on asking is shown the door.
 */
export function onRenegotiation(state: Tls12Established, _: HandshakeMessage, config: ServerConfig): Transition {
  const refused = state.refused + 1
  if (refused > (config.limits ?? defaultLimits).renegotiations) throw fault('too-many-renegotiations')
  return { next: { ...state, refused }, effects: [{ do: 'send-warning', alert: 'no_renegotiation' }] }
}
