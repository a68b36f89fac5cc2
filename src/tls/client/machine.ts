import { handshakeType } from '../../wire/code-points.ts'
import type { HandshakeMessage } from '../../wire/handshake.ts'
import { fault } from '../fault.ts'
import { onKeyUpdate } from '../handshake/key-update.ts'
import { onCertificateRequest } from './certificate-request.ts'
import { onCertificate, onCertificateVerify } from './certificate.ts'
import type { ClientConfig } from './config.ts'
import { onEncryptedExtensions } from './encrypted-extensions.ts'
import { onServerFinished } from './finished.ts'
import { onNewSessionTicket } from './new-session-ticket.ts'
import { tls12ClientTable } from './tls12/machine.ts'
import { onSecondServerHello, onServerHello } from './server-hello.ts'
import type { ClientState, ClientTransition } from './state.ts'

/** The client's handshake as a table: in this state, this message, this handler. What the table lacks is out of order. */
const table: {
  readonly [At in ClientState['at']]: { readonly [type: number]: Handler<Extract<ClientState, { at: At }>> }
} = {
  'expect-server-hello': { [handshakeType.serverHello]: onServerHello },
  'expect-second-server-hello': { [handshakeType.serverHello]: onSecondServerHello },
  'expect-encrypted-extensions': { [handshakeType.encryptedExtensions]: onEncryptedExtensions },
  'expect-certificate-or-request': {
    [handshakeType.certificateRequest]: onCertificateRequest,
    [handshakeType.certificate]: onCertificate,
  },
  'expect-certificate': { [handshakeType.certificate]: onCertificate },
  'expect-certificate-verify': { [handshakeType.certificateVerify]: onCertificateVerify },
  'expect-server-finished': { [handshakeType.finished]: onServerFinished },
  ...tls12ClientTable,
  established: { [handshakeType.newSessionTicket]: onNewSessionTicket, [handshakeType.keyUpdate]: onKeyUpdate },
}

type Handler<S extends ClientState> = (state: S, message: HandshakeMessage, config: ClientConfig) => ClientTransition

/** Refuses a message by its type alone, before its body is waited for. */
export function checkExpected(state: ClientState, type: number): void {
  if (table[state.at][type] === undefined) throw fault('message-out-of-order', `message ${type} in state ${state.at}`)
}

/**
 * RFC 8446 §5.1: keys change, or the server's turn ends, behind these: the record must end there too. (Behind a ServerHello
 * only in TLS 1.3, which its content decides; conversation.ts sees it.)
 */
export const endsItsRecord: ReadonlySet<number> = new Set([
  handshakeType.serverHelloDone,
  handshakeType.finished,
  handshakeType.keyUpdate,
])

export function onMessage(state: ClientState, message: HandshakeMessage, config: ClientConfig): ClientTransition {
  // The table's type pairs each state with its own handlers; TypeScript cannot see that through the lookup.
  const handlers = table[state.at] as { readonly [type: number]: Handler<ClientState> }
  const handle = handlers[message.type]
  if (handle === undefined) throw fault('message-out-of-order', `message ${message.type} in state ${state.at}`)
  return handle(state, message, config)
}
