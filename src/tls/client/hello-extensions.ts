import { parseAddress } from '../../bytes/ip-address.ts'
import { hashLength } from '../../crypto/provider.ts'
import { extensionType } from '../../wire/code-points.ts'
import type { Extension } from '../../wire/extension.ts'
import { writeProtocolNames } from '../../wire/extensions/alpn.ts'
import { writeCookie } from '../../wire/extensions/cookie.ts'
import { writeClientShares } from '../../wire/extensions/key-share.ts'
import { writeNumbers16, writeNumbers8 } from '../../wire/extensions/number-list.ts'
import { uncompressed, writePointFormats } from '../../wire/extensions/point-formats.ts'
import { writeOfferedPsks } from '../../wire/extensions/pre-shared-key.ts'
import { pskDheKe, writePskModes } from '../../wire/extensions/psk-key-exchange-modes.ts'
import { writeRecordSizeLimit } from '../../wire/extensions/record-size-limit.ts'
import { writeRenegotiationInfo } from '../../wire/extensions/renegotiation-info.ts'
import { writeServerNames } from '../../wire/extensions/server-name.ts'
import { normalize } from '../../x509/host-name.ts'
import { maxPlaintext } from '../record/framer.ts'
import { protocolName } from '../protocol-name.ts'
import { groupIds, suites } from '../suites.ts'
import { tls12SchemeIds } from '../tls12/suites.ts'
import { versionNumbers } from '../version.ts'
import type { ClientConfig } from './config.ts'
import type { Offer } from './hello.ts'
import { obfuscatedAge, type Tls13Session } from './session.ts'

/** What a hello offers by its extensions; a cookie is what a HelloRetryRequest brought. */
export type Offered = Omit<Offer, 'hello' | 'message'> & { readonly cookie?: Uint8Array | undefined }

/** The extensions of a ClientHello (RFC 8446 §4.2), for each of the versions that it offers. */
export function helloExtensions(offered: Offered, config: ClientConfig): Extension[] {
  return [
    ...commonExtensions(offered, config),
    ...(offered.tls12Suites.length === 0 ? [] : tls12Extensions(offered)),
    ...(offered.suites.length === 0 ? [] : tls13Extensions(offered, config)),
  ]
}

function commonExtensions({ schemes, versions }: Offered, config: ClientConfig): Extension[] {
  return [
    ...nameExtension(config.serverName),
    { type: extensionType.supportedGroups, body: writeNumbers16(config.groups.map((group) => groupIds[group])) },
    { type: extensionType.signatureAlgorithms, body: writeNumbers16(schemes.map((name) => tls12SchemeIds[name].id)) },
    ...protocolExtension(config.alpn),
    // All that a record can hold: it says that the server may ask for less (RFC 8449 §4).
    {
      type: extensionType.recordSizeLimit,
      body: writeRecordSizeLimit(maxPlaintext + (versions[0] === 'TLSv1.3' ? 1 : 0)),
    },
  ]
}

/** The repairs of TLS 1.2, and its tickets; a server of TLS 1.3 passes over them. */
function tls12Extensions({ session }: Offered): Extension[] {
  const nothing = new Uint8Array(0)
  return [
    { type: extensionType.pointFormats, body: writePointFormats([uncompressed]) },
    { type: extensionType.extendedMasterSecret, body: nothing },
    { type: extensionType.renegotiationInfo, body: writeRenegotiationInfo() },
    // RFC 5077 §3.2: empty, it asks for a ticket.
    { type: extensionType.sessionTicket, body: session?.version === 'TLSv1.2' ? session.ticket : nothing },
  ]
}

function tls13Extensions({ versions, pairs, session, cookie }: Offered, config: ClientConfig): Extension[] {
  const shares = [...pairs].map(([group, { share }]) => ({ group: groupIds[group], share }))
  return [
    { type: extensionType.supportedVersions, body: writeNumbers8(versions.map((name) => versionNumbers[name])) },
    // Without a key exchange of its own, a resumed connection would be only as secret as its ticket: never offered.
    { type: extensionType.pskKeyExchangeModes, body: writePskModes(Uint8Array.of(pskDheKe)) },
    { type: extensionType.keyShare, body: writeClientShares(shares) },
    ...(cookie === undefined ? [] : [{ type: extensionType.cookie, body: writeCookie(cookie) }]),
    ...(session?.version === 'TLSv1.3' ? [sessionExtension(session, config)] : []),
  ]
}

/** The last extension always (RFC 8446 §4.2.11); the binder's place is held until the rest is written. */
function sessionExtension(session: Tls13Session, { now }: ClientConfig): Extension {
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
  return [{ type: extensionType.alpn, body: writeProtocolNames(protocols.map(protocolName)) }]
}
