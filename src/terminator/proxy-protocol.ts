/**
 * The PROXY protocol: who is at the other end, said in front of the connection's own bytes. Versions 1 and 2 are read
 * (from a load balancer), version 2 is written (to nginx). Pure: bytes in, a value out.
 *
 * Section numbers are those of HAProxy's "The PROXY protocol, versions 1 & 2" (proxy-protocol.txt, 2020/03/05).
 */
import { equal } from '../bytes/arrays.ts'
import { DecodeError } from '../bytes/decode-error.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import { mapped, parseAddress, unmapped } from '../bytes/ip-address.ts'

/** One end of a connection; `address` is 4 or 16 bytes. */
export interface PeerAddress {
  readonly address: Uint8Array
  readonly port: number
}

export interface ProxyAddresses {
  readonly source: PeerAddress
  readonly destination: PeerAddress
}

/** What is told about the client's TLS. */
export interface ProxyTls {
  readonly version: string
  readonly suite: string
  readonly serverName: string | undefined
  readonly alpn: string | undefined
  /** Left out: the client has shown no certificate. */
  readonly client?: ProxyClient
}

/** Who the client says it is, and whether that is so. */
export interface ProxyClient {
  /** Zero: verified. Otherwise why not, in the numbers of OpenSSL (X509_V_ERR_…), which HAProxy sends. */
  readonly verify: number
  readonly commonName: string | undefined
  /** The certificate was shown in an earlier connection of the session, and not in this one. */
  readonly resumed: boolean
}

/** `addresses` is undefined where the sender speaks for itself or does not know (LOCAL, UNKNOWN, UNSPEC). */
export type ProxyHeader = { readonly length: number; readonly addresses: ProxyAddresses | undefined }

/** A header longer than this is refused. nginx has the same limit (NGX_PROXY_PROTOCOL_MAX_HEADER). */
export const longestHeader = 4096

/**
 * Reads the header at the beginning of `bytes`; undefined where more bytes are needed. Throws DecodeError as soon as
 * it is certain that they are no header: §2 asks for one in front of every connection, and never to guess.
 */
export function readProxyHeader(bytes: Uint8Array): ProxyHeader | undefined {
  if (startsLike(bytes, signature)) return readVersion2(bytes)
  if (startsLike(bytes, versionOnePrefix)) return readVersion1(bytes)
  throw new DecodeError('PROXY header', 0, 'neither version 1 nor version 2 begins like this')
}

/** A version 2 header, PROXY over STREAM (§2.2). Both ends are written in one family, mapped where they differ. */
export function writeProxyHeader({ source, destination }: ProxyAddresses, tls?: ProxyTls): Uint8Array {
  const from = unmapped(source.address)
  const to = unmapped(destination.address)
  const four = from.length === 4 && to.length === 4
  const out = new Writer()
  out.raw(signature)
  out.u8(0x21) // version 2, command PROXY
  out.u8(four ? tcp4 : tcp6)
  out.prefixed16((body) => {
    body.raw(four ? from : mapped(from))
    body.raw(four ? to : mapped(to))
    body.u16(source.port)
    body.u16(destination.port)
    if (tls !== undefined) writeTls(body, tls)
  })
  return out.finish()
}

/** A version 2 header that says: nobody's connection but mine, as health checks have it (§2.2, LOCAL). */
export function writeLocalHeader(): Uint8Array {
  const out = new Writer()
  out.raw(signature)
  out.u8(0x20) // version 2, command LOCAL
  out.u8(0x00) // UNSPEC
  out.u16(0)
  return out.finish()
}

function writeTls(out: Writer, { version, suite, serverName, alpn, client }: ProxyTls): void {
  if (alpn !== undefined) writeTlv(out, typeAlpn, (value) => value.raw(utf8.encode(alpn)))
  if (serverName !== undefined) writeTlv(out, typeAuthority, (value) => value.raw(utf8.encode(serverName)))
  writeTlv(out, typeSsl, (value) => {
    value.u8(flagsOf(client))
    // §2.2.6: zero means that a certificate was verified, so without one it is anything else.
    value.u32(client?.verify ?? 1)
    writeTlv(value, subtypeSslVersion, (text) => text.raw(utf8.encode(version)))
    const commonName = client?.commonName
    if (commonName !== undefined && isPrintable(commonName))
      writeTlv(value, subtypeSslCn, (text) => text.raw(utf8.encode(commonName)))
    writeTlv(value, subtypeSslCipher, (text) => text.raw(utf8.encode(suite)))
  })
}

/** PP2_CLIENT_SSL, and whether a certificate came with this connection (CERT_CONN), or with its session (CERT_SESS). */
function flagsOf(client: ProxyClient | undefined): number {
  if (client === undefined) return 0x01
  return client.resumed ? 0x01 | 0x04 : 0x01 | 0x02 | 0x04
}

/**
 * Whether a name may go to nginx, which puts it into headers as it is. A cut name could be somebody else's, so one that is
 * too long is left out (RFC 5280 appendix A.1: at most 64 characters), and so is one with control characters or bytes that
 * are no UTF-8.
 */
function isPrintable(name: string): boolean {
  // eslint-disable-next-line no-control-regex
  return name !== '' && name.length <= 64 && !/[\u0000-\u001f\u007f-\u009f\ufffd]/.test(name)
}

function writeTlv(out: Writer, type: number, value: (out: Writer) => void): void {
  out.u8(type)
  out.prefixed16(value)
}

