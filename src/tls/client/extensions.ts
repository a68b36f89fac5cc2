import { extensionType } from '../../wire/code-points.ts'
import type { Extension } from '../../wire/extension.ts'
import { fault } from '../fault.ts'

/** A server's messages that carry extensions, each with those that it may carry (RFC 8446 §4.2, the table). */
const allowed: Readonly<Record<Answer | Question, readonly number[]>> = {
  ServerHello: [extensionType.keyShare, extensionType.preSharedKey, extensionType.supportedVersions],
  HelloRetryRequest: [extensionType.keyShare, extensionType.cookie, extensionType.supportedVersions],
  'ServerHello of TLS 1.2': [
    extensionType.serverName,
    extensionType.pointFormats,
    extensionType.alpn,
    extensionType.recordSizeLimit,
    extensionType.extendedMasterSecret,
    extensionType.sessionTicket,
    extensionType.renegotiationInfo,
  ],
  EncryptedExtensions: [
    extensionType.serverName,
    extensionType.supportedGroups,
    extensionType.alpn,
    extensionType.recordSizeLimit,
  ],
  Certificate: [],
  CertificateRequest: [extensionType.signatureAlgorithms],
  NewSessionTicket: [extensionType.earlyData],
}

/** These answer the client's extensions. */
type Answer = 'ServerHello' | 'ServerHello of TLS 1.2' | 'HelloRetryRequest' | 'EncryptedExtensions' | 'Certificate'
/** These have extensions of their own. */
type Question = 'CertificateRequest' | 'NewSessionTicket'

/**
 * The extensions of a server's answer by number. None may come twice, none that the client did not offer, none in a
 * message where it does not belong (RFC 8446 §4.2).
 */
export function answers(
  message: Answer,
  extensions: readonly Extension[],
  offered: readonly Extension[],
): ReadonlyMap<number, Uint8Array> {
  for (const { type } of extensions) {
    // A cookie is the one thing that a server may bring up by itself (§4.2.2).
    if (message === 'HelloRetryRequest' && type === extensionType.cookie) continue
    if (!offered.some((extension) => extension.type === type))
      throw fault('extension-not-offered', `extension ${type} in ${message}`)
    if (!allowed[message].includes(type)) throw fault('extension-misplaced', `extension ${type} in ${message}`)
  }
  return byNumber(message, extensions)
}

/** The extensions of a server's question. Those that we do not know are to be ignored (§4.3.2, §4.6.1). */
export function asked(message: Question, extensions: readonly Extension[]): ReadonlyMap<number, Uint8Array> {
  for (const { type } of extensions)
    if (known.has(type) && !allowed[message].includes(type))
      throw fault('extension-misplaced', `extension ${type} in ${message}`)
  return byNumber(message, extensions)
}

function byNumber(message: string, extensions: readonly Extension[]): ReadonlyMap<number, Uint8Array> {
  const bodies = new Map<number, Uint8Array>()
  for (const { type, body } of extensions) {
    if (bodies.has(type)) throw fault('extension-twice', `extension ${type} in ${message}`)
    bodies.set(type, body)
  }
  return bodies
}

/** Extensions that belong to other messages, whoever says them. */
const known: ReadonlySet<number> = new Set([
  extensionType.serverName,
  extensionType.supportedGroups,
  extensionType.alpn,
  extensionType.recordSizeLimit,
  extensionType.padding,
  extensionType.preSharedKey,
  extensionType.earlyData,
  extensionType.supportedVersions,
  extensionType.cookie,
  extensionType.pskKeyExchangeModes,
  extensionType.keyShare,
])
