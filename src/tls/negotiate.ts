import type { GroupName } from '../crypto/provider.ts'
import { extensionType } from '../wire/code-points.ts'
import type { ClientHello } from '../wire/client-hello.ts'
import { readCookie } from '../wire/extensions/cookie.ts'
import { readEarlyData } from '../wire/extensions/early-data.ts'
import { readClientShares, type KeyShareEntry } from '../wire/extensions/key-share.ts'
import { readNumbers16, readNumbers8 } from '../wire/extensions/number-list.ts'
import { readOfferedPsks, type OfferedPsks } from '../wire/extensions/pre-shared-key.ts'
import { pskDheKe, readPskModes } from '../wire/extensions/psk-key-exchange-modes.ts'
import { readChainWishes, type ChainWishes } from './chain-wishes.ts'
import type { ServerConfig } from './config.ts'
import { fault } from './fault.ts'
import { chooseName, chooseProtocol, extensionsOf, type Extensions } from './hello.ts'
import { chooseRecordLimit, type RecordLimit } from './record-limit.ts'
import { groupIds, isHybrid, preferredSuites, suites } from './suites.ts'
import type { Suite } from './suites.ts'

/** Every choice that a ClientHello leads to, in one value. */
export interface Negotiated {
  readonly suite: Suite
  readonly group: GroupName
  /** The client's share for the group; undefined: a HelloRetryRequest has to ask for it. */
  readonly share: Uint8Array | undefined
  readonly serverName: string | undefined
  readonly alpn: string | undefined
  /** The client can resume as we do, with a fresh key exchange: psk_dhe_ke (RFC 8446 §4.2.9). */
  readonly resumable: boolean
  /** What it would resume, where it can. */
  readonly psks: OfferedPsks | undefined
  /** What the client says about the chain that it would like to get. */
  readonly wishes: ChainWishes
  /** How the client takes a certificate compressed (RFC 8879 §3). */
  readonly certificateCompression: readonly number[]
  /** undefined: as long as the version allows. */
  readonly recordLimit: RecordLimit | undefined
  /** The client may send early data, which we refuse and skip (RFC 8446 §4.2.10). */
  readonly earlyData: boolean
}

/** Chooses, or throws the Fault that says why nothing can be chosen. The checks stand in the order of the RFC's duties. */
export function negotiate(hello: ClientHello, extensions: Extensions, config: ServerConfig): Negotiated {
  // RFC 8446 §4.1.2: exactly one byte, zero.
  if (hello.compressionMethods.length !== 1 || hello.compressionMethods[0] !== 0) throw fault('compression-offered')
  const { resumable, psks, earlyData } = readResumption(hello, extensions)
  const serverName = chooseName(extensions)
  const suite = chooseSuite(hello, config)
  const { group, share } = chooseGroup(extensions, config)
  const alpn = chooseProtocol(extensions, config)
  const recordLimit = chooseRecordLimit(extensions, 'TLSv1.3')
  const wishes = readChainWishes(extensions)
  const certificateCompression = readCompression(extensions)
  return {
    suite,
    group,
    share,
    serverName,
    alpn,
    resumable,
    psks,
    wishes,
    certificateCompression,
    recordLimit,
    earlyData,
  }
}

/**
 * The same after a HelloRetryRequest: the share asked for, and what the client would resume now. All else stays as the
 * first hello had it.
 */
export function negotiateAgain(hello: ClientHello, first: Negotiated): Negotiated & { readonly share: Uint8Array } {
  const extensions = extensionsOf(hello)
  const { psks } = readResumption(hello, extensions)
  const body = extensions.get(extensionType.keyShare)
  if (body === undefined) throw fault('key-share-missing')
  const shares = readClientShares(body)
  const [only] = shares
  if (shares.length !== 1 || only?.group !== groupIds[first.group]) throw fault('second-hello-wrong-share')
  return { ...first, share: only.share, psks, earlyData: false }
}

function readCompression(extensions: Extensions): readonly number[] {
  const body = extensions.get(extensionType.compressCertificate)
  if (body === undefined) return []
  const algorithms = readNumbers8(body, 'compress_certificate')
  if (new Set(algorithms).size < algorithms.length) throw fault('certificate-compression-twice')
  return algorithms
}

/** What a client says about resuming, and what belongs to it. */
function readResumption(
  hello: ClientHello,
  extensions: Extensions,
): Pick<Negotiated, 'resumable' | 'psks' | 'earlyData'> {
  const modes = extensions.get(extensionType.pskKeyExchangeModes)
  const psks = extensions.get(extensionType.preSharedKey)
  const early = extensions.get(extensionType.earlyData)
  const cookie = extensions.get(extensionType.cookie)
  const resumable = modes !== undefined && readPskModes(modes).includes(pskDheKe)
  if (early !== undefined) readEarlyData(early)
  if (cookie !== undefined) readCookie(cookie)
  const earlyData = early !== undefined
  if (psks === undefined) return { resumable, psks: undefined, earlyData }
  // RFC 8446 §4.2.11: the binders cover all that stands before them, so nothing may stand behind.
  if (hello.extensions.at(-1)?.type !== extensionType.preSharedKey) throw fault('pre-shared-key-not-last')
  if (modes === undefined) throw fault('psk-modes-missing')
  const offered = readOfferedPsks(psks)
  if (offered.identities.length !== offered.binders.length)
    throw fault('psk-binders-mismatch', `${offered.identities.length} identities, ${offered.binders.length} binders`)
  return { resumable, psks: resumable ? offered : undefined, earlyData }
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
