import { parseAddress } from '../../bytes/ip-address.ts'
import type { GroupName, KeyPair } from '../../crypto/provider.ts'
import { writeClientHello, type ClientHello } from '../../wire/client-hello.ts'
import { extensionType, handshakeType, version } from '../../wire/code-points.ts'
import type { Extension } from '../../wire/extension.ts'
import { writeProtocolNames } from '../../wire/extensions/alpn.ts'
import { writeCookie } from '../../wire/extensions/cookie.ts'
import { writeClientShares } from '../../wire/extensions/key-share.ts'
import { writeNumbers16, writeNumbers8 } from '../../wire/extensions/number-list.ts'
import { writeServerNames } from '../../wire/extensions/server-name.ts'
import { writeHandshake } from '../../wire/handshake.ts'
import { normalize } from '../../x509/host-name.ts'
import { groupIds, preferredSuites, schemeIds, suites, type HandshakeSignatureName, type SuiteName } from '../suites.ts'
import type { ClientConfig } from './config.ts'

/** What the client has said and may be held to: the hello, and the keys behind its shares. */
export interface Offer {
  readonly hello: ClientHello
  /** The whole message, as it goes into the transcript. */
  readonly message: Uint8Array
  readonly suites: readonly SuiteName[]
  readonly schemes: readonly HandshakeSignatureName[]
  readonly pairs: ReadonlyMap<GroupName, KeyPair>
}

/** The first ClientHello (RFC 8446 §4.1.2). */
export function firstOffer(config: ClientConfig): Offer {
  const { crypto, random } = config
  const groups = config.shares ?? config.groups.slice(0, 1)
  const pairs = new Map(groups.map((group) => [group, crypto.keyExchange(group).keyPair(random)] as const))
  return offer(config, pairs, { random: random(32), sessionId: random(32) })
}

/** The second, after a HelloRetryRequest: another share, the cookie, and otherwise the same (RFC 8446 §4.1.2). */
export function secondOffer(
  first: Offer,
  { group, cookie }: { readonly group: GroupName | undefined; readonly cookie: Uint8Array | undefined },
  config: ClientConfig,
): Offer {
  const { random, sessionId } = first.hello
  const pairs =
    group === undefined ? first.pairs : new Map([[group, config.crypto.keyExchange(group).keyPair(config.random)]])
  return offer(config, pairs, { random, sessionId, cookie })
}

function offer(
  config: ClientConfig,
  pairs: ReadonlyMap<GroupName, KeyPair>,
  said: { readonly random: Uint8Array; readonly sessionId: Uint8Array; readonly cookie?: Uint8Array | undefined },
): Offer {
  const names = config.suites ?? preferredSuites[config.crypto.name]
  const schemes = config.schemes ?? (Object.keys(schemeIds) as HandshakeSignatureName[])
  const hello: ClientHello = {
    legacyVersion: version.tls12,
    random: said.random,
    // RFC 8446 §D.4: a session id that stands for nothing, so that old boxes on the way see what they know.
    sessionId: said.sessionId,
    cipherSuites: names.map((name) => suites[name].id),
    compressionMethods: Uint8Array.of(0),
    extensions: extensions(config, schemes, pairs, said.cookie),
  }
  const message = writeHandshake(handshakeType.clientHello, (out) => writeClientHello(out, hello))
  return { hello, message, suites: names, schemes, pairs }
}

function extensions(
  config: ClientConfig,
  schemes: readonly HandshakeSignatureName[],
  pairs: ReadonlyMap<GroupName, KeyPair>,
  cookie: Uint8Array | undefined,
): Extension[] {
  const shares = [...pairs].map(([group, { share }]) => ({ group: groupIds[group], share }))
  return [
    ...nameExtension(config.serverName),
    { type: extensionType.supportedGroups, body: writeNumbers16(config.groups.map((group) => groupIds[group])) },
    { type: extensionType.signatureAlgorithms, body: writeNumbers16(schemes.map((scheme) => schemeIds[scheme].id)) },
    ...protocolExtension(config.alpn),
    { type: extensionType.supportedVersions, body: writeNumbers8([version.tls13]) },
    { type: extensionType.keyShare, body: writeClientShares(shares) },
    ...(cookie === undefined ? [] : [{ type: extensionType.cookie, body: writeCookie(cookie) }]),
  ]
}

function nameExtension(serverName: string | undefined): Extension[] {
  // RFC 6066 §3: literal addresses are not permitted, and a trailing dot is left out.
  if (serverName === undefined || parseAddress(serverName) !== undefined) return []
  const name = new TextEncoder().encode(normalize(serverName))
  return [{ type: extensionType.serverName, body: writeServerNames([{ type: 0, name }]) }]
}

function protocolExtension(protocols: readonly string[]): Extension[] {
  if (protocols.length === 0) return []
  const names = protocols.map((name) => new TextEncoder().encode(name))
  return [{ type: extensionType.alpn, body: writeProtocolNames(names) }]
}
