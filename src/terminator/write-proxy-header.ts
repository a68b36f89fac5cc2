import { mapped, unmapped } from '../bytes/ip-address.ts'
import { Writer } from '../bytes/writer.ts'
import { signature, tcp4, tcp6, type ProxyAddresses, type ProxyClient, type ProxyTls } from './proxy-protocol.ts'

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

const utf8 = new TextEncoder()
const typeAlpn = 0x01
const typeAuthority = 0x02
const typeSsl = 0x20
const subtypeSslVersion = 0x21
const subtypeSslCn = 0x22
const subtypeSslCipher = 0x23
