import { u16, u8, vector16, vector8 } from './bytes.ts'
import { groupNumber, type Group } from './primitives.ts'
import { modernSuites, olderSuites } from './suites.ts'

/** What the peer says it can do: TLS 1.3, TLS 1.2, or both. */
export type Speaks = '1.3' | '1.2' | 'both'

/** How a hello differs from a decent one. Byte strings are hexadecimal; spaces are passed over. */
export interface HelloEdit {
  readonly legacyVersion?: number
  readonly random?: string
  readonly sessionId?: string
  readonly suites?: readonly number[]
  /** The cipher_suites vector with its length, as it goes on the wire. */
  readonly suitesRaw?: string
  /** The legacy_compression_methods vector with its length. */
  readonly compressionRaw?: string
  /** By name or number: the body instead of the usual one, or none at all where it is null. */
  readonly extensions?: Readonly<Record<string, string | null>>
  /** In front of the usual ones, and behind them. */
  readonly first?: Readonly<Record<string, string>>
  readonly last?: Readonly<Record<string, string>>
  /** Names of extensions that are said twice. */
  readonly twice?: readonly string[]
  /** The whole extensions block with its length; the empty string leaves it out. */
  readonly extensionsRaw?: string
  readonly groups?: readonly Group[]
  readonly shares?: readonly Group[]
  /** The signature schemes, by number. */
  readonly schemes?: readonly number[]
  readonly alpn?: readonly string[]
  readonly serverName?: string
}

/** The numbers that scenarios call by name. */
export const extensionNumber: Readonly<Record<string, number>> = {
  server_name: 0,
  max_fragment_length: 1,
  client_certificate_url: 2,
  trusted_ca_keys: 3,
  truncated_hmac: 4,
  status_request: 5,
  supported_groups: 10,
  ec_point_formats: 11,
  signature_algorithms: 13,
  use_srtp: 14,
  heartbeat: 15,
  alpn: 16,
  status_request_v2: 17,
  signed_certificate_timestamp: 18,
  client_certificate_type: 19,
  server_certificate_type: 20,
  padding: 21,
  encrypt_then_mac: 22,
  extended_master_secret: 23,
  compress_certificate: 27,
  record_size_limit: 28,
  delegated_credential: 34,
  session_ticket: 35,
  pre_shared_key: 41,
  early_data: 42,
  supported_versions: 43,
  cookie: 44,
  psk_key_exchange_modes: 45,
  certificate_authorities: 47,
  oid_filters: 48,
  post_handshake_auth: 49,
  signature_algorithms_cert: 50,
  key_share: 51,
  quic_transport_parameters: 57,
  ticket_request: 58,
  renegotiation_info: 0xff01,
}

export interface HelloParts {
  readonly speaks: Speaks
  readonly random: Buffer
  readonly sessionId: Buffer
  readonly shares: ReadonlyMap<Group, Buffer>
  readonly groups: readonly Group[]
}

/** The body of a ClientHello (RFC 8446 §4.1.2). */
export function clientHello(parts: HelloParts, edit: HelloEdit = {}): Buffer {
  const suites = edit.suites ?? [
    ...(parts.speaks === '1.2' ? [] : modernSuites),
    ...(parts.speaks === '1.3' ? [] : olderSuites),
  ]
  return Buffer.concat([
    u16(edit.legacyVersion ?? 0x0303),
    edit.random === undefined ? parts.random : hex(edit.random),
    vector8(edit.sessionId === undefined ? parts.sessionId : hex(edit.sessionId)),
    edit.suitesRaw === undefined ? vector16(...suites.map(u16)) : hex(edit.suitesRaw),
    edit.compressionRaw === undefined ? vector8(u8(0)) : hex(edit.compressionRaw),
    edit.extensionsRaw === undefined ? vector16(...extensions(parts, edit)) : hex(edit.extensionsRaw),
  ])
}

function extensions(parts: HelloParts, edit: HelloEdit): Buffer[] {
  const list: [number, Buffer][] = usual(parts, edit)
  const changes = Object.entries(edit.extensions ?? {}).map(([name, body]) => [numberOf(name), body] as const)
  for (const [number, body] of changes) {
    const at = list.findIndex(([type]) => type === number)
    const entry: [number, Buffer][] = body === null ? [] : [[number, hex(body)]]
    if (at >= 0) list.splice(at, 1, ...entry)
    else list.push(...entry)
  }
  for (const name of edit.twice ?? []) {
    const found = list.find(([type]) => type === numberOf(name))
    if (found === undefined) throw new Error(`twice: the hello has no ${name}`)
    list.push(found)
  }
  return [...numbered(edit.first), ...list, ...numbered(edit.last)].map(([type, body]) =>
    Buffer.concat([u16(type), vector16(body)]),
  )
}

function usual({ speaks, shares, groups }: HelloParts, edit: HelloEdit): [number, Buffer][] {
  const name = Buffer.from(edit.serverName ?? 'shop.example.com')
  const schemes = edit.schemes ?? [0x0403, 0x0503, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401]
  const list: [number, Buffer][] = [
    [0, vector16(u8(0), vector16(name))],
    [10, vector16(...groups.map((group) => u16(groupNumber[group])))],
    [13, vector16(...schemes.map(u16))],
  ]
  if (edit.alpn !== undefined) list.push([16, vector16(...edit.alpn.map((one) => vector8(Buffer.from(one))))])
  if (speaks !== '1.3') list.push([11, vector8(u8(0))], [23, Buffer.alloc(0)], [0xff01, vector8()])
  if (speaks !== '1.2') {
    list.push([43, vector8(...(speaks === '1.3' ? [0x0304] : [0x0304, 0x0303]).map(u16))])
    list.push([45, vector8(u8(1))])
    list.push([51, vector16(...[...shares].map(([group, share]) => keyShare(group, share)))])
  }
  return list
}

function keyShare(group: Group, share: Buffer): Buffer {
  return Buffer.concat([u16(groupNumber[group]), vector16(share)])
}

function numbered(bodies: Readonly<Record<string, string>> = {}): [number, Buffer][] {
  return Object.entries(bodies).map(([name, body]) => [numberOf(name), hex(body)])
}

function numberOf(name: string): number {
  const number = extensionNumber[name] ?? Number(name)
  if (!Number.isInteger(number)) throw new Error(`no extension is called ${name}`)
  return number
}

/** `00 0a *300` says 00 0a, then three hundred zeros: long bodies need not be written out. */
export function hex(text: string): Buffer {
  const parts = text.split(/\s+/).filter((part) => part !== '')
  return Buffer.concat(
    parts.map((part) => {
      if (part.startsWith('*')) return Buffer.alloc(Number(part.slice(1)))
      if (part.length % 2 !== 0 || !/^[0-9a-f]+$/i.test(part)) throw new Error(`not hexadecimal: ${part}`)
      return Buffer.from(part, 'hex')
    }),
  )
}
