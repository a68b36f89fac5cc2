import { hashLength, type GroupName, type KeyPair } from '../../crypto/provider.ts'
import { writeClientHello, type ClientHello } from '../../wire/client-hello.ts'
import { handshakeType, version } from '../../wire/code-points.ts'
import { bindersLength } from '../../wire/extensions/pre-shared-key.ts'
import { writeHandshake } from '../../wire/handshake.ts'
import { earlySecret } from '../key-schedule.ts'
import { preferredSuites, suites, type Suite, type SuiteName } from '../suites.ts'
import { preferredTls12Suites, tls12SchemeIds, tls12Suites } from '../tls12/suites.ts'
import type { Tls12SignatureName, Tls12SuiteName } from '../tls12/suites.ts'
import { Transcript } from '../transcript.ts'
import { spoken, type VersionName } from '../version.ts'
import type { ClientConfig } from './config.ts'
import { helloExtensions } from './hello-extensions.ts'
import { usableSession, type Session, type Tls13Session } from './session.ts'

/** What the client has said and may be held to: the hello, and the secrets behind it. */
export interface Offer {
  readonly hello: ClientHello
  /** The whole message, as it goes into the transcript. */
  readonly message: Uint8Array
  /** Newest first. */
  readonly versions: readonly VersionName[]
  readonly suites: readonly SuiteName[]
  readonly tls12Suites: readonly Tls12SuiteName[]
  /** Those of PKCS#1 v1.5 count in certificates, and in TLS 1.2. */
  readonly schemes: readonly Tls12SignatureName[]
  /** The keys behind the shares. */
  readonly pairs: ReadonlyMap<GroupName, KeyPair>
  /** The session that the hello would resume. */
  readonly session: Session | undefined
}

/** The first ClientHello (RFC 8446 §4.1.2). */
export function firstOffer(config: ClientConfig): Offer {
  const { crypto, random } = config
  const may = abilities(config)
  const groups = may.suites.length === 0 ? [] : (config.shares ?? config.groups.slice(0, 1))
  const pairs = new Map(groups.map((group) => [group, crypto.keyExchange(group).keyPair(random)] as const))
  const session = usableSession(config, [...may.suites, ...may.tls12Suites])
  // RFC 8446 §D.4: a session id that stands for nothing, so that old boxes on the way see what they know. In TLS 1.2 it
  // says that a ticket was taken up (RFC 5077 §3.4).
  const sessionId = may.suites.length === 0 && session === undefined ? new Uint8Array(0) : random(32)
  return offer({ random: random(32), sessionId, pairs, session, heard: [] }, may, config)
}

/** What the client speaks, by its configuration. */
function abilities(config: ClientConfig): Pick<Offer, 'versions' | 'suites' | 'tls12Suites' | 'schemes'> {
  const { name } = config.crypto
  const versions = spoken(config)
  return {
    versions,
    suites: versions.includes('TLSv1.3') ? (config.suites ?? preferredSuites[name]) : [],
    tls12Suites: versions.includes('TLSv1.2') ? (config.tls12Suites ?? preferredTls12Suites[name]) : [],
    schemes: config.schemes ?? (Object.keys(tls12SchemeIds) as Tls12SignatureName[]),
  }
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
  const { session } = first
  const fits = session?.version !== 'TLSv1.3' || suites[session.suite].hash === suite.hash
  return offer({ random, sessionId, pairs, session: fits ? session : undefined, cookie, heard }, first, config)
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

type Abilities = ReturnType<typeof abilities>

function offer(
  said: Said,
  { versions, suites: names, tls12Suites: older, schemes }: Abilities,
  config: ClientConfig,
): Offer {
  const may = { versions, suites: names, tls12Suites: older, schemes }
  const hello: ClientHello = {
    legacyVersion: version.tls12,
    random: said.random,
    sessionId: said.sessionId,
    cipherSuites: [...names.map((name) => suites[name].id), ...older.map((name) => tls12Suites[name].id)],
    compressionMethods: Uint8Array.of(0),
    extensions: helloExtensions({ ...may, ...said }, config),
  }
  const message = writeHandshake(handshakeType.clientHello, (out) => writeClientHello(out, hello))
  if (said.session?.version === 'TLSv1.3') bind(message, said.session, said.heard, config)
  return { ...may, hello, message, pairs: said.pairs, session: said.session }
}

/** Puts the binder at the end of the hello: it proves the key to whoever has it, for all that stands before (§4.2.11.2). */
function bind(
  message: Uint8Array,
  session: Tls13Session,
  heard: readonly Uint8Array[],
  { crypto }: ClientConfig,
): void {
  const { hash } = suites[session.suite]
  const transcript = new Transcript(crypto, hash)
  for (const earlier of heard) transcript.add(earlier)
  transcript.add(message.subarray(0, message.length - bindersLength([new Uint8Array(hashLength[hash])])))
  const early = earlySecret(crypto, hash, session.secret)
  const binder = early.binder(transcript.digest())
  early.wipe()
  message.set(binder, message.length - binder.length)
}