function readVersion1(bytes: Uint8Array): ProxyHeader | undefined {
  // §2.1: at most 107 characters with CRLF, so whoever has read 107 without one has read no header.
  const end = bytes.subarray(0, longestVersion1).indexOf(0x0a)
  if (end < 0) {
    if (bytes.length >= longestVersion1) throw malformed(longestVersion1, 'no line end within 107 bytes')
    return undefined
  }
  const line = bytes.subarray(0, end)
  if (line[end - 1] !== 0x0d) throw malformed(end, 'the line does not end in CRLF')
  if (line.some((byte) => byte > 0x7e)) throw malformed(0, 'not ASCII')
  const text = String.fromCharCode(...line.subarray(0, end - 1))
  const length = end + 1
  if (text === 'PROXY UNKNOWN' || text.startsWith('PROXY UNKNOWN ')) return { length, addresses: undefined }

  const words = text.split(' ')
  const [, family, from = '', to = '', fromPort = '', toPort = ''] = words
  if (words.length !== 6) throw malformed(0, `${words.length} words, expected 6`)
  if (family !== 'TCP4' && family !== 'TCP6') throw malformed(6, 'expected TCP4, TCP6 or UNKNOWN')
  const address = (text: string): Uint8Array => {
    const bytes = text.includes(':') === (family === 'TCP6') && !text.includes('%') ? parseAddress(text) : undefined
    if (bytes === undefined) throw malformed(11, `no address of ${family}`)
    return bytes
  }
  const port = (text: string): number => {
    if (!/^(0|[1-9]\d{0,4})$/.test(text) || Number(text) > 65_535) throw malformed(11, 'no port')
    return Number(text)
  }
  const source = { address: address(from), port: port(fromPort) }
  return { length, addresses: { source, destination: { address: address(to), port: port(toPort) } } }
}

function readVersion2(bytes: Uint8Array): ProxyHeader | undefined {
  const command = bytes[12]
  if (command !== undefined && command !== 0x20 && command !== 0x21)
    throw new DecodeError('PROXY header', 12, 'version is not 2, or command is neither LOCAL nor PROXY')
  if (bytes.length < 16) return undefined
  const head = new Reader(bytes.subarray(13))
  const family = head.u8('family')
  const bodyLength = head.u16('length')
  const length = 16 + bodyLength
  if (length > longestHeader) throw new DecodeError('PROXY header', 14, `${length} bytes, at most ${longestHeader}`)
  if (bytes.length < length) return undefined

  const body = new Reader(bytes.subarray(16, length), 16)
  if (command === 0x20) return { length, addresses: undefined } // §2.2: LOCAL, whatever the rest says
  const addresses = readAddresses(family, body)
  checkTlvs(body, bytes.subarray(0, length))
  return { length, addresses }
}

function readAddresses(family: number, body: Reader): ProxyAddresses | undefined {
  switch (family) {
    case 0x00: // UNSPEC: only the real connection is known
      body.rest()
      return undefined
    case tcp4:
    case tcp6: {
      const width = family === tcp4 ? 4 : 16
      const from = unmapped(body.take('source address', width).slice())
      const to = unmapped(body.take('destination address', width).slice())
      const source = { address: from, port: body.u16('source port') }
      return { source, destination: { address: to, port: body.u16('destination port') } }
    }
    case 0x31: // UNIX stream: two paths of 108 bytes, which say nothing about a client
      body.take('paths', 216)
      return undefined
    default:
      // §2.2: unassigned values must be dropped; a datagram cannot have come over a stream.
      throw new DecodeError('PROXY header', 13, 'expected TCP over IPv4 or IPv6, a UNIX stream, or UNSPEC')
  }
}

/** Type-length-values are skipped, but must fit; a checksum must be right where there is one (§2.2.3). */
function checkTlvs(body: Reader, header: Uint8Array): void {
  while (body.remaining > 0) {
    const type = body.u8('type of a TLV')
    const value = body.sub16('TLV')
    if (type !== typeCrc32c) continue
    const at = value.offset
    const expected = value.u32('checksum')
    value.end('checksum')
    const zeroed = header.slice()
    zeroed.fill(0, at, at + 4)
    if (crc32c(zeroed) !== expected) throw new DecodeError('PROXY header', at, 'the checksum is wrong')
  }
}

/** CRC32c (RFC 4960 appendix B), bit by bit: headers are short and few carry one. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff
  for (const byte of bytes) {
    crc ^= byte
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0)
  }
  return ~crc >>> 0
}

/** Whether all that is there of the beginning is as it should be. */
function startsLike(bytes: Uint8Array, beginning: Uint8Array): boolean {
  const length = Math.min(bytes.length, beginning.length)
  return equal(bytes.subarray(0, length), beginning.subarray(0, length))
}

function malformed(offset: number, why: string): DecodeError {
  return new DecodeError('PROXY header version 1', offset, why)
}

const utf8 = new TextEncoder()
/** §2.2: CR LF CR LF NUL CR LF Q U I T LF, which no protocol begins with. */
const signature = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a)
const versionOnePrefix = utf8.encode('PROXY ')
const longestVersion1 = 107
const tcp4 = 0x11
const tcp6 = 0x21
const typeAlpn = 0x01
const typeAuthority = 0x02
const typeCrc32c = 0x03
const typeSsl = 0x20
const subtypeSslVersion = 0x21
const subtypeSslCn = 0x22
const subtypeSslCipher = 0x23
