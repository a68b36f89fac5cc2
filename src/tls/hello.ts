import { equal } from '../bytes/arrays.ts'
import { decodeAscii } from '../bytes/ascii.ts'
import type { ClientHello } from '../wire/client-hello.ts'
import { extensionType } from '../wire/code-points.ts'
import { readProtocolNames } from '../wire/extensions/alpn.ts'
import { readServerNames } from '../wire/extensions/server-name.ts'
import type { ServerConfig } from './config.ts'
import { fault } from './fault.ts'
import { protocolName } from './protocol-name.ts'

/** What a ClientHello says whichever version comes of it: the host it wants, and the protocols it would speak there. */

/** A message's extensions by number. */
export type Extensions = ReadonlyMap<number, Uint8Array>

/** None may come twice (RFC 8446 §4.2). */
export function extensionsOf(hello: ClientHello): Extensions {
  const extensions = new Map<number, Uint8Array>()
  for (const { type, body } of hello.extensions) {
    if (extensions.has(type)) throw fault('extension-twice', `extension ${type}`)
    extensions.set(type, body)
  }
  return extensions
}

/** The host name, in lower case without a trailing dot; undefined where the client sent none. */
export function chooseName(extensions: Extensions): string | undefined {
  const body = extensions.get(extensionType.serverName)
  if (body === undefined) return undefined
  const hostNames = readServerNames(body).filter(({ type }) => type === 0)
  if (hostNames.length > 1) throw fault('server-name-twice')
  const bytes = hostNames[0]?.name
  if (bytes === undefined) return undefined
  // RFC 6066 §3: ASCII, A-labels for anything else. A NUL or a control character has fooled others.
  if (bytes.length > 255 || bytes.some((byte) => byte <= 0x20 || byte >= 0x7f)) throw fault('server-name-illegal')
  const name = decodeAscii(bytes).toLowerCase()
  const bare = name.endsWith('.') ? name.slice(0, -1) : name
  if (bare === '') throw fault('server-name-illegal', 'empty')
  return bare
}

/** ALPN's answer; undefined where there is nothing to choose (RFC 7301 §3.2). */
export function chooseProtocol(extensions: Extensions, config: ServerConfig): string | undefined {
  const body = extensions.get(extensionType.alpn)
  if (body === undefined) return undefined
  const offered = readProtocolNames(body)
  if (config.alpn.length === 0) return undefined
  const chosen = config.alpn.find((name) => offered.some((other) => equal(other, protocolName(name))))
  if (chosen === undefined) throw fault('no-common-protocol')
  return chosen
}
