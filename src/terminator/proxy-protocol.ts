/**
 * The PROXY protocol: who is at the other end, said in front of the connection's own bytes. Versions 1 and 2 are read
 * (read-proxy-header.ts, from a load balancer), version 2 is written (write-proxy-header.ts, to nginx).
 *
 * Section numbers are those of HAProxy's "The PROXY protocol, versions 1 & 2" (proxy-protocol.txt, 2020/03/05).
 */

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

/** §2.2: CR LF CR LF NUL CR LF Q U I T LF, which no protocol begins with. */
export const signature = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a)

/** A connection's family and transport, TCP both. */
export const tcp4 = 0x11
export const tcp6 = 0x21
