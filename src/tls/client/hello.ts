import { parseAddress } from '../../bytes/ip-address.ts'
import { hashLength, type GroupName, type KeyPair } from '../../crypto/provider.ts'
import { writeClientHello, type ClientHello } from '../../wire/client-hello.ts'
import { extensionType, handshakeType, version } from '../../wire/code-points.ts'
import type { Extension } from '../../wire/extension.ts'
import { writeProtocolNames } from '../../wire/extensions/alpn.ts'
import { writeCookie } from '../../wire/extensions/cookie.ts'
import { writeClientShares } from '../../wire/extensions/key-share.ts'
import { writeNumbers16, writeNumbers8 } from '../../wire/extensions/number-list.ts'
import { bindersLength, writeOfferedPsks } from '../../wire/extensions/pre-shared-key.ts'
import { pskDheKe, writePskModes } from '../../wire/extensions/psk-key-exchange-modes.ts'
import { writeServerNames } from '../../wire/extensions/server-name.ts'
import { writeHandshake } from '../../wire/handshake.ts'
import { normalize } from '../../x509/host-name.ts'
import { earlySecret } from '../key-schedule.ts'
import { groupIds, preferredSuites, schemeIds, suites } from '../suites.ts'
import type { HandshakeSignatureName, Suite, SuiteName } from '../suites.ts'
import { Transcript } from '../transcript.ts'
import type { ClientConfig } from './config.ts'
import { obfuscatedAge, usableSession, type Session } from './session.ts'

/** What the client has said and may be held to: the hello, and the secrets behind it. */
export interface Offer {
  readonly hello: ClientHello
  /** The whole message, as it goes into the transcript. */
  readonly message: Uint8Array
  readonly suites: readonly SuiteName[]
  readonly schemes: readonly HandshakeSignatureName[]
  /** The keys behind the shares. */
  readonly pairs: ReadonlyMap<GroupName, KeyPair>
  /** The session that the hello would resume. */
  readonly session: Session | undefined
}

/** The first ClientHello (RFC 8446 §4.1.2). */
export function firstOffer(config: ClientConfig): Offer {
  const { crypto, random } = config
  const groups = config.shares ?? config.groups.slice(0, 1)
  const pairs = new Map(groups.map((group) => [group, crypto.keyExchange(group).keyPair(random)] as const))
  const session = usableSession(config, config.suites ?? preferredSuites[crypto.name])
  return offer({ random: random(32), sessionId: random(32), pairs, session, heard: [] }, config)
}

/** What a HelloRetryRequest asks for. */
export interface Wanted {
  readonly suite: Suite
  readonly group: GroupName | undefined
  readonly cookie: Uint8Array | undefined
  /** message_hash of the first hello, and the request. */
  readonly heard: readonly Uint8Array[]
}

/** The second: another share, the cookie, fresh binders, and otherwise the same (RFC 8446 §4.1.2). */
export function secondOffer(first: Offer, { suite, group, cookie, heard }: Wanted, config: ClientConfig): Offer {
  const { random, sessionId } = first.hello
  const pairs =
    group === undefined ? first.pairs : new Map([[group, config.crypto.keyExchange(group).keyPair(config.random)]])
  // RFC 8446 §4.1.4: a key that does not go with the suite is not offered again.
  const fits = first.session !== undefined && suites[first.session.suite].hash === suite.hash
  return offer({ random, sessionId, pairs, session: fits ? first.session : undefined, cookie, heard }, config)
}

/** What the shares leave behind. */
export function privateKeys({ pairs }: Offer): readonly Uint8Array[] {
  return [...pairs.values()].map(({ privateKey }) => privateKey)
}

interface Said {
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  readonly pairs: ReadonlyMap<GroupName, KeyPair>
  readonly session: Session | undefined
  readonly cookie?: Uint8Array | undefined
  /** What stands in the transcript before the hello; a binder covers it too. */
  readonly heard: readonly Uint8Array[]
}

function offer(said: Said, config: ClientConfig): Offer {
  const names = config.suites ?? preferredSuites[config.crypto.name]
  const schemes = config.schemes ?? (Object.keys(schemeIds) as HandshakeSignatureName[])
  const hello: ClientHello = {
    legacyVersion: version.tls12,
    random: said.random,
    // RFC 8446 §D.4: a session id that stands for nothing, so that old boxes on the way see what they know.
    sessionId: said.sessionId,
    cipherSuites: names.map((name) => suites[name].id),
    compressionMethods: Uint8Array.of(0),
    extensions: extensions(said, schemes, config),
  }
  const message = writeHandshake(handshakeType.clientHello, (out) => writeClientHello(out, hello))
  if (said.session !== undefined) bind(message, said.session, said.heard, config)
  return { hello, message, suites: names, schemes, pairs: said.pairs, session: said.session }
}

/** Puts the binder at the end of the hello: it proves the key to whoever has it, for all that stands before (§4.2.11.2). */
function bind(message: Uint8Array, session: Session, heard: readonly Uint8Array[], { crypto }: ClientConfig): void {
  const { hash } = suites[session.suite]
  const transcript = new Transcript(crypto, hash)
  for (const earlier of heard) transcript.add(earlier)
  transcript.add(message.subarray(0, message.length - bindersLength([new Uint8Array(hashLength[hash])])))
  const binder = earlySecret(crypto, hash, session.secret).binder(transcript.digest())
  message.set(binder, message.length - binder.length)
}

function extensions(said: Said, schemes: readonly HandshakeSignatureName[], config: ClientConfig): Extension[] {
  const shares = [...said.pairs].map(([group, { share }]) => ({ group: groupIds[group], share }))
  return [
    ...nameExtension(config.serverName),
    { type: extensionType.supportedGroups, body: writeNumbers16(config.groups.map((group) => groupIds[group])) },
    { type: extensionType.signatureAlgorithms, body: writeNumbers16(schemes.map((scheme) => schemeIds[scheme].id)) },
    ...protocolExtension(config.alpn),
    { type: extensionType.supportedVersions, body: writeNumbers8([version.tls13]) },
    // Without a key exchange of its own, a resumed connection would be only as secret as its ticket: never offered.
    { type: extensionType.pskKeyExchangeModes, body: writePskModes(Uint8Array.of(pskDheKe)) },
    { type: extensionType.keyShare, body: writeClientShares(shares) },
    ...(said.cookie === undefined ? [] : [{ type: extensionType.cookie, body: writeCookie(said.cookie) }]),
    ...(said.session === undefined ? [] : [sessionExtension(said.session, config)]),
  ]
}

/** The last extension always (RFC 8446 §4.2.11); the binder's place is held until the rest is written. */
function sessionExtension(session: Session, { now }: ClientConfig): Extension {
  const identity = { identity: session.ticket, obfuscatedTicketAge: obfuscatedAge(session, now()) }
  const binder = new Uint8Array(hashLength[suites[session.suite].hash])
  return { type: extensionType.preSharedKey, body: writeOfferedPsks({ identities: [identity], binders: [binder] }) }
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
