import { equal } from '../../bytes/arrays.ts'
import type { GroupName } from '../../crypto/provider.ts'
import { extensionType, version } from '../../wire/code-points.ts'
import { readCookie } from '../../wire/extensions/cookie.ts'
import { readServerShare } from '../../wire/extensions/key-share.ts'
import { readNumber } from '../../wire/extensions/number-list.ts'
import type { HandshakeMessage } from '../../wire/handshake.ts'
import { readServerHello, retryRandom, type ReceivedServerHello } from '../../wire/server-hello.ts'
import { fault } from '../fault.ts'
import type { Effect } from '../handshake/state.ts'
import { earlySecret } from '../key-schedule.ts'
import { groupIds, suites, type Suite } from '../suites.ts'
import { messageHash, Transcript } from '../transcript.ts'
import type { ClientConfig } from './config.ts'
import { answers } from './extensions.ts'
import { privateKeys, secondOffer, type Offer } from './hello.ts'
import type { Tls13Session } from './session.ts'
import { onTls12ServerHello } from './tls12/server-hello.ts'
import type { ClientTransition, ExpectSecondServerHello, ExpectServerHello } from './state.ts'

/** The answer to the first hello: the server's choices, or a HelloRetryRequest for another hello (RFC 8446 §4.1.3). */
export function onServerHello(
  { offer }: ExpectServerHello,
  message: HandshakeMessage,
  config: ClientConfig,
): ClientTransition {
  const hello = readServerHello(message.body)
  if (isTls12(hello, offer)) return onTls12ServerHello(hello, message, offer, config)
  const suite = checkChoices(hello, offer)
  if (isRetry(hello)) return onRetry(hello, suite, offer, message, config)
  return agree({ hello, suite, offer, retried: false, heard: [offer.message, message.raw] }, config)
}

/** The answer to the second; there is no third. */
export function onSecondServerHello(
  state: ExpectSecondServerHello,
  message: HandshakeMessage,
  config: ClientConfig,
): ClientTransition {
  const { offer } = state
  const hello = readServerHello(message.body)
  if (isRetry(hello)) throw fault('retry-twice')
  if (isTls12(hello, offer)) throw fault('retry-version-differs')
  const suite = checkChoices(hello, offer)
  if (suite !== state.suite) throw fault('retry-suite-differs', `${suite.name} after ${state.suite.name}`)
  return agree({ hello, suite, offer, retried: true, heard: [...state.transcript, message.raw] }, config)
}

function isRetry({ random }: ReceivedServerHello): boolean {
  return equal(random, retryRandom)
}

/** Without supported_versions the server speaks an older TLS, in which legacy_version is no legacy (RFC 8446 §4.2.1). */
function isTls12({ extensions, legacyVersion }: ReceivedServerHello, { versions }: Offer): boolean {
  if (extensions.some(({ type }) => type === extensionType.supportedVersions)) return false
  if (legacyVersion !== version.tls12 || !versions.includes('TLSv1.2'))
    throw fault('server-version-unsupported', `version ${legacyVersion}`)
  return true
}

/** What a ServerHello and a HelloRetryRequest have in common; returns the suite. */
function checkChoices(hello: ReceivedServerHello, offer: Offer): Suite {
  const selected = hello.extensions.find(({ type }) => type === extensionType.supportedVersions)
  const number = readNumber(selected?.body ?? new Uint8Array(0), 'selected_version')
  if (number !== version.tls13 || !offer.versions.includes('TLSv1.3'))
    throw fault('server-version-not-offered', `version ${number}`)
  if (hello.legacyVersion !== version.tls12) throw fault('legacy-version-wrong', `version ${hello.legacyVersion}`)
  if (!equal(hello.sessionId, offer.hello.sessionId)) throw fault('session-id-not-echoed')
  if (hello.compressionMethod !== 0) throw fault('compression-chosen', `method ${hello.compressionMethod}`)
  const name = offer.suites.find((candidate) => suites[candidate].id === hello.cipherSuite)
  if (name === undefined) throw fault('suite-not-offered', `suite ${hello.cipherSuite}`)
  return suites[name]
}

