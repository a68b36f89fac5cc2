import { handshakeType } from '../../wire/code-points.ts'
import type { HandshakeMessage } from '../../wire/handshake.ts'
import type { ServerConfig } from '../config.ts'
import { fault } from '../fault.ts'
import { tls12Table } from '../tls12/machine.ts'
import { onCertificate, onCertificateVerify } from './certificate.ts'
import { onClientHello, onSecondHello } from './client-hello.ts'
import { onFinished } from './finished.ts'
import { onKeyUpdate } from './key-update.ts'
import type { State, Transition } from './state.ts'

/** The server's handshake as a table: in this state, this message, this handler. What the table lacks is out of order. */
const table: { readonly [At in State['at']]: { readonly [type: number]: Handler<Extract<State, { at: At }>> } } = {
  'expect-client-hello': { [handshakeType.clientHello]: onClientHello },
  'expect-second-hello': { [handshakeType.clientHello]: onSecondHello },
  'expect-certificate': { [handshakeType.certificate]: onCertificate },
  'await-verdict': {},
  'expect-certificate-verify': { [handshakeType.certificateVerify]: onCertificateVerify },
  'expect-finished': { [handshakeType.finished]: onFinished },
  established: { [handshakeType.keyUpdate]: onKeyUpdate },
  ...tls12Table,
}

type Handler<S extends State> = (state: S, message: HandshakeMessage, config: ServerConfig) => Transition

/** Refuses a message by its type alone, before its body is waited for. */
export function checkExpected(state: State, type: number): void {
  if (table[state.at][type] === undefined) throw fault('message-out-of-order', `message ${type} in state ${state.at}`)
}

/** RFC 8446 §5.1: keys change, or the client's turn ends, behind these: the record must end there too. */
export const endsItsRecord: ReadonlySet<number> = new Set([
  handshakeType.clientHello,
  handshakeType.finished,
  handshakeType.keyUpdate,
])

export function onMessage(state: State, message: HandshakeMessage, config: ServerConfig): Transition {
  // The table's type pairs each state with its own handlers; TypeScript cannot see that through the lookup.
  const handlers = table[state.at] as { readonly [type: number]: Handler<State> }
  const handle = handlers[message.type]
  if (handle === undefined) throw fault('message-out-of-order', `message ${message.type} in state ${state.at}`)
  return handle(state, message, config)
}
