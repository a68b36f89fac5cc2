import { extensionType, handshakeType } from '../../wire/code-points.ts'
import type { Extension } from '../../wire/extension.ts'
import { writeProtocolNames } from '../../wire/extensions/alpn.ts'
import { uncompressed, writePointFormats } from '../../wire/extensions/point-formats.ts'
import { writeRenegotiationInfo } from '../../wire/extensions/renegotiation-info.ts'
import { writeHandshake } from '../../wire/handshake.ts'
import { downgradeSentinel, writeServerHello } from '../../wire/server-hello.ts'
import type { ServerConfig } from '../config.ts'
import type { Effect } from '../handshake/state.ts'
import { protocolName } from '../protocol-name.ts'
import { spoken } from '../version.ts'
import type { Tls12Hello } from './negotiate.ts'
import type { Tls12Suite } from './suites.ts'

/** What the server says in its hello, beside the answers that follow from the client's. */
export interface Tls12Answer {
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly suite: Tls12Suite
  /** RFC 6066 §3: the name took part in the choice; a resumed session leaves that as it was. */
  readonly serverName: string | undefined
  /** A ticket will come (RFC 5077 §3.2). */
  readonly ticket: boolean
}

export function writeTls12ServerHello(heard: Tls12Hello, answer: Tls12Answer): Uint8Array {
  const { random, sessionId, suite } = answer
  return writeHandshake(handshakeType.serverHello, (out) =>
    writeServerHello(out, { random, sessionId, cipherSuite: suite.id, extensions: answers(heard, answer) }),
  )
}

/** RFC 8446 §4.1.3: a client that speaks 1.3 sees by its end that somebody has taken that offer out of its hello. */
export function serverRandom(config: ServerConfig): Uint8Array {
  const random = config.random(32)
  if (spoken(config)[0] === 'TLSv1.3') random.set(downgradeSentinel, random.length - downgradeSentinel.length)
  return random
}

/** RFC 6066 §4: from the hello on, and in the handshake too; RFC 8449 §4 asks for less. */
export function limitRecords({ recordLimit }: Tls12Hello): Effect[] {
  return recordLimit === undefined ? [] : [{ do: 'limit-records', limit: recordLimit }]
}

/** Only what the client has asked for may be answered (RFC 5246 §7.4.1.4). */
function answers(heard: Tls12Hello, { serverName, ticket }: Tls12Answer): Extension[] {
  const nothing = new Uint8Array(0)
  const extensions: Extension[] = []
  if (heard.secureRenegotiation)
    extensions.push({ type: extensionType.renegotiationInfo, body: writeRenegotiationInfo() })
  if (serverName !== undefined) extensions.push({ type: extensionType.serverName, body: nothing })
  if (heard.extendedMasterSecret) extensions.push({ type: extensionType.extendedMasterSecret, body: nothing })
  if (heard.pointFormats) extensions.push({ type: extensionType.pointFormats, body: writePointFormats([uncompressed]) })
  if (heard.recordLimit !== undefined) extensions.push(heard.recordLimit.answer)
  if (ticket) extensions.push({ type: extensionType.sessionTicket, body: nothing })
  if (heard.alpn !== undefined)
    extensions.push({ type: extensionType.alpn, body: writeProtocolNames([protocolName(heard.alpn)]) })
  return extensions
}
