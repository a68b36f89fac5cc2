import { equal } from '../bytes/arrays.ts'
import { DecodeError } from '../bytes/decode-error.ts'
import { parseAddress, unmapped } from '../bytes/ip-address.ts'
import { Reader } from '../bytes/reader.ts'
import { signature, tcp4, tcp6, type ProxyAddresses } from './proxy-protocol.ts'

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
  let isChecked = false
  while (body.remaining > 0) {
    const type = body.u8('type of a TLV')
    const value = body.sub16('TLV')
    if (type !== typeCrc32c) continue
    const at = value.offset
    // Each is a walk over the whole header, and hundreds of them would fit into it.
    if (isChecked) throw new DecodeError('PROXY header', at, 'a second checksum')
    isChecked = true
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

const versionOnePrefix = new TextEncoder().encode('PROXY ')
const longestVersion1 = 107
const typeCrc32c = 0x03
