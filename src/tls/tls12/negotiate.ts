import type { GroupName } from '../../crypto/provider.ts'
import { signatureDetails } from '../../crypto/key-check.ts'
import type { ClientHello } from '../../wire/client-hello.ts'
import { extensionType, renegotiationSignal } from '../../wire/code-points.ts'
import { readExtendedMasterSecret } from '../../wire/extensions/extended-master-secret.ts'
import { readNumbers16 } from '../../wire/extensions/number-list.ts'
import { readPointFormats, uncompressed } from '../../wire/extensions/point-formats.ts'
import { readRenegotiationInfo } from '../../wire/extensions/renegotiation-info.ts'
import { bestChain, readChainWishes, type ChainWishes } from '../chain-wishes.ts'
import type { ServerConfig, ServerCredential } from '../config.ts'
import { fault } from '../fault.ts'
import { chooseName, chooseProtocol, type Extensions } from '../hello.ts'
import { chooseRecordLimit, type RecordLimit } from '../record-limit.ts'
import { groupIds } from '../suites.ts'
import {
  isTls12Group,
  isTls12Signature,
  preferredTls12Suites,
  tls12SchemeIds,
  tls12Suites,
  type Tls12SignatureName,
  type Tls12Suite,
} from './suites.ts'

/** What a ClientHello says and asks when TLS 1.2 is what both sides speak, with the choices that hang on nothing else. */
export interface Tls12Hello {
  readonly random: Uint8Array
  readonly sessionId: Uint8Array
  /** The suites that we would take, our preference first. */
  readonly suites: readonly Tls12Suite[]
  readonly groups: readonly number[]
  readonly wishes: ChainWishes
  readonly serverName: string | undefined
  readonly alpn: string | undefined
  readonly extendedMasterSecret: boolean
  /** The client can tell a renegotiation from a first handshake, and wants to hear that we can (RFC 5746 §3.6). */
  readonly secureRenegotiation: boolean
  /** It said which point formats it reads, and so is told ours (RFC 8422 §5.2). */
  readonly pointFormats: boolean
  /** It takes tickets, and shows this one; it may be empty. Undefined: it does not (RFC 5077 §3.2). */
  readonly ticket: Uint8Array | undefined
  readonly recordLimit: RecordLimit | undefined
}

/** What a full handshake needs besides. */
export interface Tls12Choice {
  readonly suite: Tls12Suite
  readonly group: GroupName
  readonly credential: ServerCredential
  readonly scheme: Tls12SignatureName
}

/** Reads and checks. Throws Fault. */
export function readTls12Hello(hello: ClientHello, extensions: Extensions, config: ServerConfig): Tls12Hello {
  // RFC 5246 §7.4.1.2: others may be offered beside it. We never compress (CRIME).
  if (!hello.compressionMethods.includes(0)) throw fault('compression-null-missing')
  const secureRenegotiation = checkRenegotiation(hello, extensions)
  const pointFormats = checkPointFormats(extensions.get(extensionType.pointFormats))
  const suites = (config.tls12Suites ?? preferredTls12Suites[config.crypto.name])
    .map((name) => tls12Suites[name])
    .filter(({ id }) => hello.cipherSuites.includes(id))
  if (suites.length === 0) throw fault('no-common-suite')
  return {
    random: hello.random,
    sessionId: hello.sessionId,
    suites,
    // RFC 8422 §4 leaves a server free where the list is missing. We do as BoringSSL does, and guess no curve.
    groups: readGroups(extensions.get(extensionType.supportedGroups)),
    wishes: readChainWishes(extensions),
    serverName: chooseName(extensions),
    alpn: chooseProtocol(extensions, config),
    extendedMasterSecret: readPresence(extensions.get(extensionType.extendedMasterSecret)),
    secureRenegotiation,
    pointFormats,
    ticket: extensions.get(extensionType.sessionTicket),
    recordLimit: chooseRecordLimit(extensions, 'TLSv1.2'),
  }
}

/** Chooses for a full handshake, or throws the Fault that says why nothing can be chosen. */
export function chooseInTls12(
  heard: Tls12Hello,
  credentials: readonly ServerCredential[] | undefined,
  config: ServerConfig,
): Tls12Choice {
  const { groups, wishes } = heard
  const group = config.groups.find((name) => isTls12Group(name) && groups.includes(groupIds[name]))
  if (group === undefined) throw fault('no-common-group')
  if (credentials === undefined) throw fault('server-name-unknown')
  // Those for which the client has a scheme and a suite: a credential's key decides which suites fit.
  const possible = credentials.flatMap((credential) => {
    const signing = chooseSigning(credential, heard)
    return signing === undefined ? [] : [{ credential, group, ...signing }]
  })
  const chosen = bestChain(possible, wishes)
  if (chosen === undefined) throw fault('no-suitable-credential')
  return chosen
}

function chooseSigning(
  { signingKey }: ServerCredential,
  { suites, groups, wishes }: Tls12Hello,
): Pick<Tls12Choice, 'suite' | 'scheme'> | undefined {
  // RFC 5246 §7.4.1.4.1: without a list the client means SHA-1, and no key of ours signs that (RFC 9155 §2).
  const { signatureSchemes = [] } = wishes
  for (const scheme of signingKey.schemes) {
    if (!isTls12Signature(scheme) || !signatureSchemes.includes(tls12SchemeIds[scheme].id)) continue
    const { curve, kind } = signatureDetails[scheme]
    // RFC 8422 §5.3: the certificate's key has to lie on a curve that the client has named.
    if (curve !== undefined && !groups.includes(groupIds[curve])) continue
    const suite = suites.find(({ signature }) => signature === (kind === 'rsa' ? 'RSA' : 'ECDSA'))
    if (suite !== undefined) return { suite, scheme }
  }
  return undefined
}

/** RFC 5746 §3.6: the extension, which must be empty in a first handshake, or the suite that stands for it. */
function checkRenegotiation(hello: ClientHello, extensions: Extensions): boolean {
  const body = extensions.get(extensionType.renegotiationInfo)
  if (body === undefined) return hello.cipherSuites.includes(renegotiationSignal)
  if (readRenegotiationInfo(body).length > 0) throw fault('renegotiation-info-not-empty')
  return true
}

/** RFC 8422 §5.1.2: who sends the list has to have uncompressed in it. */
function checkPointFormats(body: Uint8Array | undefined): boolean {
  if (body === undefined) return false
  if (!readPointFormats(body).includes(uncompressed)) throw fault('point-format-missing')
  return true
}

function readGroups(body: Uint8Array | undefined): readonly number[] {
  return body === undefined ? [] : readNumbers16(body, 'supported_groups')
}

function readPresence(body: Uint8Array | undefined): boolean {
  if (body === undefined) return false
  readExtendedMasterSecret(body)
  return true
}
