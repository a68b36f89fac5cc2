import type { GroupName } from '../crypto/provider.ts'
import { extensionType } from '../wire/code-points.ts'
import type { ClientHello } from '../wire/client-hello.ts'
import { readCookie } from '../wire/extensions/cookie.ts'
import { readEarlyData } from '../wire/extensions/early-data.ts'
import { readClientShares, type KeyShareEntry } from '../wire/extensions/key-share.ts'
import { readNumbers16 } from '../wire/extensions/number-list.ts'
import { readOfferedPsks } from '../wire/extensions/pre-shared-key.ts'
import { readPskModes } from '../wire/extensions/psk-key-exchange-modes.ts'
import type { ServerConfig, ServerCredential } from './config.ts'
import { fault } from './fault.ts'
import { chooseName, chooseProtocol, extensionsOf, type Extensions } from './hello.ts'
import { groupIds, isHandshakeSignature, isHybrid, preferredSuites, schemeIds, suites } from './suites.ts'
import type { HandshakeSignatureName, Suite } from './suites.ts'

/** Every choice that a ClientHello leads to, in one value. */
export interface Negotiated {
  readonly suite: Suite
  readonly group: GroupName
  /** The client's share for the group; undefined: a HelloRetryRequest has to ask for it. */
  readonly share: Uint8Array | undefined
  readonly credential: ServerCredential
  readonly scheme: HandshakeSignatureName
  readonly serverName: string | undefined
  readonly alpn: string | undefined
  /** The client may send early data, which we refuse and skip (RFC 8446 §4.2.10). */
  readonly earlyData: boolean
}

/** Chooses, or throws the Fault that says why nothing can be chosen. The checks stand in the order of the RFC's duties. */
export function negotiate(hello: ClientHello, extensions: Extensions, config: ServerConfig): Negotiated {
  // RFC 8446 §4.1.2: exactly one byte, zero.
  if (hello.compressionMethods.length !== 1 || hello.compressionMethods[0] !== 0) throw fault('compression-offered')
  checkResumption(hello, extensions)
  const serverName = chooseName(extensions)
  const suite = chooseSuite(hello, config)
  const { group, share } = chooseGroup(extensions, config)
  const alpn = chooseProtocol(extensions, config)
  const chosen = chooseCredential(extensions, config, serverName)
  return { suite, group, share, alpn, serverName, ...chosen, earlyData: extensions.has(extensionType.earlyData) }
}

/** Where a second hello's share for the group asked for must be, after the same checks as the first one's. */
export function shareOfSecondHello(hello: ClientHello, group: GroupName): Uint8Array {
  const extensions = extensionsOf(hello)
  checkResumption(hello, extensions)
  const body = extensions.get(extensionType.keyShare)
  const shares = body === undefined ? [] : readClientShares(body)
  const [only] = shares
  if (shares.length !== 1 || only?.group !== groupIds[group]) throw fault('second-hello-wrong-share')
  return only.share
}

/** What a client says about resuming. No ticket of ours exists: every offered PSK is unknown, the handshake a full one. */
function checkResumption(hello: ClientHello, extensions: Extensions): void {
  const modes = extensions.get(extensionType.pskKeyExchangeModes)
  const psks = extensions.get(extensionType.preSharedKey)
  const early = extensions.get(extensionType.earlyData)
  const cookie = extensions.get(extensionType.cookie)
  if (modes !== undefined) readPskModes(modes)
  if (early !== undefined) readEarlyData(early)
  if (cookie !== undefined) readCookie(cookie)
  if (psks === undefined) return
  // RFC 8446 §4.2.11: the binders cover all that stands before them, so nothing may stand behind.
  if (hello.extensions.at(-1)?.type !== extensionType.preSharedKey) throw fault('pre-shared-key-not-last')
  if (modes === undefined) throw fault('psk-modes-missing')
  const { identities, binders } = readOfferedPsks(psks)
  if (identities.length !== binders.length)
    throw fault('psk-binders-mismatch', `${identities.length} identities, ${binders.length} binders`)
}

function chooseSuite(hello: ClientHello, config: ServerConfig): Suite {
  const preferred = config.suites ?? preferredSuites[config.crypto.name]
  const name = preferred.find((candidate) => hello.cipherSuites.includes(suites[candidate].id))
  if (name === undefined) throw fault('no-common-suite')
  return suites[name]
}

function chooseGroup(
  extensions: Extensions,
  config: ServerConfig,
): { group: GroupName; share: Uint8Array | undefined } {
  const groupsBody = extensions.get(extensionType.supportedGroups)
  const sharesBody = extensions.get(extensionType.keyShare)
  // RFC 8446 §9.2: without a PSK that we take, both must be there.
  if (groupsBody === undefined) throw fault('supported-groups-missing')
  if (sharesBody === undefined) throw fault('key-share-missing')
  const groups = readNumbers16(groupsBody, 'supported_groups')
  const shares = readClientShares(sharesBody)
  checkShares(shares, new Set(groups))

  const common = config.groups.filter((name) => groups.includes(groupIds[name]))
  const best = common[0]
  if (best === undefined) throw fault('no-common-group')
  // A round trip costs a client more than a curve of second choice: a group with a share wins over a better one without.
  // Not over a hybrid that we prefer: what is recorded today must not be opened by the quantum computer of tomorrow.
  const asGood = isHybrid(best) ? common.filter(isHybrid) : common
  const group = asGood.find((name) => shares.some((entry) => entry.group === groupIds[name])) ?? best
  return { group, share: shares.find((entry) => entry.group === groupIds[group])?.share }
}

// A set: both lists may be thousands long, and the client chooses.
function checkShares(shares: readonly KeyShareEntry[], groups: ReadonlySet<number>): void {
  const seen = new Set<number>()
  for (const { group } of shares) {
    if (seen.has(group)) throw fault('key-share-twice', `group ${group}`)
    if (!groups.has(group)) throw fault('key-share-not-offered', `group ${group}`)
    seen.add(group)
  }
}

function chooseCredential(
  extensions: Extensions,
  config: ServerConfig,
  serverName: string | undefined,
): { credential: ServerCredential; scheme: HandshakeSignatureName } {
  const body = extensions.get(extensionType.signatureAlgorithms)
  if (body === undefined) throw fault('signature-algorithms-missing')
  const offered = readNumbers16(body, 'signature_algorithms')
  const credentials = config.credentials(serverName)
  if (credentials === undefined) throw fault('server-name-unknown')
  for (const credential of credentials)
    for (const scheme of credential.signingKey.schemes)
      if (isHandshakeSignature(scheme) && offered.includes(schemeIds[scheme].id)) return { credential, scheme }
  throw fault('no-suitable-credential')
}