/** HelloRetryRequest (RFC 8446 §4.1.4): it has to change something, and to ask for nothing that was there already. */
function onRetry(
  hello: ReceivedServerHello,
  suite: Suite,
  first: Offer,
  message: HandshakeMessage,
  config: ClientConfig,
): ClientTransition {
  const extensions = answers('HelloRetryRequest', hello.extensions, first.hello.extensions)
  const selected = extensions.get(extensionType.keyShare)
  const brought = extensions.get(extensionType.cookie)
  if (selected === undefined && brought === undefined) throw fault('retry-changes-nothing')
  const group = selected === undefined ? undefined : wantedGroup(readNumber(selected, 'selected_group'), first, config)
  const cookie = brought === undefined ? undefined : readCookie(brought)
  const heard = [messageHash(config.crypto, suite.hash, first.message), message.raw]
  const offer = secondOffer(first, { suite, group, cookie, heard }, config)
  return {
    next: { at: 'expect-second-server-hello', offer, suite, transcript: [...heard, offer.message] },
    // RFC 8446 §D.4: change_cipher_spec right before the second hello.
    effects: [
      { do: 'send-change-cipher-spec' },
      { do: 'send', messages: offer.message },
      { do: 'wipe', secrets: group === undefined ? [] : privateKeys(first) },
    ],
  }
}

function wantedGroup(id: number, { pairs }: Offer, { groups }: ClientConfig): GroupName {
  const group = groups.find((name) => groupIds[name] === id)
  if (group === undefined) throw fault('retry-group-not-offered', `group ${id}`)
  if (pairs.has(group)) throw fault('retry-group-needless', group)
  return group
}

interface Answered {
  readonly hello: ReceivedServerHello
  readonly suite: Suite
  readonly offer: Offer
  readonly retried: boolean
  readonly heard: readonly Uint8Array[]
}

/** Both sides have the other's share: from here on everything is protected. */
function agree({ hello, suite, offer, retried, heard }: Answered, config: ClientConfig): ClientTransition {
  const { crypto } = config
  const extensions = answers('ServerHello', hello.extensions, offer.hello.extensions)
  const resumed = resumedSession(extensions.get(extensionType.preSharedKey), offer, suite)
  const share = extensions.get(extensionType.keyShare)
  // We offer psk_dhe_ke only.
  if (share === undefined && resumed !== undefined) throw fault('psk-without-share')
  if (share === undefined) throw fault('server-share-missing')
  const { group, shared } = exchange(share, offer, config)
  const transcript = new Transcript(crypto, suite.hash)
  for (const bytes of heard) transcript.add(bytes)
  const handshake = earlySecret(crypto, suite.hash, resumed?.secret).into(shared, transcript.digest())
  // RFC 8446 §D.4: before the first protected record of ours, unless a second hello came behind one.
  const effects: Effect[] = retried || hello.sessionId.length === 0 ? [] : [{ do: 'send-change-cipher-spec' }]
  effects.push(
    { do: 'use-read-secret', suite, secret: handshake.server },
    { do: 'use-write-secret', suite, secret: handshake.client },
    { do: 'wipe', secrets: [shared, ...privateKeys(offer)] },
  )
  return {
    next: { at: 'expect-encrypted-extensions', offer, suite, group, retried, resumed, transcript, handshake },
    effects,
  }
}

/** The session that the server takes up (RFC 8446 §4.2.11): of those offered, and with a suite of the same hash. */
function resumedSession(selected: Uint8Array | undefined, { session }: Offer, suite: Suite): Tls13Session | undefined {
  if (selected === undefined) return undefined
  const index = readNumber(selected, 'selected_identity')
  if (session?.version !== 'TLSv1.3' || index !== 0) throw fault('psk-not-offered', `identity ${index}`)
  if (suites[session.suite].hash !== suite.hash) throw fault('psk-hash-differs', suite.name)
  return session
}

function exchange(
  share: Uint8Array,
  { pairs }: Offer,
  { crypto }: ClientConfig,
): { group: GroupName; shared: Uint8Array } {
  const entry = readServerShare(share)
  const [group, pair] = [...pairs].find(([name]) => groupIds[name] === entry.group) ?? []
  if (group === undefined || pair === undefined) throw fault('server-share-not-offered', `group ${entry.group}`)
  const shared = crypto.keyExchange(group).sharedSecret(pair.privateKey, entry.share)
  if (shared === undefined) throw fault('key-share-invalid', group)
  return { group, shared }
}
