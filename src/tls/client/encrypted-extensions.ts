import { equal } from '../../bytes/arrays.ts'
import { Reader } from '../../bytes/reader.ts'
import { extensionType } from '../../wire/code-points.ts'
import { readEncryptedExtensions } from '../../wire/encrypted-extensions.ts'
import { readProtocolNames } from '../../wire/extensions/alpn.ts'
import { readNumbers16 } from '../../wire/extensions/number-list.ts'
import type { HandshakeMessage } from '../../wire/handshake.ts'
import { fault } from '../fault.ts'
import type { Effect } from '../handshake/state.ts'
import { protocolName } from '../protocol-name.ts'
import { limitBySize } from '../record-limit.ts'
import type { ClientConfig } from './config.ts'
import { answers } from './extensions.ts'
import type { ClientTransition, ExpectEncryptedExtensions } from './state.ts'

/** EncryptedExtensions (RFC 8446 §4.3.1): what the server answers beside the keys. */
export function onEncryptedExtensions(
  state: ExpectEncryptedExtensions,
  message: HandshakeMessage,
  config: ClientConfig,
): ClientTransition {
  state.transcript.add(message.raw)
  const extensions = answers('EncryptedExtensions', readEncryptedExtensions(message.body), state.offer.hello.extensions)
  const name = extensions.get(extensionType.serverName)
  // RFC 6066 §3: the name took part in the choice; there is nothing more to say.
  if (name !== undefined) new Reader(name).end('server_name')
  // §4.2.7: which groups the server would have liked, for another time; there is none.
  const groups = extensions.get(extensionType.supportedGroups)
  if (groups !== undefined) readNumbers16(groups, 'supported_groups')
  const alpn = chosenProtocol(extensions.get(extensionType.alpn), config)
  const size = extensions.get(extensionType.recordSizeLimit)
  const effects: Effect[] = size === undefined ? [] : [{ do: 'limit-records', limit: limitBySize(size, 'TLSv1.3') }]
  const { resumed } = state
  if (resumed === undefined) return { next: { ...state, at: 'expect-certificate-or-request', alpn }, effects }
  // Who knows the session's key is the server that proved itself when it began: no certificate comes again (§2.2).
  const told = { alpn, wanted: undefined, chain: resumed.chain, signatureScheme: undefined }
  return { next: { ...state, at: 'expect-server-finished', ...told }, effects }
}

/** The one protocol that the server chose of those offered (RFC 7301 §3.1). */
export function chosenProtocol(body: Uint8Array | undefined, { alpn }: ClientConfig): string | undefined {
  if (body === undefined) return undefined
  const names = readProtocolNames(body)
  const [first = new Uint8Array(0)] = names
  // As bytes: a name need not be text.
  const chosen = alpn.find((name) => equal(protocolName(name), first))
  if (names.length !== 1 || chosen === undefined) throw fault('protocol-not-offered', `${names.length} names`)
  return chosen
}
